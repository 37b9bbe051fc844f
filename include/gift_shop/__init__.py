"""The gift shop's sales warehouse: deliveries of transactions, a star schema, RFM and monthly figures."""
