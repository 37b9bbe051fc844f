"""What is kept for how long: files, logs and rows of the store database."""
