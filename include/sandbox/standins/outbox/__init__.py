"""The outbox: a page that shows what the vendors received."""
