"""What the internet tells the house: Twilio of texts and their answers, visitors through the web forms."""
