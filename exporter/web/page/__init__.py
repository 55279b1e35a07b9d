"""The pages for people: pure functions turn views into words and shapes, templates show them."""
