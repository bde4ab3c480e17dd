"""
What responses look like, for all processes that look at them.
"""

import sqlalchemy as sa
from alembic import op

from webhook_engine.store.tables import Number

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """
    A new table alone; nothing that is there changes.
    """
    op.create_table(
        "learnt",
        sa.Column("id", Number, nullable=False),
        sa.Column("tenant_id", Number, nullable=False),
        sa.Column("webhook", sa.Text, nullable=False),
        sa.Column("version", Number, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_learnt"),
        sa.UniqueConstraint("tenant_id", "webhook", name="uq_learnt_tenant_id_webhook"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_learnt_tenant_id"),
        sqlite_autoincrement=True,
    )
