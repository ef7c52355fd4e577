"""Mailing lists, fields, subscribers, consent, suppression, uploads, and the count of registered addresses."""
