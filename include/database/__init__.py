"""Engines, dialect differences and retries: the one place that knows which database it talks to."""
