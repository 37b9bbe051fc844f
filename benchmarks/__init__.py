"""What `make bench` runs: modules print ratios measured side by side and write var/bench/<name>.json."""
