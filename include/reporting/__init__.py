"""Reports and mails: their words and pictures, the page that is kept, and the way to the mail server."""
