"""Bounces and complaints: read, classed, matched to their delivery, counted; who is removed for them."""
