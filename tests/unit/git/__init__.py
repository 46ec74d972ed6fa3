"""Git as other hosts give it."""
