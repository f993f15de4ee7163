"""Alembic's entry: runs inside the transaction that ``core.store.engine.migrate`` opened."""

from alembic import context

from core.store.columns import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
