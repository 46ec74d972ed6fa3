"""Examples for the pure core."""
