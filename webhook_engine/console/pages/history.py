"""
The history of the definitions: who changed what and when, and the way back.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.console import forms
from webhook_engine.console.paging import page_of
from webhook_engine.console.saving import Edit, save, table_of
from webhook_engine.console.tables import differences, position_of
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
    before = forms.whole(visit.asked("before"))
    size = _LOOKED_AT if name else visit.console.settings.page_rows
    found = await visit.console.store.definitions.documents(
        visit.console.tenant, limit=size + 1, before=before if isinstance(before, int) else None
    )
    page = page_of(found, size=size, key=lambda each: each[0].number)
    changes = await asyncio.to_thread(lambda: list(_changes(found, len(page.rows), kind, name)))
    current = (await visit.console.revision()).entry.number
    return visit.page(
        "history.html", kind=kind, name=name, changes=changes, after=page.after, current=current
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


def _changes(
    found: Sequence[tuple[RevisionEntry, str]], count: int, kind: str, name: str
) -> Iterator[Change]:
    """
    The first *count* revisions that changed something of that definition; of any, where it has no name.
    """
    tables = [_table(tomllib.loads(text), kind, name) for _, text in found] if name else []
    for index, (entry, _) in enumerate(found[:count]):
        if not name:
            yield Change(entry=entry, differences=())
            continue
        after = tables[index]
        # Before the first revision there was nothing.
        before = tables[index + 1] if index + 1 < len(tables) else None
        if before is None and index + 1 == len(tables) and entry.number > 1:
            continue
        if before != after:
            changed = differences(before or {}, after or {})
            yield Change(entry=entry, differences=changed, is_there=after is not None)


def _table(tree: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any] | None:
    tables = tree.get(kind, [])
    position = position_of(tables, name)
    return None if position is None else tables[position]
