"""
What a feed with an idempotency key held.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """
    Of feeds that are there nobody knows any more what they held.
    """
    op.add_column("feed", sa.Column("digest", sa.LargeBinary))
