"""
Definitions, vault, API keys and pops.
"""

import sqlalchemy as sa
from alembic import op

from webhook_engine.store.tables import Instant, Number

revision = "0001"
down_revision = None


def upgrade() -> None:
    """
    From nothing.
    """
    op.create_table(
        "tenant",
        sa.Column("id", Number, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("current", Number),
        sa.PrimaryKeyConstraint("id", name="pk_tenant"),
        sa.UniqueConstraint("name", name="uq_tenant_name"),
    )
    op.create_table(
        "revision",
        _tenant(),
        sa.Column("number", Number, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("saved_by", sa.Text, nullable=False),
        sa.Column("saved_at", Instant, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("restored_from", Number),
        sa.PrimaryKeyConstraint("tenant_id", "number", name="pk_revision"),
        _of_tenant("revision"),
    )
    op.create_table(
        "vault_secret",
        _tenant(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("set_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name="pk_vault_secret"),
        _of_tenant("vault_secret"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(16), nullable=False),
        _tenant(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("last_used_at", Instant),
        sa.Column("removed_by", sa.Text),
        sa.Column("removed_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        _of_tenant("api_key"),
    )
    in_force = sa.text("removed_at IS NULL")
    op.create_index(
        "uq_api_key_in_force",
        "api_key",
        ["tenant_id", "name"],
        unique=True,
        sqlite_where=in_force,
        postgresql_where=in_force,
    )
    op.create_table(
        "pop",
        _tenant(),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", name="pk_pop"),
        _of_tenant("pop"),
    )
    op.create_index("ix_pop_changed_at", "pop", ["changed_at"])
    change = op.create_table(
        "change",
        sa.Column("topic", sa.String(32), nullable=False),
        sa.Column("number", Number, nullable=False),
        sa.PrimaryKeyConstraint("topic", name="pk_change"),
    )
    op.bulk_insert(change, [{"topic": topic, "number": 0} for topic in ("definitions", "vault", "keys")])


def _tenant() -> sa.Column[int]:
    return sa.Column("tenant_id", Number, nullable=False)


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=f"fk_{table}_tenant_id")
