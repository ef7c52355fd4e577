"""What every screen needs and no domain owns."""
