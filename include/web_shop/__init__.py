"""The web shop's catalogue: what the store wants it to show, and in which order."""
