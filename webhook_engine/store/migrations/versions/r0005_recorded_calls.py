"""
Recorded calls.
"""

import sqlalchemy as sa
from alembic import op

from webhook_engine.store.tables import Instant, Number

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """
    New tables alone; nothing that is there changes.
    """
    op.create_table(
        "recorded_event",
        sa.Column("id", Number, nullable=False),
        sa.Column("tenant_id", Number, nullable=False),
        sa.Column("event_id", sa.String(200), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("bytes", Number, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recorded_event"),
        sa.UniqueConstraint("tenant_id", "event_id", name="uq_recorded_event_tenant_id_event_id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_recorded_event_tenant_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_recorded_event_of_tenant", "recorded_event", ["tenant_id", "id"])
    op.create_table(
        "recorded_response",
        sa.Column("id", Number, nullable=False),
        sa.Column("recorded_event_id", Number, nullable=False),
        sa.Column("webhook", sa.Text, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recorded_response"),
        sa.ForeignKeyConstraint(
            ["recorded_event_id"], ["recorded_event.id"], name="fk_recorded_response_recorded_event_id"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_recorded_response_recorded_event_id", "recorded_response", ["recorded_event_id"])
