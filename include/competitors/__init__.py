"""What competitors ask for the goods that we sell, too: reading their price lists and comparing."""
