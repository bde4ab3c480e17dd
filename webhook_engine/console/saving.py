"""
From a form to a new revision: nothing typed is lost, and nobody's change is overwritten unseen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.console.forms import errors_of
from webhook_engine.definitions import Definitions, read_tree, tree_of_definitions, without
from webhook_engine.errors import DefinitionError, NotFound, SettingsError, StoreConflict, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.console.forms import Table
    from webhook_engine.console.state import Console
    from webhook_engine.store.revisions import Revision, RevisionEntry

_TRIES: Final = 5

TENANT: Final = "tenant"
"""The kind and the name of the tenant's own table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """
    One field that is not what it was.
    """

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """
    Somebody else saved the same thing meanwhile.
    """

    entry: RevisionEntry
    """The revision that is in force now."""

    differences: Sequence[Difference]
    """What they changed; nothing where they deleted it."""

    is_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """
    What came of saving a form.
    """

    entry: RevisionEntry | None = None
    """The revision in force now; None where nothing was saved."""

    is_new: bool = False
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    conflict: Conflict | None = None


_CROWDED: Final = Saving(errors={"": ["others are saving all the time; nothing was saved, try again"]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """
    A change of one definition.
    """

    kind: str
    """`group`, `webhook`, `rule` or `agent`: its key in a file; or `TENANT`, of which there is one."""

    name: str
    """What it was called when it was read; empty for a new one."""

    table: Table
    """What the form says."""

    owns: frozenset[str]
    """The keys that the form speaks of; others stay as they are."""

    based_on: int
    by: str
    note: str = ""


async def save(console: Console, edit: Edit) -> Saving:
    """
    Put one definition into those in force, as a new revision.
    """
    for _ in range(_TRIES):
        revision = await console.revision()
        if conflict := await _conflict(console, revision, edit):
            return Saving(conflict=conflict)
        tree = tree_of_definitions(revision.definitions)
        entry = _put(tree, edit)
        saving = await _save(console, revision, tree, by=edit.by, note=edit.note, entry=entry)
        if saving is not None:
            return saving
    return _CROWDED


async def change(console: Console, alter: Callable[[dict[str, Any]], str], *, by: str, note: str) -> Saving:
    """
    Alter the tree of the definitions in force, and save that as a new revision.

    Args:
        alter: Changes the tree it is given, and says to which entry of it errors belong (`group[2].member[1]`).
    """
    for _ in range(_TRIES):
        revision = await console.revision()
        tree = tree_of_definitions(revision.definitions)
        entry = alter(tree)
        saving = await _save(console, revision, tree, by=by, note=note, entry=entry)
        if saving is not None:
            return saving
    return _CROWDED


async def delete(console: Console, kind: str, name: str, *, by: str) -> Saving:
    """
    Leave one definition out of those in force.

    Raises:
        DefinitionInUse: Something refers to it; all of that is named.
        NotFound: There is none of that name.
    """
    for _ in range(_TRIES):
        revision = await console.revision()
        smaller = without(revision.definitions, kind, name)
        with suppress(StoreConflict):
            return await _saved(console, revision, smaller, by=by, note=f"deleted {kind} {name}")
    return _CROWDED


async def _save(
    console: Console, revision: Revision, tree: Mapping[str, Any], *, by: str, note: str, entry: str
) -> Saving | None:
    """
    What came of it; None where somebody was faster.
    """
    try:
        definitions = await asyncio.to_thread(read_tree, tree, folder=revision.definitions.folder)
        return await _saved(console, revision, definitions, by=by, note=note)
    except DefinitionError as error:
        return Saving(errors=errors_of(error.problems, entry))
    except StoreConflict:
        return None
    except (SettingsError, StoreError) as error:
        return Saving(errors={"": [str(error)]})


async def _saved(
    console: Console, revision: Revision, definitions: Definitions, *, by: str, note: str
) -> Saving:
    saved = await console.store.definitions.save(
        console.tenant, definitions, by=by, note=note, based_on=revision.entry.number
    )
    return Saving(entry=saved.entry, is_new=saved.is_new)


def _put(tree: dict[str, Any], edit: Edit) -> str:
    """
    Puts the form's table in its place in *tree*, and says which that is: `webhook[3]`.
    """
    if edit.kind == TENANT:
        tree[TENANT] = _merged(tree.get(TENANT, {}), edit)
        return TENANT
    tables: list[Table] = tree.setdefault(edit.kind, [])
    position = position_of(tables, edit.name)
    if position is None:
        tables.append(dict(edit.table))
        return f"{edit.kind}[{len(tables)}]"
    tables[position] = _merged(tables[position], edit)
    name = edit.table.get("name")
    if edit.name and isinstance(name, str) and name and name != edit.name:
        rename(tree, edit.kind, edit.name, name)
    return f"{edit.kind}[{position + 1}]"


def _merged(before: Mapping[str, Any], edit: Edit) -> Table:
    return {**{key: value for key, value in before.items() if key not in edit.owns}, **edit.table}


def position_of(tables: Sequence[Mapping[str, Any]], name: str) -> int | None:
    """
    Where the definition called *name* stands, or the agent or member of that extension; None where it does not.
    """
    found = (
        index
        for index, table in enumerate(tables)
        if name and name == table.get("extension", table.get("name"))
    )
    return next(found, None)


def table_of(revision: Revision, kind: str, name: str) -> Table | None:
    """
    The definition of that name as a table of its file; None where there is none.
    """
    tree: dict[str, Any] = tree_of_definitions(revision.definitions)
    if kind == TENANT:
        return dict(tree.get(TENANT, {}))
    tables: list[Table] = tree.get(kind, [])
    position = position_of(tables, name)
    return None if position is None else tables[position]


def rename(tree: Mapping[str, Any], kind: str, old: str, new: str) -> None:
    """
    Let everything that refers to a group or a webhook go on referring to it under its new name.
    """
    for holder, key in _references(tree, kind):
        value = holder[key]
        if isinstance(value, list):
            holder[key] = [new if each == old else each for each in value]
        elif value == old:
            holder[key] = new


def _references(tree: Mapping[str, Any], kind: str) -> Iterator[tuple[dict[str, Any], str]]:
    """
    Every place that can name a definition of that kind.
    """
    for webhook in tree.get("webhook", ()):
        if kind == "group" and "group" in webhook:
            yield webhook, "group"
        if kind == "webhook":
            columns = webhook.get("view", {}).get("column", ())
            yield from ((column, "link") for column in columns if "link" in column)
    if kind != "webhook":
        return
    for rule in tree.get("rule", ()):
        if "webhooks" in rule:
            yield rule, "webhooks"
        for then in rule.get("then", ()):
            yield from ((then, key) for key in ("webhook", "after") if key in then)
    for test in tree.get("test", ()):
        yield from ((expect, "webhook") for expect in test.get("expect", ()))


async def _conflict(console: Console, revision: Revision, edit: Edit) -> Conflict | None:
    """
    What somebody else made of the same definition since it was read; None where they left it alone.
    """
    if not edit.name or edit.based_on == revision.entry.number:
        return None
    now = table_of(revision, edit.kind, edit.name)
    try:
        base = await console.store.definitions.load(console.tenant, edit.based_on)
    except (NotFound, DefinitionError):
        return None
    then = table_of(base, edit.kind, edit.name)
    if now is None:
        return Conflict(entry=revision.entry, differences=(), is_gone=True)
    owned = [{key: table.get(key) for key in edit.owns} for table in (then or {}, now)]
    found = differences(*owned)
    return Conflict(entry=revision.entry, differences=found) if found else None


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """
    Field by field what is not the same, in the order of the later table.
    """
    old, new = dict(_flat(before)), dict(_flat(after))
    return tuple(
        Difference(path=path, before=old.get(path, ""), after=new.get(path, ""))
        for path in dict.fromkeys([*new, *old])
        if old.get(path) != new.get(path)
    )


def _flat(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, each in enumerate(value, start=1):
            yield from _flat(each, f"{path}[{index}]")
    elif value is not None:
        yield path, str(value)
