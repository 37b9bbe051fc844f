"""Stand-ins for the vendors: servers that speak the real protocols and keep what they receive."""
