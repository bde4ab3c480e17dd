"""
Form-encoded text in, a tree out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from webhook_engine.errors import ResponseTooLarge

if TYPE_CHECKING:
    from .tree import Node

_MOST_FIELDS = 10_000


def read_form(body: bytes) -> Node:
    """
    The fields of `a=1&b=2`; one that comes more than once is a list.

    Args:
        body: In UTF-8.

    Raises:
        ResponseTooLarge: There are more than ten thousand fields.
    """
    text = body.decode("utf-8", "replace").strip()
    try:
        fields = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS)
    except ValueError as problem:
        raise ResponseTooLarge(f"the response has more than {_MOST_FIELDS:,} fields") from problem
    tree: dict[str, Node] = {}
    for name, value in fields:
        if name not in tree:
            tree[name] = value
        elif isinstance(known := tree[name], list):
            known.append(value)
        else:
            tree[name] = [known, value]
    return tree
