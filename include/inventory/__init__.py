"""What is in stock, published for customers."""
