"""
What happens to agents' screens, for the processes that share a database.
"""

import sqlalchemy as sa
from alembic import op

from webhook_engine.store.tables import Instant, Number

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """
    A new table alone; nothing that is there changes.
    """
    op.create_table(
        "board_step",
        sa.Column("id", Number, nullable=False),
        sa.Column("tenant_id", Number, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_board_step"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_board_step_tenant_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_board_step_of_tenant", "board_step", ["tenant_id", "id"])
