"""Runs the migrations on the connection that `werknetz_core.migrate` hands over."""

from alembic import context

from werknetz.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
