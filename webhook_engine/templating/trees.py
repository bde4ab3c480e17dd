"""
Parameters as a tree: `contact.phone` nests, `lines[0].sku` and a name given twice make lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from webhook_engine.templating.objects import Leaf, Node, condition_of
from webhook_engine.templating.pieces import Conditional, Hole, Piece
from webhook_engine.templating.slots import ESCAPERS, Slot
from webhook_engine.templating.xml_grammar import NAME

_STEP = re.compile(r"(?P<name>(?:[^.\[\]\\]|\\.)+)(?P<indices>(?:\[[0-9]{1,3}\])*)(?:\.(?=.)|\Z)", re.DOTALL)
_XML_NAME = re.compile(rf"{NAME}\Z")
_DEPTH_LIMIT = 32

Step = str | int


class Misfit(Exception):
    """
    A parameter's name that does not read, or that does not go with the others.
    """


def steps_of(name: str) -> tuple[Step, ...]:
    r"""
    The way to a parameter's place: `lines[0].sku` is `lines`, 0, `sku`; `\.` is a dot that nests nothing.

    Raises:
        Misfit: The name does not read.
    """
    steps: list[Step] = []
    position = 0
    while found := _STEP.match(name, position):
        steps.append(re.sub(r"\\(.)", r"\1", found["name"]))
        steps += [int(index) for index in re.findall(r"[0-9]+", found["indices"])]
        position = found.end()
    if not steps or position < len(name):
        raise Misfit(f"the name {name!r} does not read; write it like contact.phone or lines[0].sku")
    if len(steps) > _DEPTH_LIMIT:
        raise Misfit(f"the name {name!r} nests deeper than {_DEPTH_LIMIT}")
    return tuple(steps)


def put(tree: Node, steps: tuple[Step, ...], leaf: Leaf) -> None:
    """
    Set *leaf* into the tree.

    Raises:
        Misfit: Something else stands in its way.
    """
    step, following = steps[0], steps[1:]
    if isinstance(step, int):
        _put_into_list(tree, step, following, leaf)
    elif not isinstance(tree, dict):
        raise Misfit(f"{step} would stand inside of what is a plain value or a list elsewhere")
    elif following:
        put(tree.setdefault(step, _empty(following)), following, leaf)
    elif step not in tree:
        tree[step] = leaf
    else:
        tree[step] = _repeated(step, tree[step], leaf)


def _put_into_list(tree: Node, index: int, following: tuple[Step, ...], leaf: Leaf) -> None:
    if not isinstance(tree, list):
        raise Misfit(f"[{index}] would stand in what is no list elsewhere")
    if index > len(tree):
        raise Misfit(f"[{index}] comes before [{len(tree)}]: the entries of a list are given in order")
    if index == len(tree):
        tree.append(_empty(following) if following else leaf)
    elif not following:
        raise Misfit(f"[{index}] is given twice")
    if following:
        put(tree[index], following, leaf)


def _empty(following: tuple[Step, ...]) -> Node:
    return [] if isinstance(following[0], int) else {}


def _repeated(step: str, held: Node, leaf: Leaf) -> Node:
    if isinstance(held, list) and all(isinstance(item, Leaf) for item in held):
        return [*held, leaf]
    if isinstance(held, Leaf):
        return [held, leaf]
    raise Misfit(f"{step} is a plain value here and holds others elsewhere")


# --- XML ---------------------------------------------------------------------


def document_pieces(root: str, tree: Node) -> list[Piece]:
    """
    The root element, which is there whatever is in it.

    Raises:
        Misfit: A name that XML does not allow, or an attribute that is no plain value.
    """
    check_xml_steps((root,))
    return [f"<{root}", *_inside(tree), f"</{root}>"]


def _elements(name: str, node: Node) -> list[Piece]:
    """
    The element *name*, one for each entry where it is a list; a member `@id` is its attribute.
    """
    if isinstance(node, list):
        return [piece for item in node for piece in _elements(name, item)]
    pieces = [f"<{name}", *_inside(node), f"</{name}>"]
    condition = condition_of(node)
    return [Conditional(condition, tuple(pieces))] if condition else pieces


def _inside(node: Node) -> list[Piece]:
    """
    Attributes, the end of the start tag, and content.
    """
    if isinstance(node, Leaf):
        return [">", *encoded_for(node.pieces, Slot.XML_TEXT)]
    members = node.items() if isinstance(node, dict) else ()
    attributes = [
        piece for step, child in members if step[:1] == "@" for piece in _attribute(step[1:], child)
    ]
    content = [piece for step, child in members if step[:1] != "@" for piece in _elements(step, child)]
    return [*attributes, ">", *content]


def _attribute(name: str, node: Node) -> list[Piece]:
    if not isinstance(node, Leaf):
        raise Misfit(f"the attribute @{name} holds one plain value")
    pieces = (f' {name}="', *encoded_for(node.pieces, Slot.XML_ATTRIBUTE), '"')
    return [Conditional(node.condition, pieces)] if node.condition else list(pieces)


def _check_name(name: str) -> None:
    if not _XML_NAME.match(name):
        raise Misfit(f"{name!r} is not a name that XML allows")


def check_xml_steps(steps: Iterable[Step]) -> None:
    """
    Refuse names XML does not allow; only the last may be an attribute's.

    Raises:
        Misfit: One is not allowed.
    """
    names = [step for step in steps if isinstance(step, str)]
    for name in names[:-1]:
        _check_name(name)
    for name in names[-1:]:
        _check_name(name.removeprefix("@"))


def in_slot(pieces: Iterable[Piece], slot: Slot) -> tuple[str | Hole, ...]:
    """
    The pieces of a plain value, their holes in another slot.
    """
    return tuple(
        Hole(piece.name, slot) if isinstance(piece, Hole) else piece
        for piece in pieces
        if isinstance(piece, str | Hole)
    )


def encoded_for(pieces: Iterable[Piece], slot: Slot) -> tuple[str | Hole, ...]:
    """
    The same, with their author's text encoded for that slot.
    """
    return tuple(
        ESCAPERS[slot](piece) if isinstance(piece, str) else piece for piece in in_slot(pieces, slot)
    )
