"""
What is wrapping and what is the answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .names import is_holder, is_meta, is_sure_holder
from .tree import is_empty

if TYPE_CHECKING:
    from .path import Path
    from .tree import Node

MOST_ENVELOPES: Final = 8
"""SOAP has two of its own, then come those of the method and of its result."""

_ID = re.compile(
    r"""
      -?\d+                                                  # 1001
    | [A-Za-z]{1,16}[-_:/#.]?\d{2,}                          # C1001, cust_77
    | [0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}   # a UUID
    | (?=[0-9a-zA-Z]*\d)[0-9a-zA-Z]{15,32}                   # a digest, a Salesforce id
    | [^\s@]{1,64}@[^\s@]{1,190}                             # an e-mail address
    | \+\d[\d ]{5,20}                                        # a telephone number
    """,
    re.VERBOSE,
)


def unwrap(tree: Node) -> tuple[Path, Node, tuple[str, ...]]:
    """
    The answer inside its envelopes.

    Returns:
        The path to it, the answer itself, and the names of lists beside it
        that might have been meant instead.
    """
    path: list[str] = []
    node = tree
    others: tuple[str, ...] = ()
    while len(path) < MOST_ENVELOPES and isinstance(node, dict):
        name, beside = _content(node)
        if name is None:
            break
        path.append(name)
        node, others = node[name], others or beside
    return tuple(path), node, others


def _content(node: dict[str, Node]) -> tuple[str | None, tuple[str, ...]]:
    """
    The member that this object is only the envelope of, and lists that stand beside it.
    """
    if "Body" in node and node.keys() <= {"Header", "Body"}:
        return "Body", ()
    own = [name for name in node if not is_meta(name) and not ("jsonrpc" in node and name == "id")]
    if len(own) == 1 and not is_id(own[0]):
        name, value = own[0], node[own[0]]
        return (name if _may_be_content(node, name, value) else None), ()
    if keyed(node):
        return None, ()
    lists = [name for name in own if _is_rows(node[name])]
    sure = [name for name in lists if is_sure_holder(name)]
    if len(sure) == 1 or (lists and all(_is_rows(node[name]) or is_empty(node[name]) for name in own)):
        name = sure[0] if sure else lists[0]
        return name, tuple(other for other in lists if other != name)
    return None, ()


def _may_be_content(node: dict[str, Node], name: str, value: Node) -> bool:
    if isinstance(value, dict) or is_empty(value):
        return True
    # A list of plain values beside others is a value of the record, unless its name says otherwise.
    return isinstance(value, list) and (len(node) == 1 or is_holder(name) or _is_rows(value))


def _is_rows(value: Node) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict | list)


def keyed(node: dict[str, Node]) -> list[str]:
    """
    The ids that the members of this object are named by; none where it is no such object.
    """
    own = [name for name in node if not is_meta(name)]
    if own and all(is_id(name) and isinstance(node[name], dict) for name in own):
        return own
    return []


def is_id(name: str) -> bool:
    """
    Whether a member of that name is one of many, named by their ids.
    """
    return _ID.fullmatch(name) is not None
