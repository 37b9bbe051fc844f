"""The mail that tells the sales staff who asked for a landscape design."""
