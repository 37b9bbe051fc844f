"""Off-site backups: what is saved, how it is stored and checked, what is kept, and bringing it back."""
