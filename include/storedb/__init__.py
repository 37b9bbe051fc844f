"""Our own tables, on MySQL in the store: what was sent, what was changed, what ran, what was published."""
