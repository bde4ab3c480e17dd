"""
The history of the definitions: who changed what and when, and the way back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from webhook_engine.console import forms
from webhook_engine.console.meanwhile import seen_in
from webhook_engine.console.paging import Page, page_of
from webhook_engine.console.pieces import piece_of, table_in
from webhook_engine.console.saving import Edit, save, table_of
from webhook_engine.console.tables import differences
from webhook_engine.errors import NotFound

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.console.tables import Difference
    from webhook_engine.console.visit import Visit
    from webhook_engine.store.revisions import RevisionEntry

_LOOKED_AT: Final = 200
"""Revisions that are compared for one page."""

_KINDS: Final = ("group", "webhook", "rule")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    What one revision changed.
    """

    entry: RevisionEntry
    differences: Sequence[Difference]

    is_there: bool = True
    """Whether the definition was there afterwards."""


async def history(visit: Visit) -> web.StreamResponse:
    """
    All revisions, or those that changed one definition (`?webhook=`, `?group=`, `?rule=`).
    """
    kind, name = next(((kind, visit.asked(kind)) for kind in _KINDS if visit.asked(kind)), ("", ""))
    stated = forms.whole(visit.asked("before"))
    before = stated if isinstance(stated, int) else None
    page = await (_of_one(visit, kind, name, before) if name else _of_all(visit, before))
    current = (await visit.console.revision()).entry.number
    return visit.page(
        "history.html",
        kind=kind,
        name=name,
        changes=page.rows,
        after=page.after,
        current=current,
        is_later=before is not None,
    )


async def restore(visit: Visit) -> web.StreamResponse:
    """
    Bring a revision back, or one definition as it was in it; as a new revision.
    """
    visit.console.check_editable()
    number = forms.whole(visit.given("number"))
    if not isinstance(number, int):
        raise NotFound("revision", visit.given("number"))
    kind, name = visit.given("kind"), visit.given("name")
    in_force = (await visit.console.revision()).entry
    if seen_in(visit) not in (0, in_force.number):
        where = {kind: name} if kind in _KINDS else {}
        return visit.go(
            "history",
            warn=f"Nothing was restored: {in_force.saved_by} saved revision {in_force.number} meanwhile. See whether "
            "it is still meant.",
            **where,
        )
    if kind not in _KINDS:
        note = f"restored revision {number}"
        saved = await visit.console.store.definitions.restore(
            visit.console.tenant, number, by=visit.who.email, note=note
        )
        return visit.go(
            "history", say=f"Revision {number} is in force again, as revision {saved.entry.number}."
        )
    then = table_of(await visit.console.store.definitions.load(visit.console.tenant, number), kind, name)
    revision = await visit.console.revision()
    now = table_of(revision, kind, name)
    if then is None:
        raise NotFound(kind, name)
    saving = await save(
        visit.console,
        Edit(
            kind=kind,
            name=name if now is not None else "",
            table=then,
            owns=frozenset({*then, *(now or {})}),
            based_on=revision.entry.number,
            by=visit.who.email,
            note=f"restored {kind} {name} from revision {number}",
        ),
    )
    if saving.entry is None:
        problems = "; ".join(message for messages in saving.errors.values() for message in messages)
        return visit.go(
            "history",
            warn=f"It cannot be restored as it was: {problems or 'others saved meanwhile'}",
            **{kind: name},
        )
    return visit.go(
        "history",
        say=f"{name} is as it was in revision {number}, as revision {saving.entry.number}.",
        **{kind: name},
    )


async def _of_all(visit: Visit, before: int | None) -> Page[Change]:
    size = visit.console.settings.page_rows
    found = await visit.console.store.definitions.history(visit.console.tenant, limit=size + 1, before=before)
    page = page_of(found, size=size, key=lambda entry: entry.number)
    return Page(rows=[Change(entry=entry, differences=()) for entry in page.rows], after=page.after)


async def _of_one(visit: Visit, kind: str, name: str, before: int | None) -> Page[Change]:
    found = await visit.console.store.definitions.pieces(
        visit.console.tenant,
        partial(piece_of, kind=kind, name=name),
        limit=_LOOKED_AT + 1,
        before=before,
    )
    page = page_of(found, size=_LOOKED_AT, key=lambda each: each[0].number)
    changes = await asyncio.to_thread(lambda: list(_changes(found, len(page.rows), kind)))
    return Page(rows=changes, after=page.after)


def _changes(found: Sequence[tuple[RevisionEntry, str]], count: int, kind: str) -> Iterator[Change]:
    """
    Those of the first *count* revisions that changed the piece which they are told with.
    """
    # Before the first revision there was nothing.
    for (entry, after), (_, before) in pairwise([*found, (None, "")][: count + 1]):
        if before != after and entry is not None:
            changed = differences(table_in(before, kind), table_in(after, kind))
            yield Change(entry=entry, differences=changed, is_there=bool(after))
