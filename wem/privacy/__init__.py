"""Secrecy and personal data: disclosures, who looked at whose data, purposes, news to customers who want them."""
