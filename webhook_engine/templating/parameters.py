"""
Parameters -> query, form, JSON tree or XML tree, each honouring its `when_empty`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol
from urllib.parse import quote, quote_plus
from zoneinfo import ZoneInfo

from webhook_engine.errors import EmptyParameter, TemplateSyntaxError
from webhook_engine.templating.bounds import Bounds
from webhook_engine.templating.generate import Function, Hole, Optional, Piece, quoted
from webhook_engine.templating.places import Place
from webhook_engine.templating.scan import PartKind, Source, scan
from webhook_engine.templating.slots import ESCAPERS, Slot, json_value, text_of
from webhook_engine.templating.template import Kind, Template, compile_template, finished
from webhook_engine.templating.xml import NAME

Encoding = Literal["url", "json", "xml"]
_STEP = re.compile(r"(?P<name>(?:[^.\[\]\\]|\\.)+)(?P<indices>(?:\[[0-9]{1,3}\])*)(?:\.(?=.)|\Z)")
_XML_NAME = re.compile(rf"{NAME}\Z")


class ParameterLike(Protocol):
    """
    What is needed of a parameter.
    """

    @property
    def name(self) -> str:
        """In a tree, dots nest: `contact.phone`, `lines[0].sku`."""

    @property
    def value(self) -> str:
        """A template."""

    @property
    def when_empty(self) -> str:
        """send, omit, default, skip or fail."""

    @property
    def default(self) -> str | None:
        """Sent as it stands where `when_empty` is default."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """
    One parameter's value.
    """

    pieces: tuple[str | Hole, ...]
    """Text and values; one value alone keeps its type in JSON."""

    present: str = ""
    """A Python condition; "" for always."""


Node = Leaf | dict[str, "Node"] | list["Node"]


@dataclass(slots=True)
class Reading:
    """
    The parameters of one webhook, being compiled into one function.
    """

    options: dict[str, object]
    function: Function
    variables: set[str]
    places: list[Place]
    is_generated: bool = True

    def leaf(self, index: int, parameter: ParameterLike, slot: Slot) -> Leaf:
        """
        The value of a parameter, as pieces; what it takes first is written into the function.
        """
        try:
            template = compile_template(parameter.value, Kind.VALUE, **self.options)  # type: ignore[arg-type]
        except TemplateSyntaxError as error:
            error.parameter = index
            raise
        self.variables |= template.variables
        self.is_generated &= template.is_generated
        self.places += [replace(place, slot=slot, parameter=parameter.name) for place in template.places]
        if template.is_generated and parameter.when_empty == "send":
            return Leaf(self._pieces(template.source, slot))
        return self._held(index, parameter, template, slot)

    def _pieces(self, text: str, slot: Slot) -> tuple[str | Hole, ...]:
        parts = scan(Source(text), angles=True)
        return tuple(
            part.text if part.kind is PartKind.TEXT else Hole(self.function.variable(part.text), slot)
            for part in parts
        )

    def _held(self, index: int, parameter: ParameterLike, template: Template, slot: Slot) -> Leaf:
        name = f"p{index}"
        lines = self.function.lines
        lines.append(f"{name} = {self.function.object(template.value)}(values)")
        when_empty = parameter.when_empty
        if when_empty == "default":
            lines.append(f"if {name} == '': {name} = {parameter.default or ''!r}")
        elif when_empty in {"skip", "fail"}:
            error = self.function.object(EmptyParameter)
            lines.append(f"if {name} == '': raise {error}({parameter.name!r}, skips={when_empty == 'skip'})")
        return Leaf((Hole(name, slot),), f"{name} != ''" if when_empty == "omit" else "")


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
    A URL with its query: the parameters follow what the template has of its own, before its fragment.

    Raises:
        TemplateSyntaxError: The template or a parameter's value does not read; `parameter` says which.
    """
    limits = bounds or Bounds()
    base = compile_template(
        source, Kind.URL, names=names, country=country, time_zone=time_zone, hosts=hosts, bounds=limits
    )
    if not parameters:
        return base
    reading = _reading(names, country, time_zone, limits)
    reading.variables |= base.variables
    reading.places += base.places
    reading.is_generated = base.is_generated
    query = _fields(parameters, reading, Slot.URL_QUERY)
    function = reading.function
    function.lines.append(f"head, mark, tail = {function.object(base.render)}(values).partition('#')")
    function.lines.append(f"query = {function.text(query)}[1:]")
    function.lines.append("joint = '' if head[-1] in '?&' else '&' if '?' in head else '?'")
    function.lines.append("return f'{head}{joint}{query}{mark}{tail}' if query else f'{head}{mark}{tail}'")
    return finished(
        source, Kind.URL, reading.variables, reading.places, reading.is_generated, function.compile(), limits, hosts
    )


