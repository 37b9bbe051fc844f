"""The stand-in of the NCR Counterpoint API: one module per resource."""
