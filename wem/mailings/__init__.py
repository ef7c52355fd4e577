"""Composing, checking, previewing, scheduling mailings; expands an audience into delivery's rows; results."""
