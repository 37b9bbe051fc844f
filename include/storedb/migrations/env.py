"""Runs the migrations on the connection that `include.storedb.migrate` hands over."""

from alembic import context

from include.storedb.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table="retail_ops_version",
    transaction_per_migration=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
