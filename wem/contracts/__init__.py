"""Contracts: course, legal items, what the contract permits, suspension and its lifting."""
