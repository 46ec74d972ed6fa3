"""Examples, one module at a time."""
