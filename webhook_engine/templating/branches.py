"""
The branches of a template, and which of them a rendering goes through: for whoever asks what tests reach.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import nodes

from webhook_engine.errors import TemplateError
from webhook_engine.templating.bounds import Bounds
from webhook_engine.templating.checking import Checked
from webhook_engine.templating.interpret import interpreted
from webhook_engine.templating.kind import Kind
from webhook_engine.templating.parsing import part_of
from webhook_engine.templating.reading import read
from webhook_engine.templating.sandbox import ENVIRONMENT, INTERNAL_REACHED, Noted, passed_through
from webhook_engine.templating.scan import Part, Source
from webhook_engine.templating.scope import Scope

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Branch:
    """
    One way that a rendering may take.
    """

    number: int
    """Among those of the template, from 0: one expression may decide several times."""

    line: int
    column: int
    """Of the expression or block that decides, from 1."""

    written: str
    """That expression or block."""

    holds: bool
    """Whether it is taken where the condition holds; else it is the other one."""


@dataclass(frozen=True, slots=True, eq=False)
class Branches:
    """
    Every branch of a template.
    """

    all: tuple[Branch, ...]

    taken: Callable[[Mapping[str, object]], frozenset[Branch]]
    """Those that the template goes through with these values; as far as it comes, where it fails on them."""


def branches_of(
    source: str,
    kind: Kind,
    *,
    names: Collection[str],
    country: str | None = None,
    time_zone: ZoneInfo | None = None,
    hosts: Collection[str] = (),
) -> Branches:
    """
    The branches of a template that reads, as `compile_template` takes it.

    Those of `{% if %}`, one of which is there without `{% else %}` too, and those of `{{ a if b else c }}`.
    """
    bounds = Bounds()
    allowed = frozenset(host.lower() for host in hosts)
    reading = read(source, kind, Scope(names, country, time_zone), allowed, bounds)
    if not isinstance(reading, Checked):
        return Branches((), lambda _: frozenset())
    marking = _Marking(Source(source), reading.parts)
    marking.body(reading.tree.body)
    found = tuple(marking.found)
    if not found:
        return Branches((), lambda _: frozenset())
    reading.tree.set_environment(ENVIRONMENT)
    render = interpreted(reading, bounds)

    def taken(values: Mapping[str, object]) -> frozenset[Branch]:
        noted = Noted(values)
        with suppress(TemplateError):
            render(noted)
        return frozenset(found[number] for number in noted.reached)

    return Branches(found, taken)


class _Marking:
    """
    Puts a mark into every branch of a tree.
    """

    def __init__(self, source: Source, parts: Sequence[Part]) -> None:
        self._source, self._parts = source, parts
        self.found: list[Branch] = []

    def body(self, statements: Sequence[nodes.Node]) -> None:
        """
        Marks the branches of these and of what stands in them.
        """
        for node in statements:
            for choice in _choices(node):
                self._choice(choice)
            if isinstance(node, nodes.If):
                self._if(node)
            elif isinstance(node, nodes.For):
                self.body(node.body)
                self.body(node.else_)

    def _if(self, node: nodes.If) -> None:
        for each in (node, *node.elif_):
            self.body(each.body)
            each.body.insert(0, self._mark(each, holds=True))
        self.body(node.else_)
        node.else_.insert(0, self._mark(node.elif_[-1] if node.elif_ else node, holds=False))

    def _mark(self, node: nodes.Node, *, holds: bool) -> nodes.Output:
        number = self._number(node, holds=holds)
        empty = nodes.Const("", lineno=node.lineno)
        return nodes.Output([passed_through(empty, INTERNAL_REACHED, number)], lineno=node.lineno)

    def _choice(self, node: nodes.CondExpr) -> None:
        node.expr1 = passed_through(node.expr1, INTERNAL_REACHED, self._number(node, holds=True))
        if node.expr2 is not None:
            node.expr2 = passed_through(node.expr2, INTERNAL_REACHED, self._number(node, holds=False))

    def _number(self, node: nodes.Node, *, holds: bool) -> int:
        part = part_of(node, self._parts)
        line, column = self._source.line_and_column(part.start) if part is not None else (1, 1)
        number = len(self.found)
        self.found.append(Branch(number, line, column, "" if part is None else part.text.strip(), holds))
        return number


def _choices(node: nodes.Node) -> Iterator[nodes.CondExpr]:
    """
    The inline conditions of a statement, without those of the statements in it.
    """
    if isinstance(node, nodes.CondExpr):
        yield node
    for child in node.iter_child_nodes():
        if not isinstance(child, nodes.Stmt):
            yield from _choices(child)
