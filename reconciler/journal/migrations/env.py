"""What alembic runs to migrate: the steps, in the transaction of whoever asks (`journal.schema`)."""

from __future__ import annotations

from alembic import context

from reconciler.journal.tables import VERSIONS

config = getattr(context, "config", None)
if config is not None:  # alembic runs it, and does not just import it
    context.configure(connection=config.attributes["connection"], version_table=VERSIONS.name)
    with context.begin_transaction():
        context.run_migrations()
