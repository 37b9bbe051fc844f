"""The reports on the store's business: sections computed as data, and the mails and files made of them."""
