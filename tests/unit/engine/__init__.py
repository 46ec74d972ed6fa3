"""Examples for the use cases, against a platform in memory."""
