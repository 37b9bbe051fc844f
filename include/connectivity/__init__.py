"""Whether the internet and the systems that the automations use can be reached."""
