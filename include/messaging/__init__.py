"""Text messages to customers: whom, when, how often, how long, and what a refusal means."""
