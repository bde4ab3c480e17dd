"""
XML straight from expat: the tree of `xml.read_xml` at a third of its cost.

xmltodict defines the tree, and is asked for it where an outcome rule looks at
the response. Where only a table is wanted, these handlers build the same one;
a property test holds the two equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

from .tree import TEXT
from .xml import (
    PIECE,
    attribute_name,
    completed,
    member_name,
    pieces,
    refuse_document_type,
    too_deep,
    unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from .tree import Node

    Members: TypeAlias = dict[str, Node]

    Repeat: TypeAlias = Callable[[Members, str, Node, int], None]


class _Names(dict[str, str]):
    """
    Names of elements without their prefixes, each worked out once.
    """

    def __missing__(self, name: str) -> str:
        self[name] = local = member_name(name)
        return local


class _AttributeNames(dict[str, "str | None"]):
    """
    Names of attributes as members, each worked out once.
    """

    def __missing__(self, name: str) -> str | None:
        self[name] = member = attribute_name(name)
        return member


def add(members: Members, name: str, value: Node, _: int = 0) -> None:
    """
    Another element of a name that its parent has already: both make a list.
    """
    known = members[name]
    if isinstance(known, list):
        known.append(value)
    else:
        members[name] = [known, value]


def build(
    body: bytes, *, depth: int, on_repeat: Repeat = add, between: Callable[[], None] | None = None
) -> tuple[str, Node]:
    """
    The outermost element's name and its content, as `read_xml` gives them.

    Args:
        body: In UTF-8.

        depth: How deep elements may lie in each other.

        on_repeat: What to do with another element of a name that its parent
            has already. It gets the parent's members, the name, the value and
            how many elements are open, the parent being the innermost.

        between: Called between pieces; what it raises ends the reading.

    Raises:
        UnreadableResponse: It is not well-formed, or has a document type.

        ResponseTooLarge: It nests deeper than *depth*.
    """
    builder = Builder(depth, on_repeat)
    try:
        for piece in pieces(body.lstrip(), between):
            builder.parser.Parse(piece, False)
        builder.parser.Parse(b"", True)
    except expat.ExpatError as problem:
        raise unreadable(problem) from problem
    ((root, content),) = builder.content().items()
    return root, content


def begin(body: bytes, *, depth: int) -> tuple[str, Node]:
    """
    The outermost element's name and what came of its content, where *body* is the beginning of a response.

    Raises:
        UnreadableResponse: It is not well-formed, or has a document type.

        ResponseTooLarge: It nests deeper than *depth*.
    """
    open_names: list[str] = []
    builder = Builder(depth)

    def started(name: str, attributes: dict[str, str]) -> None:
        open_names.append(name)
        builder.start(name, attributes)

    def ended(name: str) -> None:
        open_names.pop()
        builder.end(name)

    builder.parser.StartElementHandler, builder.parser.EndElementHandler = started, ended
    try:
        builder.parser.Parse(body.lstrip(), False)
    except expat.ExpatError as problem:
        raise unreadable(problem) from problem
    for name in reversed(open_names):
        builder.end(name)
    return next(iter(builder.content().items()), ("", None))


class Builder:
    """
    A parser with handlers that build a tree.

    The handlers are closures: two of them run for every element, and a local
    of an enclosing function is twice as near as an attribute of an object.
    """

    def __init__(self, depth: int, on_repeat: Repeat = add) -> None:
        opened: list[Members | None] = []
        members: Members | None = None
        text = ""
        # Pieces of a text that has children in it, with how many elements were open; joined once, at its end.
        before: list[tuple[int, list[str]]] = []
        names, attribute_names = _Names(), _AttributeNames()

        def start(_: str, attributes: dict[str, str]) -> None:
            nonlocal members, text
            opened.append(members)
            if text:
                if before and before[-1][0] == len(opened):
                    before[-1][1].append(text)
                # Blanks at the start are stripped in the end: most are the indents between elements.
                elif not text.isspace():
                    before.append((len(opened), [text]))
                text = ""
            members = None
            if attributes:
                told = ((attribute_names[name], value) for name, value in attributes.items())
                members = {name: value for name, value in told if name is not None} or None

        def characters(data: str) -> None:
            nonlocal text
            text = text + data if text else data

        def end(name: str) -> None:
            nonlocal members, text
            if before and before[-1][0] > len(opened):
                text = "".join((*before.pop()[1], text))
            value = text.strip() if members is None else _element(members, text)
            text = ""
            members = opened.pop()
            name = names[name]
            if members is None:
                if len(opened) >= depth:
                    raise too_deep(depth)
                members = {name: value}
            elif name in members:
                on_repeat(members, name, value, len(opened))
            else:
                members[name] = value

        self.start, self.end = start, end
        self.content: Callable[[], Members] = lambda: members or {}
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.buffer_size = PIECE  # characters of a text that it gives at once
        self.parser.StartDoctypeDeclHandler = refuse_document_type
        self.parser.StartElementHandler = start
        self.parser.EndElementHandler = end
        self.parser.CharacterDataHandler = characters


def _element(members: Members, text: str) -> Node:
    text = text.strip()
    if text:
        members[TEXT] = text
    return completed(members)
