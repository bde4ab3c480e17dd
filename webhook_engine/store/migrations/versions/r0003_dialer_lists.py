"""
Dialer lists, the address book, and the log of API requests.
"""

import sqlalchemy as sa
from alembic import op

from webhook_engine.store.tables import Instant, Number

revision = "0003"
down_revision = "0002"

_TEXTS = ("title", "first_name", "surname", "address", "email", "phone", "phone_e164", "notes", "language")
_MORE_TEXTS = ("custom1", "custom2", "custom3", "custom4", "custom5", "crm_tag")


def upgrade() -> None:
    """
    New tables alone; nothing that is there changes.
    """
    _dialer_lists()
    op.create_table(
        "contact",
        _number("id"),
        _number("tenant_id"),
        *_texts("first_name", "surname", "company", "phone", "email"),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
        _refers("contact", "tenant_id", "tenant"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_contact_of_tenant", "contact", ["tenant_id", "id"])
    op.create_table(
        "api_request",
        _number("id"),
        _number("tenant_id"),
        sa.Column("at", Instant, nullable=False),
        sa.Column("key", sa.Text),
        *_texts("action"),
        sa.Column("took_s", sa.Float, nullable=False),
        *_texts("outcome"),
        sa.PrimaryKeyConstraint("id", name="pk_api_request"),
        _refers("api_request", "tenant_id", "tenant"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_api_request_of_tenant", "api_request", ["tenant_id", "id"])


def _dialer_lists() -> None:
    op.create_table(
        "campaign",
        _number("id"),
        _number("tenant_id"),
        *_texts("name", "labels", "created_by"),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaign"),
        sa.UniqueConstraint("tenant_id", "name", name="uq_campaign_tenant_id_name"),
        _refers("campaign", "tenant_id", "tenant"),
    )
    op.create_table(
        "campaign_agent",
        _number("tenant_id"),
        *_texts("extension"),
        _number("campaign_id"),
        sa.PrimaryKeyConstraint("tenant_id", "extension", "campaign_id", name="pk_campaign_agent"),
        _refers("campaign_agent", "tenant_id", "tenant"),
        _refers("campaign_agent", "campaign_id", "campaign"),
    )
    op.create_table(
        "contact_list",
        _number("id"),
        _number("campaign_id"),
        *_texts("name"),
        sa.PrimaryKeyConstraint("id", name="pk_contact_list"),
        sa.UniqueConstraint("campaign_id", "name", name="uq_contact_list_campaign_id_name"),
        _refers("contact_list", "campaign_id", "campaign"),
    )
    op.create_table(
        "feed",
        _number("id"),
        _number("tenant_id"),
        _number("list_id"),
        *_texts("data_source"),
        _number("accepted"),
        sa.Column("fed_at", Instant, nullable=False),
        sa.Column("idempotency_key", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_feed"),
        sa.UniqueConstraint("tenant_id", "idempotency_key", name="uq_feed_tenant_id_idempotency_key"),
        _refers("feed", "tenant_id", "tenant"),
        _refers("feed", "list_id", "contact_list"),
    )
    op.create_table(
        "dialer_contact",
        _number("id"),
        _number("feed_id"),
        _number("campaign_id"),
        *_texts("assigned_to"),
        _number("priority"),
        *_texts(*_TEXTS, *_MORE_TEXTS),
        sa.Column("handed_to", sa.Text),
        sa.Column("handed_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_dialer_contact"),
        _refers("dialer_contact", "feed_id", "feed"),
    )
    waiting = sa.text("handed_at IS NULL")
    op.create_index(
        "ix_dialer_contact_waiting",
        "dialer_contact",
        ["campaign_id", "assigned_to", "priority", "id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, Number, nullable=False)


def _texts(*names: str) -> tuple[sa.Column[str], ...]:
    return tuple(sa.Column(name, sa.Text, nullable=False) for name in names)


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}")
