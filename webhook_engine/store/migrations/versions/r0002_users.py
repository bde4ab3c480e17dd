"""
Users of the Integration Centre.
"""

import sqlalchemy as sa
from alembic import op

from webhook_engine.store.tables import Instant, Number

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """
    From a store that only commands administer.
    """
    op.create_table(
        "user",
        sa.Column("id", Number, nullable=False),
        sa.Column("tenant_id", Number, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("extension", sa.Text, nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("last_sign_in_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_user_tenant_id"),
        sa.UniqueConstraint("tenant_id", "email", name="uq_user_tenant_id_email"),
    )
    op.execute("INSERT INTO change (topic, number) VALUES ('users', 0)")
