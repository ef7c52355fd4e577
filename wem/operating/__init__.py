"""Work that our staff do for a customer on its order (運用代行, 9-4)."""
