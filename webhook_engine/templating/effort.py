"""
How much work a rendering is: counted, not timed, so that it comes out the same on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from jinja2 import nodes

from webhook_engine.errors import TemplateTooLarge
from webhook_engine.templating.bounds import Bounds

# One unit is about ten nanoseconds, measured on one core of two; what is dearer than that is rounded up.
_NODE: Final = 20
_FILTER: Final = 120
_DEAR: Final[Mapping[str, int]] = MappingProxyType(
    {
        "e164": 1_500,
        "float": 400,
        "format_datetime": 1_600,
        "int": 400,
        "international": 1_500,
        "national": 2_500,
        "round": 300,
    }
)
"""Filters that are work on the shortest text."""

_BY_LENGTH: Final[Mapping[str, int]] = MappingProxyType({"join": 6, "map": 6, "split": 6})
"""Units for each character or item; one where it is not named."""

WRITTEN_ITEM: Final = 400
"""Units for each item of a list that is written as JSON."""


class Effort:
    """
    What is left of the work that may be done, for one rendering or for all those of one request.
    """

    __slots__ = ("left", "limit")

    def __init__(self, limit: int) -> None:
        self.left = self.limit = limit

    def spend(self, units: int) -> None:
        """
        Raises:
            TemplateTooLarge: That was more than was left.
        """
        self.left -= units
        if self.left < 0:
            raise TemplateTooLarge(what="steps of work", limit=self.limit)


class OneRequest(dict[str, object]):
    """
    A call's values, and the effort that all templates of one request share.
    """

    __slots__ = ("effort",)

    def __init__(self, values: Mapping[str, object], bounds: Bounds | None = None) -> None:
        super().__init__(values)
        self.effort = Effort((bounds or Bounds()).effort)


def effort_for(values: Mapping[str, object], bounds: Bounds) -> Effort:
    """
    The request's, where the values are one's; else one of its own.
    """
    return values.effort if isinstance(values, OneRequest) else Effort(bounds.effort)


def units_of(name: str, size: int) -> int:
    """
    What a filter costs by the length of what it works on.
    """
    return _BY_LENGTH.get(name, 1) * size


def weight_of(*parts: nodes.Node | None) -> int:
    """
    What going through these once costs at the most, whatever the values are; loops within pay for themselves.
    """
    weight = 0
    waiting = [each for each in parts if each is not None]
    while waiting:
        node = waiting.pop()
        weight += _DEAR.get(node.name, _FILTER) if isinstance(node, nodes.Filter) else _NODE
        if isinstance(node, nodes.For):
            waiting += [node.iter, *node.else_]
        else:
            waiting += node.iter_child_nodes()
    return weight


def items_in(value: object) -> int:
    """
    The items of a list or mapping and of all below it.
    """
    if isinstance(value, Mapping):
        return len(value) + sum(map(items_in, value.values()))
    if isinstance(value, list | tuple):
        return len(value) + sum(items_in(each) for each in value if isinstance(each, list | tuple | Mapping))
    return 0
