"""Saved conditions over a customer's readers: what they say, whom they fit, how many that are."""
