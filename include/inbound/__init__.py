"""What Twilio tells the house: what became of a text, and what customers answered."""