def compile_body(
    parameters: Sequence[ParameterLike],
    encoding: Encoding,
    *,
    root: str = "request",
    names: Collection[str],
    country: str | None = None,
    time_zone: ZoneInfo | None = None,
    bounds: Bounds | None = None,
) -> Template:
    """
    A body built from parameters.

    In JSON and XML a dot in a name nests, `lines[0].sku` and a name given twice make
    lists, and in XML a last step `@id` is an attribute. What is omitted takes with it
    the objects that hold nothing else.

    Raises:
        TemplateSyntaxError: A value does not read, or a name cannot be; `parameter` says which.
    """
    limits = bounds or Bounds()
    reading = _reading(names, country, time_zone, limits)
    function = reading.function
    if encoding == "url":
        kind = Kind.FORM
        function.lines.append(f"return {function.text(_fields(parameters, reading, Slot.FORM))}[1:]")
    elif encoding == "json":
        kind = Kind.JSON
        function.known |= {"json_value": json_value, "text_of": text_of}
        function.lines.append(f"return json_value({_json_code(_tree(parameters, reading, Slot.JSON_VALUE))})")
    else:
        kind = Kind.XML
        tree = _tree(parameters, reading, Slot.XML_TEXT)
        declaration = '<?xml version="1.0" encoding="UTF-8"?>'
        function.lines.append(f"return {function.text([declaration, *_xml_pieces(root, tree)])}")
    return finished(
        "", kind, reading.variables, reading.places, reading.is_generated, function.compile(), limits, ()
    )


def _reading(
    names: Collection[str], country: str | None, time_zone: ZoneInfo | None, bounds: Bounds
) -> Reading:
    options: dict[str, object] = {"names": names, "country": country, "time_zone": time_zone, "bounds": bounds}
    return Reading(options, Function(), set(), [])


def _fields(parameters: Sequence[ParameterLike], reading: Reading, slot: Slot) -> list[Piece]:
    """
    `&name=value` for each.
    """
    pieces: list[Piece] = []
    for index, parameter in enumerate(parameters):
        leaf = reading.leaf(index, parameter, slot)
        field = (f"&{ESCAPERS[slot](parameter.name)}=", *_encoded(leaf, slot))
        pieces.append(Optional(leaf.present, field)) if leaf.present else pieces.extend(field)
    return pieces


def _encoded(leaf: Leaf, slot: Slot) -> tuple[str | Hole, ...]:
    return tuple(
        ESCAPERS[slot](piece) if isinstance(piece, str) else Hole(piece.name, slot) for piece in leaf.pieces
    )


# --- Trees -------------------------------------------------------------------


def _tree(parameters: Sequence[ParameterLike], reading: Reading, slot: Slot) -> dict[str, Node]:
    root: dict[str, Node] = {}
    for index, parameter in enumerate(parameters):
        leaf = reading.leaf(index, parameter, slot)
        try:
            _put(root, _path(parameter.name), leaf)
        except ValueError as error:
            problem = TemplateSyntaxError(str(error), line=1, column=1)
            problem.parameter = index
            raise problem from None
    return root


def _path(name: str) -> list[str | int]:
    steps: list[str | int] = []
    position = 0
    while position < len(name):
        found = _STEP.match(name, position)
        if not found:
            break
        steps.append(re.sub(r"\\(.)", r"\1", found["name"]))
        steps += [int(index) for index in re.findall(r"[0-9]+", found["indices"])]
        position = found.end()
    if not steps or position < len(name):
        raise ValueError(f"the name {name!r} does not read: write contact.phone or lines[0].sku")
    return steps


