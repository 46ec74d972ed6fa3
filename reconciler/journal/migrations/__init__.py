"""How the schema of a history came to be, one step a file; alembic runs them."""
