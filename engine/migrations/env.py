"""How Alembic runs the scripts: on the connection that ``migrate`` opened, in its transaction."""

from alembic import context

from engine.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,  # ``migrate`` has begun the transaction, and commits it
)
context.run_migrations()
