"""What has been counted: pure rules, and the store that makes them durable."""
