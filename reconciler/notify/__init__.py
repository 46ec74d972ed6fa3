"""Messages to people and to servers of theirs: through apprise, and by signed web hooks."""
