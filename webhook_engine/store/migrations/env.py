"""
How Alembic runs the store's migrations: on the connection it is given, inside its transaction.
"""

from alembic import context

from webhook_engine.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
