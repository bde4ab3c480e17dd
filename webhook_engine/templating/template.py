"""
A template, compiled once and rendered for every call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast
from zoneinfo import ZoneInfo

from jinja2 import Undefined

from webhook_engine.errors import RenderError
from webhook_engine.templating.bounds import Bounds
from webhook_engine.templating.checking import Checked
from webhook_engine.templating.generate import Program, bytes_function, text_function
from webhook_engine.templating.header import check_edges
from webhook_engine.templating.interpret import evaluated, interpreted
from webhook_engine.templating.json import check_json
from webhook_engine.templating.kind import Kind
from webhook_engine.templating.objects import NotAnObject, object_function, tree_of
from webhook_engine.templating.pieces import Hole, holes_of
from webhook_engine.templating.places import Place
from webhook_engine.templating.reading import Straight, read
from webhook_engine.templating.sandbox import check_room
from webhook_engine.templating.scope import Scope
from webhook_engine.templating.slots import Slot
from webhook_engine.templating.url import check_host, check_path, check_written, gaps_written, may_climb
from webhook_engine.templating.xml import check_well_formed
from webhook_engine.variables import Value

Values = Mapping[str, object]
Check = Callable[[str], None]


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
    The text for these values, each safe in its slot; nothing in them is read as template again.

    Raises:
        UnsafeValue: A slot cannot carry a value.
        TemplateTooLarge: The result goes over the bounds.
        RenderError: An expression fails on these values, or one is missing.
        EmptyParameter: A parameter is empty that must not be.
    """

    render_bytes: Callable[[Values], bytes]
    """The same as UTF-8: for bodies, and the fast form for JSON."""

    gaps: int = 0
    """How many segments of a URL's path its author left empty; an empty value makes more."""

    value: Callable[[Values], Value]
    """Of a parameter: one token or expression alone keeps its type, everything else is text."""


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

    Args:
        names: Variables it may ask for.

        country: ISO 3166 code by which the number filters understand national numbers.

        time_zone: The zone in which the DATETIME variables read.

        hosts: Hosts the URL may lead to; only then may its host hold variables.

    Raises:
        TemplateSyntaxError: It does not read; `also` holds what else is wrong with it.
    """
    bounds = bounds or Bounds()
    allowed = frozenset(host.lower() for host in hosts)
    reading = read(source, kind, Scope(names, country, time_zone), allowed, bounds)
    return template_of(source, kind, reading, allowed, bounds)


def template_of(
    source: str, kind: Kind, reading: Straight | Checked, hosts: Collection[str], bounds: Bounds
) -> Template:
    """
    The template for what was read.
    """
    checks = tuple(checks_of(kind, reading, hosts))
    gaps = gaps_written(reading.parts) if kind is Kind.URL else 0
    if isinstance(reading, Checked):
        render = interpreted(reading, bounds, checks)
        return Template(
            source=source,
            kind=kind,
            variables=reading.variables,
            places=reading.places,
            is_generated=False,
            render=render,
            render_bytes=encoded(render),
            gaps=gaps,
            value=value_function(reading, bounds) if kind is Kind.VALUE else render,
        )
    render, render_bytes = _generated(kind, reading, bounds, checks)
    return Template(
        source=source,
        kind=kind,
        variables=frozenset(hole.name for hole in holes_of(reading.pieces)),
        places=reading.places,
        is_generated=True,
        render=render,
        render_bytes=render_bytes,
        gaps=gaps,
        value=value_function(reading, bounds) if kind is Kind.VALUE else render,
    )


def checks_of(kind: Kind, reading: Straight | Checked, hosts: Collection[str]) -> Iterator[Check]:
    """
    What shows only once the whole text is there.
    """
    slots = {place.slot for place in reading.places}
    is_unsure = isinstance(reading, Checked) and reading.is_unsure
    if kind is Kind.URL and is_unsure:
        yield check_written
    # Branches may spell a host that none of them names.
    if Slot.URL_HOST in slots or (kind is Kind.URL and hosts and isinstance(reading, Checked)):
        yield partial(check_host, hosts=hosts)
    if kind is Kind.URL and (isinstance(reading, Checked) or may_climb(reading.pieces)):
        yield check_path
    if kind is Kind.HEADER and slots:
        yield check_edges
    if kind is Kind.JSON and is_unsure:
        yield check_json
    if kind is Kind.XML and is_unsure:
        yield check_well_formed


def encoded(render: Callable[[Values], str]) -> Callable[[Values], bytes]:
    """
    *render*, as UTF-8.
    """
    return lambda values: render(values).encode()


def decoded(render: Callable[[Values], bytes]) -> Callable[[Values], str]:
    """
    *render*, as text.
    """
    return lambda values: render(values).decode()


def _generated(
    kind: Kind, reading: Straight, bounds: Bounds, checks: Sequence[Check]
) -> tuple[Callable[[Values], str], Callable[[Values], bytes]]:
    if kind is Kind.JSON:
        try:
            tree = tree_of(reading.pieces)
        except NotAnObject:
            pass
        else:
            render_bytes = object_function(tree, Program(bounds.output_chars), list(holes_of(reading.pieces)))
            return decoded(render_bytes), render_bytes
    if kind in {Kind.URL, Kind.HEADER, Kind.VALUE}:
        render = text_function(reading.pieces, Program(bounds.output_chars), checks)
        return render, encoded(render)
    render_bytes = bytes_function(reading.pieces, Program(bounds.output_chars))
    return decoded(render_bytes), render_bytes


def value_function(reading: Straight | Checked, bounds: Bounds) -> Callable[[Values], Value]:
    """
    The function that gives a parameter's plain value.
    """
    if isinstance(reading, Straight):
        if len(reading.parts) == 1 and isinstance(reading.pieces[0], Hole):
            return _looked_up(reading.pieces[0])
        return text_function(reading.pieces, Program(bounds.output_chars))
    if reading.alone is None:
        return interpreted(reading, bounds)
    evaluate = evaluated(reading.alone, reading.parts, bounds)

    def value(values: Values) -> Value:
        found = evaluate(values)
        if isinstance(found, Undefined):
            raise RenderError(found._undefined_message)
        check_room(found, bounds.output_chars)
        return "" if found is None else cast("Value", found)

    return value


def _looked_up(hole: Hole) -> Callable[[Values], Value]:
    def value(values: Values) -> Value:
        try:
            found = values[hole.name]
        except KeyError:
            raise RenderError(f"no value was given for {hole.name}") from None
        return "" if found is None else cast("Value", found)

    return value
