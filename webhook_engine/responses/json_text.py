"""
JSON in, a tree out, with every number exact.

orjson reads it, and makes a float of an integer beyond 64 bits and of a decimal
of more digits than a float carries. Where a body holds such a number, and only
there, it is read again number by number.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import orjson

from webhook_engine.errors import ResponseTooLarge, UnreadableResponse

from .charset import is_utf8

if TYPE_CHECKING:
    from .tree import Node

_LONG = re.compile(rb"-?[\d.]{16,}(?:[eE][+-]?\d+)?")
_DIGITS = bytes(48 if byte in b"0123456789." else 32 for byte in range(256))
_RUN = re.compile(rb"0000+")
_NOT_OPENING = bytes(byte for byte in range(256) if byte not in b"[{")
_NESTS = (dict, list)
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
    try:
        tree: Node = orjson.loads(body)
    except orjson.JSONDecodeError as refusal:
        tree = _read_leniently(body, refusal, depth)
    else:
        if has_inexact_numbers(body):
            _check_depth(tree, body, depth)
            tree = _read_exactly(body)
    _check_depth(tree, body, depth)
    return tree


def _read_leniently(body: bytes, refusal: orjson.JSONDecodeError, depth: int) -> Node:
    """
    What orjson refuses although it can be told what was meant: numbers beyond
    a float, NaN, half a surrogate pair, control characters in strings.
    """
    if "depth" in refusal.msg:
        raise _too_deep(depth) from refusal
    if not is_utf8(body):
        raise UnreadableResponse("the response is no readable JSON: it is not UTF-8") from refusal
    try:
        return _without_surrogates(_read_exactly(body))
    except RecursionError:
        raise _too_deep(depth) from None
    except json.JSONDecodeError as problem:
        raise UnreadableResponse(
            f"the response is no readable JSON: {problem.msg} at line {problem.lineno}, column {problem.colno}"
        ) from problem


def _read_exactly(body: bytes) -> Node:
    tree: Node = json.loads(
        body.decode("utf-8", "replace"),
        strict=False,
        parse_int=_exact_int,
        parse_float=_exact_float,
        parse_constant=str,
    )
    return tree


def _exact_int(digits: str) -> int | Decimal:
    # Python makes an int of very many digits slowly, and refuses to print it.
    return int(digits) if len(digits) <= _MOST_INT_DIGITS else Decimal(digits)


def _exact_float(digits: str) -> float | Decimal | str:
    number = float(digits)
    try:
        exact = Decimal(digits)
    except InvalidOperation:
        return digits
    return number if Decimal(repr(number)) == exact else exact


def has_inexact_numbers(body: bytes) -> bool:
    """
    Whether orjson would round a number of *body*.

    Every fourth byte is looked at: a number of sixteen characters or more, the
    only kind at risk, fills four of them in a row.
    """
    sample = body[::4].translate(_DIGITS)
    if b"0000" not in sample:
        return False
    # Floats written with all their digits are common, and mostly the same few.
    faithful: set[bytes] = set()
    for run in _RUN.finditer(sample):
        number = _LONG.search(body, max(0, run.start() * 4 - 4), run.end() * 4 + _MOST_INT_DIGITS)
        if number and (digits := number[0]) not in faithful:
            if _is_rounded(digits.decode()):
                return True
            faithful.add(digits)
    return False


def _is_rounded(digits: str) -> bool:
    if digits.lstrip("-").isdigit():
        return len(digits) > 18 and not -(2**63) <= _exact_int(digits) < 2**64
    try:
        return isinstance(_exact_float(digits), Decimal)
    except ValueError:
        return False


def _check_depth(tree: Node, body: bytes, depth: int) -> None:
    """
    Raises:
        ResponseTooLarge: Objects and lists of *tree* lie deeper than *depth* in each other.
    """
    # Once as many have been met as the body opens, there cannot be more below.
    unseen = len(body.translate(None, _NOT_OPENING))
    level: list[Node] = [tree] if isinstance(tree, _NESTS) else []
    for _ in range(depth):
        unseen -= len(level)
        if not level or unseen <= 0:
            return
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)  # type: ignore[union-attr]
            if isinstance(child, _NESTS)
        ]
    if level:
        raise _too_deep(depth)


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
