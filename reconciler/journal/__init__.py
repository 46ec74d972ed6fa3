"""The history: events that are kept in SQLite or PostgreSQL, chained by hashes, and what is remembered of them."""
