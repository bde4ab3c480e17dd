"""
JSON in, a tree out, with every number exact.

orjson reads it, and makes a float of an integer beyond 64 bits and of a decimal
of more digits than a float carries. Where a body holds such a number, and only
there, it is read again number by number.
"""

from __future__ import annotations

import gc
import json
import re
from decimal import Decimal, InvalidOperation
from itertools import accumulate, chain
from typing import TYPE_CHECKING

import orjson

from webhook_engine.errors import ResponseTooLarge, UnreadableResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .bounds import Bounds
    from .tree import Node

_LONG = re.compile(rb"-?[\d.]{16,}(?:[eE][+-]?\d+)?")
_DIGITS = bytes(48 if byte in b"0123456789." else 32 for byte in range(256))
_RUN = b"0000"
_NESTS = (dict, list)
_RARE = 100
_MOST_INT_DIGITS = 1_000
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(body: bytes, *, depth: int) -> Node:
    """
    The tree that *body* spells.

    Args:
        body: In UTF-8, without a byte order mark.

        depth: How deep it may nest.

    Returns:
        Integers of any length as int. Decimals as float where a float carries
        them exactly, else as `Decimal`. NaN and Infinity, which some systems
        write although JSON has none, as text.

    Raises:
        UnreadableResponse: It is not JSON; the place is told.

        ResponseTooLarge: It nests deeper than *depth*.
    """
    tree = _read_exactly(body, depth) if may_round(body) else _read_fast(body, depth)
    check_depth(tree, depth)
    return tree


def _read_fast(body: bytes, depth: int) -> Node:
    try:
        tree: Node = orjson.loads(body)
    except orjson.JSONDecodeError as refusal:
        if "depth" in refusal.msg:
            raise _too_deep(depth) from refusal
        # It refuses things that can be told: numbers beyond a float, NaN, half
        # a surrogate pair, control characters in texts.
        return _read_exactly(body, depth)
    return tree


def _read_exactly(body: bytes, depth: int) -> Node:
    try:
        tree: Node = json.loads(
            body.decode(), strict=False, parse_int=_exact_int, parse_float=_exact_float, parse_constant=str
        )
    except UnicodeDecodeError as problem:
        raise UnreadableResponse("the response is no readable JSON: it is not UTF-8") from problem
    except RecursionError:
        raise _too_deep(depth) from None
    except json.JSONDecodeError as problem:
        reason = problem.msg.removesuffix(" at")
        raise UnreadableResponse(
            f"the response is no readable JSON: {reason} at line {problem.lineno}, column {problem.colno}"
        ) from problem
    return _without_surrogates(tree) if b"\\ud" in body or b"\\uD" in body else tree


def _exact_int(digits: str) -> int | Decimal:
    # Python makes an int of very many digits slowly, and refuses to print it.
    return int(digits) if len(digits) <= _MOST_INT_DIGITS else Decimal(digits)


def _exact_float(digits: str) -> float | Decimal | str:
    number = float(digits)
    try:
        exact = Decimal(digits)
    except InvalidOperation:
        return digits
    # A float is told by 17 digits: who writes 0.10000000000000001 has the float 0.1.
    is_faithful = Decimal(repr(number)) == exact or Decimal(f"{number:.17g}") == exact
    return number if is_faithful else exact


def may_round(body: bytes) -> bool:
    """
    Whether orjson would round a number of *body*; now and then True where it would not.

    Every fourth byte is looked at: a number of sixteen characters or more, the
    only kind at risk, fills four of them in a row.
    """
    pieces = body[::4].translate(_DIGITS).split(_RUN)
    if len(pieces) == 1:
        return False
    ends = accumulate(len(piece) + len(_RUN) for piece in pieces[:-1])
    # Floats written with all their digits are common, and mostly the same few.
    return any(map(_may_be_rounded, {body[max(0, 4 * end - 20) : 4 * end + 20] for end in ends}))


def _may_be_rounded(around: bytes) -> bool:
    number = _LONG.search(around)
    if number is None:
        return False
    # One that goes on beyond what is seen here is too long for a float.
    return number.end() == len(around) or not _is_faithful(number[0].decode())


def _is_faithful(digits: str) -> bool:
    try:
        number = _exact_int(digits) if digits.lstrip("-").isdigit() else _exact_float(digits)
    except ValueError:  # An address or a date, which is in a text.
        return True
    return isinstance(number, float) or (isinstance(number, int) and -(2**63) <= number < 2**64)


def check_nests(body: bytes, bounds: Bounds) -> None:
    """
    Raises:
        ResponseTooLarge: *body* opens more objects and lists than *bounds* allow; brackets in its texts count.
    """
    # Looking is quick, and needless where not even all of its bytes would be too many.
    if len(body) <= bounds.nests:
        return
    lists = _count(body, b"[")
    if lists > bounds.nests or _has_more(body, b"{", bounds.nests - lists):
        raise ResponseTooLarge(
            f"the response has more than {bounds.nests:,} objects and lists: "
            "ask the target system for fewer records"
        )


def _count(body: bytes, mark: bytes) -> int:
    """
    How often *mark*, which is mostly rare, is in *body*: `find` leaps to the next, where `count` looks at every byte.
    """
    at = body.find(mark)
    for seen in range(_RARE):
        if at < 0:
            return seen
        at = body.find(mark, at + 1)
    return _RARE + (body.count(mark, at) if at >= 0 else 0)


def _has_more(body: bytes, mark: bytes, times: int) -> bool:
    """
    Whether *mark* is in *body* more often than that: `replace` leaps too, and from each to the next in C.
    """
    return mark in body.replace(mark, b" ", times)


def check_depth(tree: Node, depth: int) -> None:
    """
    Raises:
        ResponseTooLarge: Objects and lists of *tree* lie deeper than *depth* in each other.
    """
    level: list[Node] = [tree] if isinstance(tree, _NESTS) else []
    for _ in range(depth - 1):
        # What the garbage collector does not track holds nothing that nests; the rest is few, and
        # from Python 3.13 on a Decimal is among it.
        tracked = filter(gc.is_tracked, chain.from_iterable(map(_inside, level)))
        level = [node for node in tracked if isinstance(node, _NESTS)]
        if not level:
            return
    if any(isinstance(child, _NESTS) for node in level for child in _inside(node)):
        raise _too_deep(depth)


def _inside(node: Node) -> Iterable[Node]:
    return node.values() if isinstance(node, dict) else node  # type: ignore[return-value]


def _too_deep(depth: int) -> ResponseTooLarge:
    return ResponseTooLarge(f"the response nests deeper than {depth} levels")


def _without_surrogates(node: Node) -> Node:
    if isinstance(node, str):
        return _SURROGATE.sub("\ufffd", node)
    if isinstance(node, list):
        return [_without_surrogates(item) for item in node]
    if isinstance(node, dict):
        return {_SURROGATE.sub("\ufffd", name): _without_surrogates(value) for name, value in node.items()}
    return node
