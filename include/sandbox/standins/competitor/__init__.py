"""A competitor's web site with a price list for its customers, as awkward as such sites are."""
