"""
Parameters -> query, form, JSON tree or XML tree; each honours its `when_empty`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from webhook_engine.errors import EmptyParameter, TemplateSyntaxError
from webhook_engine.templating.bounds import Bounds
from webhook_engine.templating.faults import too_large
from webhook_engine.templating.generate import Program, bytes_function, text_function
from webhook_engine.templating.kind import Kind
from webhook_engine.templating.objects import Leaf, Node, object_function
from webhook_engine.templating.pieces import Conditional, Fields, Hole, Piece, holes_of, merged
from webhook_engine.templating.places import Place
from webhook_engine.templating.reading import Straight, read
from webhook_engine.templating.scope import Scope
from webhook_engine.templating.slots import ESCAPERS, Slot
from webhook_engine.templating.template import (
    Template,
    Values,
    checks_of,
    decoded,
    encoded,
    template_of,
    value_function,
)
from webhook_engine.templating.trees import (
    Misfit,
    check_xml_steps,
    document_pieces,
    encoded_for,
    in_slot,
    put,
    steps_of,
)

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


class ParameterLike(Protocol):
    """
    What is needed of a parameter.
    """

    @property
    def name(self) -> str:
        """Of its field; in a tree the way to its place, as in `contact.phone`."""

    @property
    def value(self) -> str:
        """A template."""

    @property
    def when_empty(self) -> str:
        """`send`, `omit`, `default`, `skip` or `fail`."""

    @property
    def default(self) -> str | None:
        """Sent as it stands where `when_empty` is `default`."""


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
    render_bytes = bytes_function(document, building.program)
    return building.template(Kind.XML, "", decoded(render_bytes), render_bytes)


@dataclass(slots=True)
class Building:
    """
    The parameters of one webhook, on their way into one function.
    """

    scope: Scope
    bounds: Bounds
    program: Program = field(init=False)
    places: list[Place] = field(default_factory=list)
    variables: set[str] = field(default_factory=set)
    holes: list[Hole] = field(default_factory=list)
    is_generated: bool = True

    def __post_init__(self) -> None:
        self.program = Program(self.bounds.output_chars)

    def fields(self, parameters: Sequence[ParameterLike], slot: Slot) -> list[Piece]:
        """
        `&name=value` for each.
        """
        pieces: list[Piece] = []
        for index, parameter in enumerate(parameters):
            leaf = self.leaf(index, parameter, slot)
            written = (f"&{ESCAPERS[slot](parameter.name)}=", *encoded_for(leaf.pieces, slot))
            pieces += [Conditional(leaf.condition, written)] if leaf.condition else written
        return pieces

    def tree(self, parameters: Sequence[ParameterLike], kind: Kind) -> Node:
        """
        The parameters by the way their names describe.
        """
        tree: Node = {}
        for index, parameter in enumerate(parameters):
            try:
                steps = steps_of(parameter.name)
                if kind is Kind.XML:
                    check_xml_steps(steps)
                is_attribute = str(steps[-1]).startswith("@")
                xml_slot = Slot.XML_ATTRIBUTE if is_attribute else Slot.XML_TEXT
                leaf = self.leaf(index, parameter, Slot.JSON_VALUE if kind is Kind.JSON else xml_slot)
                put(tree, steps, leaf)
            except Misfit as error:
                problem = TemplateSyntaxError(str(error), line=1, column=1)
                problem.parameter = index
                raise problem from None
        return tree

    def leaf(self, index: int, parameter: ParameterLike, slot: Slot) -> Leaf:
        """
        A parameter's value; what it takes to know it is set up in the program.
        """
        try:
            reading = read(parameter.value, Kind.VALUE, self.scope, (), self.bounds)
        except TemplateSyntaxError as error:
            for each in (error, *error.also):
                each.parameter = index
            raise
        is_alone = len(reading.parts) == 1
        if slot is Slot.JSON_VALUE and not is_alone:
            slot = Slot.JSON_STRING
        self.places += [replace(place, slot=slot, parameter=parameter.name) for place in reading.places]
        if isinstance(reading, Straight):
            self.variables |= {hole.name for hole in holes_of(reading.pieces)}
            if parameter.when_empty == "send":
                return self._remembered(Leaf(in_slot(reading.pieces, slot)))
        else:
            self.is_generated = False
            self.variables |= reading.variables
        return self._remembered(self._held(index, parameter, value_function(reading, self.bounds), slot))

    def _held(
        self, index: int, parameter: ParameterLike, value: Callable[[Values], object], slot: Slot
    ) -> Leaf:
        name = f"p{index}"
        setup = self.program.setup
        setup.append(f"{name} = {self.program.know('value', value)}(values)")
        if parameter.when_empty == "default":
            setup.append(f"if {name} == '': {name} = {parameter.default or ''!r}")
        elif parameter.when_empty in {"skip", "fail"}:
            self.program.known["EmptyParameter"] = EmptyParameter
            skips = parameter.when_empty == "skip"
            setup.append(f"if {name} == '': raise EmptyParameter({parameter.name!r}, skips={skips})")
        return Leaf((Hole(name, slot),), f"{name} != ''" if parameter.when_empty == "omit" else "")

    def _remembered(self, leaf: Leaf) -> Leaf:
        self.holes += [piece for piece in leaf.pieces if isinstance(piece, Hole)]
        return leaf

    def take_over(self, base: Template) -> None:
        """
        The URL's own template is part of the whole.
        """
        self.places = [*base.places, *self.places]
        self.variables |= base.variables
        self.is_generated &= base.is_generated

    def template(
        self,
        kind: Kind,
        source: str,
        render: Callable[[Values], str],
        render_bytes: Callable[[Values], bytes],
    ) -> Template:
        """
        The whole, finished.
        """
        return Template(
            source=source,
            kind=kind,
            variables=frozenset(self.variables),
            places=tuple(self.places),
            is_generated=self.is_generated,
            render=render,
            render_bytes=render_bytes,
            value=render,
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
