"""Notices to customers (Art. 22): by mail or letter, announcements, incidents and maintenance."""
