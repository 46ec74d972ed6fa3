"""Nouns: frozen values without I/O, shared by every other part of the package."""
