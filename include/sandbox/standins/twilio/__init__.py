"""The Twilio stand-in: one module per resource."""
