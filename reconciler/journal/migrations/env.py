"""What alembic runs to migrate: the steps, in the transaction of whoever asks (`journal.schema`)."""

from __future__ import annotations

from alembic import context

from reconciler.journal.tables import VERSIONS

context.configure(connection=context.config.attributes["connection"], version_table=VERSIONS.name)
with context.begin_transaction():
    context.run_migrations()
