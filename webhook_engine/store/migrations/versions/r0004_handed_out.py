"""
Contacts that were handed out, by when, and those of a feed: what forgetting them looks for.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """
    Indexes alone; nothing that is there changes.
    """
    out = sa.text("handed_at IS NOT NULL")
    op.create_index(
        "ix_dialer_contact_handed_out",
        "dialer_contact",
        ["handed_at"],
        sqlite_where=out,
        postgresql_where=out,
    )
    op.create_index("ix_dialer_contact_feed_id", "dialer_contact", ["feed_id"])
