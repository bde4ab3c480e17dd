"""
Before a webhook is saved: what that would change about the calls that were recorded last.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from webhook_engine.console.pages import webhooks
from webhook_engine.console.saving import Edit, drafted, table_of
from webhook_engine.errors import InvalidCall, UnknownVariable
from webhook_engine.testing.replay import Recorded, replay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from webhook_engine.console.visit import Visit
    from webhook_engine.store.revisions import Revision
    from webhook_engine.testing.replay import Change

LAST: Final = 100
"""Calls that are played."""

_SHOWN: Final = 20
"""Of many changes, so many are shown in full."""


async def show(visit: Visit) -> web.StreamResponse:
    """
    Every difference that saving the form as it stands would make; nothing is sent and nothing is saved.
    """
    recorded = await _recorded(visit)
    if not recorded:
        return visit.fragment("_replay.html", events=0, changes=(), counts=(), errors={}, hidden=0)
    revision = await visit.console.revision()
    edit = _edit(visit, revision)
    changes, errors = await asyncio.to_thread(_replayed, revision, edit, recorded)
    counts = sorted(Counter((each.webhook, each.what) for each in changes).items())
    return visit.fragment(
        "_replay.html",
        events=len(recorded),
        changes=changes[:_SHOWN],
        hidden=len(changes[_SHOWN:]),
        counts=counts,
        errors=errors,
    )


async def _recorded(visit: Visit) -> list[Recorded]:
    """
    Those that can still be read: a variable may have gone since.
    """
    found = []
    for each in await visit.console.store.recordings.last(visit.console.tenant, LAST):
        try:
            found.append(Recorded.from_json(each))
        except (InvalidCall, UnknownVariable):
            continue
    return found


def _edit(visit: Visit, revision: Revision) -> Edit:
    name, table = visit.given("was"), webhooks.read(visit)
    view = (table_of(revision, "webhook", visit.given("copied")) or {}).get("view") if not name else None
    return Edit(
        kind="webhook",
        name=name,
        table={**table, "view": view} if view else table,
        owns=webhooks.OWNS,
        based_on=revision.entry.number,
        by=visit.who.email,
    )


def _replayed(
    revision: Revision, edit: Edit, recorded: Sequence[Recorded]
) -> tuple[tuple[Change, ...], Mapping[str, Sequence[str]]]:
    """
    In a thread of its own, with a loop of its own: it takes as long as a hundred calls take.
    """
    now, then, errors = drafted(revision, edit)
    if errors:
        return (), errors
    return asyncio.run(replay(then, recorded, against=now)), {}
