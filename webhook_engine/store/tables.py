"""
The store's tables, the same on SQLite and PostgreSQL.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

if TYPE_CHECKING:
    from sqlalchemy import Dialect


class Instant(TypeDecorator[datetime]):
    """
    A moment in time, kept in UTC; SQLite keeps no zone beside it.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy passes it
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy passes it
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC)


Number = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number; SQLite gives numbers to rows by themselves in an INTEGER column alone, and all of its are big."""

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

tenant = Table(
    "tenant",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("current", Number, doc="number of the revision in force; none before the first"),
)

revision = Table(
    "revision",
    METADATA,
    Column("tenant_id", ForeignKey(tenant.c.id), primary_key=True),
    Column("number", Number, primary_key=True),
    Column("document", Text, nullable=False, doc="TOML, secrets as references only"),
    Column("folder", Text, nullable=False, doc="where its relative paths begin"),
    Column("saved_by", Text, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("note", Text, nullable=False),
    Column("restored_from", Number),
)

vault_secret = Table(
    "vault_secret",
    METADATA,
    Column("tenant_id", ForeignKey(tenant.c.id), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", Instant, nullable=False),
)

api_key = Table(
    "api_key",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("tenant_id", ForeignKey(tenant.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, doc="SHA-256 of the key"),
    Column("scopes", Text, nullable=False, doc="a JSON list; an empty one allows everything"),
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("removed_by", Text),
    Column("removed_at", Instant),
)
Index(
    "uq_api_key_in_force",
    api_key.c.tenant_id,
    api_key.c.name,
    unique=True,
    sqlite_where=text("removed_at IS NULL"),
    postgresql_where=text("removed_at IS NULL"),
)

pop = Table(
    "pop",
    METADATA,
    Column("tenant_id", ForeignKey(tenant.c.id), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("state", Text, nullable=False, doc="JSON"),
    Column("changed_at", Instant, nullable=False, index=True),
)

user = Table(
    "user",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("tenant_id", ForeignKey(tenant.c.id), nullable=False),
    Column("email", String(254), nullable=False, doc="in small letters"),
    Column("role", String(32), nullable=False),
    Column("extension", Text, nullable=False, doc="of the agent who they are; empty for none"),
    Column("password", Text, nullable=False, doc="argon2"),
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_sign_in_at", Instant),
    UniqueConstraint("tenant_id", "email"),
)

ended_session = Table(
    "ended_session",
    METADATA,
    Column("id", String(64), primary_key=True, doc="SHA-256 of what the session calls itself"),
    Column("until", Instant, nullable=False, doc="when its cookie would have run out"),
)

change = Table(
    "change",
    METADATA,
    Column("topic", String(32), primary_key=True),
    Column("number", Number, nullable=False),
)

# --- Dialer lists ------------------------------------------------------------------------------------

campaign = Table(
    "campaign",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("tenant_id", ForeignKey(tenant.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("labels", Text, nullable=False, doc="a JSON list of five"),
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("tenant_id", "name"),
)

campaign_agent = Table(
    "campaign_agent",
    METADATA,
    Column("tenant_id", ForeignKey(tenant.c.id), primary_key=True),
    Column("extension", Text, primary_key=True, doc="its number alone"),
    Column("campaign_id", ForeignKey(campaign.c.id), primary_key=True),
)

contact_list = Table(
    "contact_list",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("campaign_id", ForeignKey(campaign.c.id), nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("campaign_id", "name"),
)

feed = Table(
    "feed",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("tenant_id", ForeignKey(tenant.c.id), nullable=False),
    Column("list_id", ForeignKey(contact_list.c.id), nullable=False),
    Column("data_source", Text, nullable=False),
    Column("accepted", Number, nullable=False),
    Column("fed_at", Instant, nullable=False),
    Column("idempotency_key", Text),
    Column("digest", LargeBinary, doc="SHA-256 of what it held, where it has a key"),
    UniqueConstraint("tenant_id", "idempotency_key"),
)

dialer_contact = Table(
    "dialer_contact",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("feed_id", ForeignKey(feed.c.id), nullable=False, index=True),
    Column("campaign_id", Number, nullable=False, doc="its list's, so that one index leads to what is next"),
    Column("assigned_to", Text, nullable=False, doc="an extension's number; empty for any"),
    Column("priority", Number, nullable=False),
    Column("title", Text, nullable=False),
    Column("first_name", Text, nullable=False),
    Column("surname", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("phone_e164", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("custom1", Text, nullable=False),
    Column("custom2", Text, nullable=False),
    Column("custom3", Text, nullable=False),
    Column("custom4", Text, nullable=False),
    Column("custom5", Text, nullable=False),
    Column("crm_tag", Text, nullable=False),
    Column("handed_to", Text),
    Column("handed_at", Instant),
)
Index(
    "ix_dialer_contact_waiting",
    dialer_contact.c.campaign_id,
    dialer_contact.c.assigned_to,
    dialer_contact.c.priority,
    dialer_contact.c.id,
    sqlite_where=text("handed_at IS NULL"),
    postgresql_where=text("handed_at IS NULL"),
)
Index(
    "ix_dialer_contact_handed_out",
    dialer_contact.c.handed_at,
    sqlite_where=text("handed_at IS NOT NULL"),
    postgresql_where=text("handed_at IS NOT NULL"),
)

# --- The XML API -------------------------------------------------------------------------------------

contact = Table(
    "contact",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("tenant_id", ForeignKey(tenant.c.id), nullable=False),
    Column("first_name", Text, nullable=False),
    Column("surname", Text, nullable=False),
    Column("company", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("email", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_contact_of_tenant", contact.c.tenant_id, contact.c.id)

api_request = Table(
    "api_request",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("tenant_id", ForeignKey(tenant.c.id), nullable=False),
    Column("at", Instant, nullable=False),
    Column("key", Text),
    Column("action", Text, nullable=False),
    Column("took_s", Float, nullable=False),
    Column("outcome", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_api_request_of_tenant", api_request.c.tenant_id, api_request.c.id)
Index("ix_api_request_of_action", api_request.c.tenant_id, api_request.c.action, api_request.c.id)

# --- Recorded calls ----------------------------------------------------------------------------------

recorded_event = Table(
    "recorded_event",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("tenant_id", ForeignKey(tenant.c.id), nullable=False),
    Column("event_id", String(200), nullable=False),
    Column("at", Instant, nullable=False, doc="when it was recorded"),
    Column("bytes", Number, nullable=False, doc="of it and its responses"),
    Column("document", LargeBinary, nullable=False, doc="JSON, without secrets"),
    UniqueConstraint("tenant_id", "event_id"),
    sqlite_autoincrement=True,
)
Index("ix_recorded_event_of_tenant", recorded_event.c.tenant_id, recorded_event.c.id)

recorded_response = Table(
    "recorded_response",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("recorded_event_id", ForeignKey(recorded_event.c.id), nullable=False, index=True),
    Column("webhook", Text, nullable=False),
    Column("document", LargeBinary, nullable=False, doc="JSON, without secrets"),
    sqlite_autoincrement=True,
)

# --- Agents' screens ---------------------------------------------------------------------------------

board_step = Table(
    "board_step",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("tenant_id", ForeignKey(tenant.c.id), nullable=False),
    Column("at", Instant, nullable=False),
    Column("document", LargeBinary, nullable=False, doc="JSON"),
    sqlite_autoincrement=True,
)
Index("ix_board_step_of_tenant", board_step.c.tenant_id, board_step.c.id)

# --- What responses look like ------------------------------------------------------------------------

learnt = Table(
    "learnt",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("tenant_id", ForeignKey(tenant.c.id), nullable=False),
    Column("webhook", Text, nullable=False),
    Column("version", Number, nullable=False, doc="another one with every change, greater than the last"),
    Column("document", LargeBinary, nullable=False, doc="JSON"),
    UniqueConstraint("tenant_id", "webhook"),
    sqlite_autoincrement=True,
)
