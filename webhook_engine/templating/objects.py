"""
JSON from generated code: the template's structure as a Python literal, written by orjson.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import cast

import orjson

from webhook_engine.errors import UnsafeValue
from webhook_engine.templating.faults import Faults
from webhook_engine.templating.generate import ALWAYS_TEXT, Program, Values, literal
from webhook_engine.templating.pieces import Hole, Piece
from webhook_engine.templating.slots import ESCAPERS, Slot

# Private use, so that no text of an author holds them; where one does, text is generated instead.
_BARE, _QUOTED, _END = "\ue000", "\ue001", "\ue002"
_MARKED = re.compile(f"([{_BARE}{_QUOTED}])([0-9]+){_END}")


@dataclass(frozen=True, slots=True)
class Leaf:
    """
    A text or value in a tree; one hole alone keeps its type.
    """

    pieces: tuple[str | Hole, ...]

    condition: str = ""
    """Under which it is there, in Python; "" for always."""


@dataclass(frozen=True, slots=True)
class Exact:
    """
    A number or word, as its author wrote it.
    """

    text: str


Node = Leaf | Exact | dict[str, "Node"] | list["Node"]


class NotAnObject(Exception):
    """
    A JSON template that no Python literal stands for: a name given twice, or made of variables.
    """


def tree_of(pieces: Sequence[Piece]) -> Node:
    """
    The tree of a JSON template.

    Raises:
        NotAnObject: There is none.
    """
    holes = [piece for piece in pieces if isinstance(piece, Hole)]
    if any(mark in piece for piece in pieces if isinstance(piece, str) for mark in (_BARE, _QUOTED, _END)):
        raise NotAnObject
    numbers = iter(range(len(holes)))
    text = "".join(
        piece if isinstance(piece, str) else _mark(cast("Hole", piece), next(numbers)) for piece in pieces
    )
    parsed = json.loads(
        text, object_pairs_hook=_Members, parse_int=Exact, parse_float=Exact, parse_constant=Exact
    )
    return _node(parsed, holes)


class _Members(list[tuple[str, object]]):
    """
    An object as it was read, with all its members.
    """


def _mark(hole: Hole, number: int) -> str:
    return f'"{_BARE}{number}{_END}"' if hole.slot is Slot.JSON_VALUE else f"{_QUOTED}{number}{_END}"


def _node(parsed: object, holes: Sequence[Hole]) -> Node:
    if isinstance(parsed, _Members):
        members = {name: _node(value, holes) for name, value in parsed}
        if len(members) < len(parsed) or any(_MARKED.search(name) for name in members):
            raise NotAnObject
        return members
    if isinstance(parsed, list):
        return [_node(value, holes) for value in parsed]
    if isinstance(parsed, str):
        return _leaf(parsed, holes)
    return parsed if isinstance(parsed, Exact) else Exact(orjson.dumps(parsed).decode())


def _leaf(text: str, holes: Sequence[Hole]) -> Leaf:
    pieces: list[str | Hole] = []
    position = 0
    for found in _MARKED.finditer(text):
        pieces += [text[position : found.start()], holes[int(found[2])]]
        position = found.end()
    pieces.append(text[position:])
    return Leaf(tuple(piece for piece in pieces if piece != ""))


# --- Code --------------------------------------------------------------------


def object_function(tree: Node, program: Program, holes: Sequence[Hole]) -> Callable[[Values], bytes]:
    """
    The function that renders a tree as JSON.
    """
    uses = Counter(hole.name for hole in holes)
    program.inline = {name for name, times in uses.items() if times == 1 and name in ALWAYS_TEXT}
    program.inline -= {hole.name for hole in holes if hole.slot is Slot.JSON_VALUE}
    body, _ = program.reading(holes)
    program.known |= {"finite": _finite, "fragment": orjson.Fragment, "carefully": _carefully}
    body += [
        f"tree = {_code(tree, program)}",
        "try: made = dumps(tree)",
        "except TypeError: made = carefully(tree)",
    ]
    after = program.bounding_bytes() if holes else []
    return cast("Callable[[Values], bytes]", program.function(body, after, Faults(holes)))


def condition_of(node: Node) -> str:
    """
    The condition under which a node is there: while any leaf in it is. "" for always.
    """
    if isinstance(node, Leaf):
        return node.condition
    if isinstance(node, Exact) or not node:
        return ""
    conditions = [condition_of(child) for child in (node.values() if isinstance(node, dict) else node)]
    return " or ".join(dict.fromkeys(conditions)) if all(conditions) else ""


def _code(node: Node, program: Program) -> str:
    match node:
        case Leaf():
            return _leaf_code(node, program)
        case Exact():
            return _exact_code(node)
        case dict():
            return "{" + ", ".join(_member_code(name, child, program) for name, child in node.items()) + "}"
        case _:
            return "[" + ", ".join(_item_code(child, program) for child in node) + "]"


def _member_code(name: str, child: Node, program: Program) -> str:
    member = f"{name!r}: {_code(child, program)}"
    condition = condition_of(child)
    return f"**({{{member}}} if {condition} else {{}})" if condition else member


def _item_code(child: Node, program: Program) -> str:
    item = _code(child, program)
    condition = condition_of(child)
    return f"*([{item}] if {condition} else ())" if condition else item


def _leaf_code(leaf: Leaf, program: Program) -> str:
    if len(leaf.pieces) == 1 and isinstance(leaf.pieces[0], Hole):
        hole = leaf.pieces[0]
        if hole.slot is Slot.JSON_VALUE:
            # orjson writes null for what is no number.
            return f"({hole.name} if {hole.name}.__class__ is not float else finite({hole.name}))"
        return program.as_text(hole)
    inside = (
        literal(piece) if isinstance(piece, str) else f"{{{program.as_text(piece)}}}" for piece in leaf.pieces
    )
    return f"f'{''.join(inside)}'"


def _exact_code(exact: Exact) -> str:
    words = {"true": "True", "false": "False", "null": "None"}
    return words.get(exact.text, f"fragment({exact.text.encode()!r})")


def _finite(value: float) -> float:
    if not isfinite(value):
        raise UnsafeValue(f"JSON has no number {value}", slot=Slot.JSON_VALUE)
    return value


def _carefully(tree: object) -> bytes:
    """
    What orjson cannot write (integers beyond 64 bits), or the reason why nobody can.
    """
    return _written(tree).encode()


def _written(node: object) -> str:
    if isinstance(node, orjson.Fragment):
        return orjson.dumps(node).decode()
    if isinstance(node, list):
        return f"[{','.join(map(_written, node))}]"
    if isinstance(node, dict):
        return f"{{{','.join(f'{_written(name)}:{_written(child)}' for name, child in node.items())}}}"
    return ESCAPERS[Slot.JSON_VALUE](node)
