"""The growth budget: which customers a month brought, lost and brought back."""
