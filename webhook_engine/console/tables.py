"""
Tables of definitions beside each other: what differs between two, and what refers to one by its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """
    One field that is not what it was.
    """

    path: str
    before: str
    after: str


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
