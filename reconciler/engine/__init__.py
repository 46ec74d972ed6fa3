"""Use cases: each drives ports and the core, and gives values or a stream of typed events."""
