"""The store's customers: who they are and what is handed on about them."""
