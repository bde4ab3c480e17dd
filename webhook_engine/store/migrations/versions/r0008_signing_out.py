"""
Sessions that ended before their time, and the log of API requests by action.
"""

import sqlalchemy as sa
from alembic import op

from webhook_engine.store.tables import Instant

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """
    A new table, and an index that leads to an action's requests, however rare it is.
    """
    op.create_table(
        "ended_session",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("until", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ended_session"),
    )
    op.create_index("ix_api_request_of_action", "api_request", ["tenant_id", "action", "id"])
