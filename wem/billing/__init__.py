"""Billing: what contracts owe, arrears, suspension for non-payment and its lifting."""
