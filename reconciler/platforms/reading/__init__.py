"""What the platforms do alike when they read: pages, listings, proofs, columns, and what `doctor` examines."""
