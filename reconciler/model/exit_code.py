"""How commands end. Usage errors are 64, and a signal that ends a command is 128 and its number."""

DONE = 0
ERROR = 1
"""Something is wrong, or could not be read, and nothing was sent."""
CHANGES = 2
"""There are changes that were not made."""
NOTHING_SENT = 3
"""A limit forbids the changes, or all of them are stale."""
INCOMPLETE = 4
"""Something was sent, or may have been, and not all came to a good end."""
UNAVAILABLE = 5
"""A version or workload that the manifests ask for is not available, or could not be looked up."""