def _put(node: Node, path: list[str | int], leaf: Leaf) -> None:
    for step, following in zip(path, path[1:], strict=False):
        node = _entered(node, step, [] if isinstance(following, int) else {})
    last = path[-1]
    if isinstance(last, int):
        _append(node, last, leaf)
    elif not isinstance(node, dict):
        raise ValueError(f"{last} would nest inside of a plain value")
    elif last not in node:
        node[last] = leaf
    else:
        held = node[last]
        if isinstance(held, dict):
            raise ValueError(f"{last} is a value here and holds others elsewhere")
        node[last] = [*held, leaf] if isinstance(held, list) else [held, leaf]


def _entered(node: Node, step: str | int, empty: Node) -> Node:
    if isinstance(step, int):
        if isinstance(node, list) and step < len(node):
            return _same(node[step], empty, step)
        _append(node, step, empty)
        return empty
    if not isinstance(node, dict):
        raise ValueError(f"{step} would nest inside of a plain value")
    return _same(node.setdefault(step, empty), empty, step)


def _same(node: Node, empty: Node, step: str | int) -> Node:
    if type(node) is not type(empty):
        raise ValueError(f"{step} is a value here and holds others elsewhere")
    return node


def _append(node: Node, index: int, item: Node) -> None:
    if not isinstance(node, list) or index != len(node):
        raise ValueError(f"the entries of a list come in order, from [0]: [{index}] is out of it")
    node.append(item)


def _present(node: Node) -> str:
    """
    The Python condition under which a node is there; "" for always.
    """
    if isinstance(node, Leaf):
        return node.present
    conditions = [_present(child) for child in (node.values() if isinstance(node, dict) else node)]
    return "" if not all(conditions) else " or ".join(conditions)


def _json_code(node: Node) -> str:
    if isinstance(node, Leaf):
        return _json_leaf(node)
    if isinstance(node, dict):
        return "{" + ", ".join(_json_member(name, child) for name, child in node.items()) + "}"
    return "[" + ", ".join(_json_item(child) for child in node) + "]"


def _json_member(name: str, child: Node) -> str:
    condition = _present(child)
    member = f"{name!r}: {_json_code(child)}"
    return f"**({{{member}}} if {condition} else {{}})" if condition else member


def _json_item(child: Node) -> str:
    condition = _present(child)
    code = _json_code(child)
    return f"*([{code}] if {condition} else ())" if condition else code


def _json_leaf(leaf: Leaf) -> str:
    if len(leaf.pieces) == 1 and isinstance(leaf.pieces[0], Hole):
        return leaf.pieces[0].name
    inside = "".join(
        quoted(piece) if isinstance(piece, str) else f"{{text_of({piece.name})}}" for piece in leaf.pieces
    )
    return f"f'{inside}'"


def _xml_pieces(name: str, node: Node) -> list[Piece]:
    if isinstance(node, list):
        return [piece for item in node for piece in _xml_pieces(name, item)]
    _check_name(name)
    condition = _present(node)
    pieces = _xml_element(name, node)
    return [Optional(condition, tuple(pieces))] if condition else pieces


def _xml_element(name: str, node: Leaf | dict[str, Node]) -> list[Piece]:
    if isinstance(node, Leaf):
        return [f"<{name}>", *_encoded(node, Slot.XML_TEXT), f"</{name}>"]
    attributes: list[Piece] = []
    content: list[Piece] = []
    for step, child in node.items():
        if step.startswith("@"):
            attributes += _xml_attribute(step[1:], child)
        else:
            content += _xml_pieces(step, child)
    return [f"<{name}", *attributes, ">", *content, f"</{name}>"]


def _xml_attribute(name: str, node: Node) -> list[Piece]:
    if not isinstance(node, Leaf):
        raise TemplateSyntaxError(f"the attribute {name} holds one plain value", line=1, column=1)
    _check_name(name)
    pieces = (f' {name}="', *_encoded(node, Slot.XML_ATTRIBUTE), '"')
    return [Optional(node.present, pieces)] if node.present else list(pieces)


def _check_name(name: str) -> None:
    if not _XML_NAME.match(name):
        raise TemplateSyntaxError(f"{name!r} is not a name XML allows", line=1, column=1)
