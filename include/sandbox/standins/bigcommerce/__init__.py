"""The BigCommerce stand-in: one module per resource."""
