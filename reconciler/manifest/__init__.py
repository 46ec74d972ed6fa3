"""Adapter: YAML files ↔ kinds. Reads, converts, checks and writes manifests, and knows where every value stands."""
