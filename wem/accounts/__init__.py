"""Customers, their people, staff and partners; signing in."""
