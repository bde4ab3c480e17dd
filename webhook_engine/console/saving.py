"""
From a form to a new revision: nothing typed is lost, and nobody's change is overwritten unseen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.console.forms import errors_of
from webhook_engine.console.tables import Difference, differences, position_of, rename
from webhook_engine.definitions import Definitions, Group, read_tree, tree_of_definitions, without
from webhook_engine.definitions.files import without_literals
from webhook_engine.definitions.tree import tree_of, tree_of_tenant
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
    console.check_editable()
    for _ in range(_TRIES):
        revision = await console.revision()
        if conflict := await _conflict(
            console, revision, edit.kind, edit.name, edit.based_on, owns=edit.owns
        ):
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
    console.check_editable()
    for _ in range(_TRIES):
        revision = await console.revision()
        tree = tree_of_definitions(revision.definitions)
        entry = alter(tree)
        saving = await _save(console, revision, tree, by=by, note=note, entry=entry)
        if saving is not None:
            return saving
    return _CROWDED


async def delete(console: Console, kind: str, name: str, *, by: str, based_on: int = 0) -> Saving:
    """
    Leave one definition out of those in force.

    Args:
        based_on: The revision in which it was looked at; what somebody made of it since is a conflict. Not asked
            where 0.

    Raises:
        DefinitionInUse: Something refers to it; all of that is named.
        NotFound: There is none of that name.
    """
    console.check_editable()
    for _ in range(_TRIES):
        revision = await console.revision()
        if conflict := await _conflict(console, revision, kind, name, based_on):
            return Saving(conflict=conflict)
        smaller = without(revision.definitions, kind, name)
        with suppress(StoreConflict):
            return await _saved(console, revision, smaller, by=by, note=f"deleted {kind} {name}")
    return _CROWDED


def drafted(revision: Revision, edit: Edit) -> tuple[Definitions, Definitions, Mapping[str, Sequence[str]]]:
    """
    The definitions in force, and what saving *edit* would make of them; nothing is saved.

    Secrets that stand in either are references in both, so that nothing else tells them apart.

    Returns:
        Both, and errors by the form's fields; where there are any, the second is the first.
    """
    folder = revision.definitions.folder
    tree = tree_of_definitions(revision.definitions)
    now = read_tree(tree, folder=folder)
    entry = _put(tree, edit)
    try:
        return now, read_tree(tree, folder=folder), {}
    except DefinitionError as error:
        return now, now, errors_of(error.problems, entry)


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


def table_of(revision: Revision, kind: str, name: str) -> Table | None:
    """
    The definition of that name as a table of its file; None where there is none.
    """
    definitions = revision.definitions
    if kind == TENANT:
        head = tree_of_tenant(
            definitions.tenant,
            allowed_networks=definitions.allowed_networks,
            silence=sorted(definitions.silence),
        )
        return dict(head)
    key = "extension" if kind == "agent" else "name"
    found = (each for each in getattr(definitions, f"{kind}s") if name and getattr(each, key) == name)
    one = next(found, None)
    if one is None:
        return None
    table: Table = tree_of(without_literals(one) if isinstance(one, Group) else one)  # type: ignore[assignment]  # a table
    return table


async def _conflict(
    console: Console,
    revision: Revision,
    kind: str,
    name: str,
    based_on: int,
    *,
    owns: frozenset[str] | None = None,
) -> Conflict | None:
    """
    What somebody else made of the same definition since it was read; None where they left it alone.

    Args:
        owns: The keys that count; all where None.
    """
    if not name or based_on == revision.entry.number:
        return None
    now = table_of(revision, kind, name)
    try:
        base = await console.store.definitions.load(console.tenant, based_on)
    except (NotFound, DefinitionError):
        return None
    then = table_of(base, kind, name)
    if now is None:
        return Conflict(entry=revision.entry, differences=(), is_gone=True)
    keys = {*(then or {}), *now} if owns is None else owns
    owned = [{key: table.get(key) for key in keys} for table in (then or {}, now)]
    found = differences(*owned)
    return Conflict(entry=revision.entry, differences=found) if found else None
