"""Requests for a landscape design, and the customers that they become."""
