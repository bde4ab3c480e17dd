"""
What a feed is in the store: its list, what it held, and whether it was here before.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import orjson
from sqlalchemy import select

from webhook_engine.errors import FeedConflict, NotFound
from webhook_engine.store import tables
from webhook_engine.store.facts import Feed
from webhook_engine.store.work import id_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

OWN: Final = (
    *("title", "first_name", "surname", "address", "email", "phone", "phone_e164", "notes", "language"),
    *("crm_tag", "assigned_to"),
)
"""Columns that are called like the fields of a contact."""

values: Final = attrgetter(*OWN)

_feed = tables.feed


def digest_of(feed: Feed) -> bytes | None:
    """
    What makes a feed with a key the same as another: all that it says, but for what follows from a number's country.
    """
    if feed.idempotency_key is None:
        return None
    contacts = [(*values(replace(each, phone_e164="")), *each.custom) for each in feed.contacts]
    said = (feed.campaign, feed.list_name, feed.priority, feed.data_source, contacts)
    return hashlib.sha256(orjson.dumps(said)).digest()


async def accepted(connection: AsyncConnection, feed: Feed, digest: bytes | None) -> int | None:
    """
    What was accepted under the feed's idempotency key; None where nothing was.

    Raises:
        FeedConflict: It was another feed.
    """
    if feed.idempotency_key is None:
        return None
    found = await connection.execute(
        select(_feed.c.accepted, _feed.c.digest).where(
            _feed.c.tenant_id == id_of(feed.tenant), _feed.c.idempotency_key == feed.idempotency_key
        )
    )
    row = found.first()
    if row is None:
        return None
    if row.digest not in {None, digest}:
        raise FeedConflict(feed.idempotency_key)
    return int(row.accepted)


async def list_of(connection: AsyncConnection, feed: Feed) -> tuple[int, int, int]:
    """
    Raises:
        NotFound: The tenant has no such campaign, or that no such list.
    """
    campaigns, lists = tables.campaign, tables.contact_list
    found = await connection.execute(
        select(campaigns.c.id, lists.c.id, campaigns.c.tenant_id)
        .join_from(campaigns, lists)
        .where(
            campaigns.c.tenant_id == id_of(feed.tenant),
            campaigns.c.name == feed.campaign,
            lists.c.name == feed.list_name,
        )
    )
    row = found.first()
    if row is None:
        raise NotFound("list", f"{feed.campaign}/{feed.list_name}")
    return row[0], row[1], row[2]
