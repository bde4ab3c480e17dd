"""
Parameters -> query, form, JSON tree or XML tree; each honours its `when_empty`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal
from zoneinfo import ZoneInfo

from webhook_engine.errors import TemplateSyntaxError
from webhook_engine.templating.bounds import Bounds
from webhook_engine.templating.building import Building, ParameterLike
from webhook_engine.templating.faults import too_large
from webhook_engine.templating.generate import bytes_function, text_function
from webhook_engine.templating.kind import Kind
from webhook_engine.templating.objects import object_function
from webhook_engine.templating.pieces import Fields, Hole, Piece, merged
from webhook_engine.templating.reading import Straight, read
from webhook_engine.templating.scope import Scope
from webhook_engine.templating.slots import Slot
from webhook_engine.templating.template import (
    Template,
    Values,
    checks_of,
    decoded,
    encoded,
    template_of,
)
from webhook_engine.templating.trees import Misfit, document_pieces
from webhook_engine.templating.xml import xml_problem

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def compile_url(
    source: str,
    parameters: Sequence[ParameterLike] = (),
    *,
    names: Collection[str],
    country: str | None = None,
    time_zone: ZoneInfo | None = None,
    hosts: Collection[str] = (),
    bounds: Bounds | None = None,
) -> Template:
    """
    A URL with its query: parameters follow what the template itself asks, before its fragment.

    Raises:
        TemplateSyntaxError: The template does not read, or a value; then `parameter` says which.
    """
    bounds = bounds or Bounds()
    allowed = frozenset(host.lower() for host in hosts)
    building = Building(Scope(names, country, time_zone), bounds)
    reading = read(source, Kind.URL, building.scope, allowed, bounds)
    base = template_of(source, Kind.URL, reading, allowed, bounds)
    if not parameters:
        return base
    query = building.fields(parameters, Slot.URL_QUERY)
    building.take_over(base)
    if isinstance(reading, Straight):
        checks = tuple(checks_of(Kind.URL, reading, allowed))
        render = text_function(_with_query(reading.pieces, query), building.program, checks)
    else:
        render = _around(base.render, text_function(query, building.program), bounds.output_chars)
    return building.template(Kind.URL, source, render, encoded(render))


def compile_body(
    parameters: Sequence[ParameterLike],
    encoding: Literal["url", "json", "xml"],
    *,
    root: str = "request",
    names: Collection[str],
    country: str | None = None,
    time_zone: ZoneInfo | None = None,
    bounds: Bounds | None = None,
) -> Template:
    """
    A body made of parameters.

    In JSON and XML a dot in a name nests, and `lines[0].sku` or a name given twice
    makes a list; in XML a list is an element for each entry, and a last step `@id`
    an attribute. What is omitted takes along the objects that hold nothing else.
    In JSON a value that is one token or expression alone keeps its type.

    Args:
        root: Name of XML's root element.

    Raises:
        TemplateSyntaxError: A value does not read or a name cannot be; `parameter` says which.
    """
    building = Building(Scope(names, country, time_zone), bounds or Bounds())
    if encoding == "url":
        pieces = [Fields("", tuple(building.fields(parameters, Slot.FORM)))]
        render_bytes = bytes_function(pieces, building.program)
        return building.template(Kind.FORM, "", decoded(render_bytes), render_bytes)
    if encoding == "json":
        tree = building.tree(parameters, Kind.JSON)
        render_bytes = object_function(tree, building.program, building.holes)
        return building.template(Kind.JSON, "", decoded(render_bytes), render_bytes)
    tree = building.tree(parameters, Kind.XML)
    try:
        document = merged([_DECLARATION, *document_pieces(root, tree)])
    except Misfit as error:
        raise TemplateSyntaxError(str(error), line=1, column=1) from None
    if problem := xml_problem(_sample(document)):
        message = f"the names of the parameters make no XML: {problem}"
        raise TemplateSyntaxError(message, line=1, column=1)
    render_bytes = bytes_function(document, building.program)
    return building.template(Kind.XML, "", decoded(render_bytes), render_bytes)


def _sample(pieces: Sequence[Piece]) -> str:
    """
    The text that has every part and a letter for every value.
    """
    return "".join(
        piece if isinstance(piece, str) else "x" if isinstance(piece, Hole) else _sample(piece.pieces)
        for piece in pieces
    )


def _with_query(base: Sequence[Piece], query: Sequence[Piece]) -> tuple[Piece, ...]:
    """
    The URL's pieces, with the fields of *query* before the fragment.
    """
    mark = next((at for at, piece in enumerate(base) if isinstance(piece, str) and "#" in piece), len(base))
    head, tail = [*base[:mark]], [*base[mark + 1 :]]
    if mark < len(base):
        before, hash_mark, after = str(base[mark]).partition("#")
        head, tail = [*head, before], [hash_mark, after, *tail]
    head = list(merged(head))
    asked = any("?" in piece for piece in head if isinstance(piece, str))
    ends = isinstance(head[-1], str) and head[-1][-1] in "?&"
    lead = "" if ends else "&" if asked else "?"
    return merged([*head, Fields(lead, tuple(query)), *tail])


def _around(
    base: Callable[[Values], str], query: Callable[[Values], str], limit: int
) -> Callable[[Values], str]:
    """
    The same for a URL whose own template Jinja renders.
    """

    def render(values: Values) -> str:
        url, fields = base(values), query(values)
        if not fields:
            return url
        head, mark, fragment = url.partition("#")
        lead = "" if head[-1] in "?&" else "&" if "?" in head else "?"
        made = f"{head}{lead}{fields[1:]}{mark}{fragment}"
        if len(made) > limit:
            raise too_large(limit)
        return made

    return render
