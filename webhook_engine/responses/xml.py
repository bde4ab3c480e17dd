"""
XML in, a tree out: no document types, no entities, no namespaces.

    <a/>                          "" ; None where it says xsi:nil="true"
    <a>text</a>                   "text", without the blanks around it
    <a id="7"><b>1</b></a>        {"id": "7", "b": "1"}
    <a id="7">text</a>            {"id": "7", "#text": "text"}
    <b>1</b><b>2</b>              {"b": ["1", "2"]}

Attributes and children are members alike, because systems take the one or the
other for the same facts. Prefixes of namespaces are dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from webhook_engine.errors import ResponseTooLarge, UnreadableResponse

from .tree import TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .path import Path
    from .tree import Node

NIL: Final = "#nil"
"""What `xsi:nil` is called until its element is complete."""

PIECE: Final = 1 << 16
"""Bytes that expat gets at once."""

_INSTANCE_PREFIXES: Final = frozenset({"xsi", "i"})
_TRUE: Final = frozenset({"true", "1"})


def member_name(name: str) -> str:
    """
    The name of an element's member, without its prefix.
    """
    return name.rpartition(":")[2] or name


def attribute_name(name: str) -> str | None:
    """
    The name of an attribute's member; None for one that only speaks about the XML itself.
    """
    prefix, _, local = name.rpartition(":")
    if prefix == "xmlns" or name == "xmlns":
        return None
    if prefix and local == "nil":
        return NIL
    if prefix in _INSTANCE_PREFIXES:
        return None
    return local or name


def read_xml(
    body: bytes, *, depth: int, lists: Path = (), between: Callable[[], None] | None = None
) -> tuple[str, Node]:
    """
    The outermost element's name and its content.

    Args:
        body: In UTF-8.

        depth: How deep elements may lie in each other.

        lists: The path, inside the outermost element, of what is a list even
            where it comes once.

        between: Called between pieces; what it raises ends the reading.

    Raises:
        UnreadableResponse: It is not well-formed, or has a document type.

        ResponseTooLarge: It nests deeper than *depth*.
    """
    import xmltodict

    # The stubs know only trees of text.
    parse: Callable[..., dict[str, Node]] = xmltodict.parse
    try:
        tree = parse(
            pieces(body.lstrip(), between),
            encoding="utf-8",
            expat=Guarded,
            postprocessor=_postprocessor(depth),
            force_list=_forced(lists),
        )
    except expat.ExpatError as problem:
        raise unreadable(problem) from problem
    ((root, content),) = tree.items()
    return root, content


def pieces(body: bytes, between: Callable[[], None] | None = None) -> Iterator[memoryview]:
    """
    *body* piece by piece, because expat keeps a copy of what it is given.

    Args:
        between: Called before each of them.
    """
    view = memoryview(body)
    for at in range(0, len(body), PIECE):
        if between is not None:
            between()
        yield view[at : at + PIECE]


class Guarded:
    """
    What xmltodict takes for expat, with document types refused.
    """

    @staticmethod
    def ParserCreate(encoding: str | None = None, separator: str | None = None) -> expat.XMLParserType:  # noqa: N802
        """
        A parser that knows no entities because it accepts no document type.
        """
        parser = expat.ParserCreate(encoding, separator)
        parser.StartDoctypeDeclHandler = refuse_document_type
        return parser


def refuse_document_type(*_: object) -> None:
    """
    Raises:
        UnreadableResponse: Always. Entities, the bombs among them, live in document types.
    """
    raise UnreadableResponse("the response has a document type (DOCTYPE), which is not read for safety")


def too_deep(depth: int) -> ResponseTooLarge:
    """
    The error for elements that nest deeper than *depth*.
    """
    return ResponseTooLarge(f"the response nests deeper than {depth} levels")


def unreadable(problem: expat.ExpatError) -> UnreadableResponse:
    """
    What expat says, with the place in the response.
    """
    reason = expat.ErrorString(problem.code) or "unknown"
    return UnreadableResponse(
        f"the response is no readable XML: {reason} at line {problem.lineno}, column {problem.offset + 1}"
    )


def _postprocessor(depth: int) -> Callable[[list[object], str, Node], tuple[str, Node] | None]:
    def member(path: list[object], key: str, value: Node) -> tuple[str, Node] | None:
        if len(path) > depth:
            raise too_deep(depth)
        if key.startswith("@"):
            name = attribute_name(key[1:])
            return None if name is None else (name, value)
        return member_name(key), completed(value)

    return member


def _forced(lists: Path) -> Callable[[list[tuple[str, object]], str, Node], bool]:
    def is_forced(path: list[tuple[str, object]], key: str, _: Node) -> bool:
        return (*(member_name(name) for name, _ in path[1:]), key) == lists

    return is_forced


def completed(value: Node) -> Node:
    """
    The content of an element once its end was reached.
    """
    if value is None:
        return ""
    if isinstance(value, dict) and NIL in value:
        is_nil = value.pop(NIL) in _TRUE
        if is_nil:
            return None
        return value[TEXT] if value.keys() == {TEXT} else value or ""
    return value
