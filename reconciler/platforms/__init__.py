"""The platforms, a folder each, all behind `ports.Platform`; beside them the one HTTP client and the registry."""
