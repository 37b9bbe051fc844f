"""Text campaigns: who gets which words, when, and until when their coupons are good."""
