"""
A template, compiled once and rendered for every call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from webhook_engine.errors import (
    RenderError,
    TemplateError,
    TemplateSyntaxError,
    TemplateTooLarge,
    UnsafeValue,
    did_you_mean,
)
from webhook_engine.templating.bounds import Bounds
from webhook_engine.templating.generate import Function, Hole, Piece
from webhook_engine.templating.jinja import Checked, Scope, check
from webhook_engine.templating.json import JsonWalker
from webhook_engine.templating.places import Place
from webhook_engine.templating.sandbox import ENVIRONMENT, Run
from webhook_engine.templating.scan import Part, PartKind, Source, scan
from webhook_engine.templating.slots import ESCAPERS, Slot, text_of
from webhook_engine.templating.url import UrlWalker, check_url
from webhook_engine.templating.walk import Misplaced, Uniform, Walker
from webhook_engine.templating.xml import XmlWalker
from webhook_engine.variables import Value

Values = Mapping[str, object]


class Kind(StrEnum):
    """
    What a template makes.
    """

    URL = "url"
    HEADER = "header"
    FORM = "form"
    JSON = "json"
    XML = "xml"
    TEXT = "text"
    VALUE = "value"
    """The plain value of a parameter, to be encoded where it is put."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Template:
    """
    A template that is known to read, and where in it values land.
    """

    source: str
    kind: Kind

    variables: frozenset[str]
    """Names of the variables it reads."""

    places: tuple[Place, ...]
    """In the order of the source."""

    is_generated: bool
    """Whether tokens are all it holds, so that it is Python of its own; else Jinja renders it."""

    render: Callable[[Values], str]
    """
    The text, safe in its slots; what values hold is never read as template again.

    Raises:
        UnsafeValue: A slot cannot carry a value.
        TemplateTooLarge: The result goes over the bounds.
        RenderError: An expression fails on these values.
        EmptyParameter: A parameter is empty that must not be.
    """

    render_bytes: Callable[[Values], bytes]
    """The same as UTF-8: for bodies, and the fast form for JSON."""

    value: Callable[[Values], Value]
    """Of a parameter: one bare token or expression keeps its type, everything else is text."""


def compile_template(
    source: str,
    kind: Kind,
    *,
    names: Collection[str],
    country: str | None = None,
    time_zone: ZoneInfo | None = None,
    hosts: Collection[str] = (),
    bounds: Bounds | None = None,
) -> Template:
    """
    Read a template: find the slot of every value before any value is known.

    Raises:
        TemplateSyntaxError: It does not read, or asks for a variable that is not
            in *names*; `also` holds what else is wrong.
    """
    scope = Scope(names, country, None if time_zone is None else str(time_zone))
    return _compile(source, kind, scope, frozenset(host.lower() for host in hosts), bounds or Bounds())


def _walker(kind: Kind, hosts: Collection[str]) -> Walker:
    if kind is Kind.URL:
        return UrlWalker(hosts)
    if kind is Kind.JSON:
        return JsonWalker()
    if kind is Kind.XML:
        return XmlWalker()
    slots = {Kind.HEADER: Slot.HEADER, Kind.FORM: Slot.FORM}
    return Uniform(slots.get(kind, Slot.TEXT))


def _compile(text: str, kind: Kind, scope: Scope, hosts: Collection[str], bounds: Bounds) -> Template:
    source = Source(text)
    if len(text) > bounds.source_chars:
        raise source.error(f"a template has at most {bounds.source_chars:,} characters", bounds.source_chars)
    parts = scan(source, angles=kind is not Kind.XML)
    problems = [
        source.error(scope.unknown(part.text), part.start)
        for part in parts
        if part.kind is PartKind.TOKEN and part.text not in scope.names
    ]
    walker = _walker(kind, hosts)
    try:
        if any(part.kind in {PartKind.EXPRESSION, PartKind.BLOCK} for part in parts):
            template = _by_jinja(source, kind, parts, scope, walker, problems, bounds, hosts)
        else:
            template = _generated(source, kind, parts, walker, bounds, hosts)
    except TemplateSyntaxError as error:
        problems.append(error)
    if problems:
        first, *others = sorted(problems, key=lambda error: (error.line, error.column))
        first.also = tuple(others)
        raise first
    return template


def _generated(source, kind, parts, walker, bounds, hosts):
    function = Function()
    pieces: list[Piece] = []
    places = []
    try:
        for part in parts:
            if part.kind is PartKind.TEXT:
                pieces.append(walker.text(part.text, part.start))
            else:
                slot = walker.place(part.start)
                line, column = source.line_and_column(part.start)
                places.append(Place(expression=part.text, slot=slot, line=line, column=column, end_column=column + part.end - part.start))
                pieces.append(Hole(function.variable(part.text), slot))
        pieces.append(walker.end(len(source.text)))
    except Misplaced as error:
        raise source.error(error.problem, error.at) from None
    only = len(parts) == 1 and parts[0].kind is PartKind.TOKEN
    name = parts[0].text if only else ""
    function.lines.append(f"return {function.text(pieces)}")
    text = function.compile()
    value = (lambda values: values[name]) if only else text
    return _template(source.text, kind, frozenset(p.text for p in parts if p.kind is PartKind.TOKEN), places, True, text, value, bounds, hosts)


def _by_jinja(source, kind, parts, scope, walker, problems, bounds, hosts):
    checked = check(source, parts, scope, walker, problems)
    root = ENVIRONMENT.from_string(checked.tree).root_render_func

    def text(values):
        return "".join(root(Run(values, bounds)))

    value = text
    if kind is Kind.VALUE and len(parts) == 1 and parts[0].kind is PartKind.EXPRESSION:
        from webhook_engine.templating.expression import evaluator
        value = evaluator(checked.tree.body[0].nodes[0].node, bounds)
    return _template(source.text, kind, frozenset(checked.variables), checked.places, False, text, value, bounds, hosts)


def finished(source, kind, variables, places, is_generated, text, bounds, hosts):
    return _template(source, kind, frozenset(variables), places, is_generated, text, text, bounds, hosts)


def _template(source, kind, variables, places, is_generated, text, value, bounds, hosts):
    def render(values):
        try:
            made = text(values)
        except TemplateError:
            raise
        except Exception as error:
            raise RenderError(str(error)) from error
        if len(made) > bounds.output_chars:
            raise TemplateTooLarge(what="characters", limit=bounds.output_chars)
        if kind is Kind.URL:
            check_url(made, hosts=hosts)
        return made

    return Template(source=source, kind=kind, variables=variables, places=tuple(places), is_generated=is_generated,
                    render=render, render_bytes=lambda values: render(values).encode(), value=value)
