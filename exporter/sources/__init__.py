"""Knowledge of products, one file each, and the only list of them."""
