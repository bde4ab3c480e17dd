"""
Whether a response says nothing but that something went wrong.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from .lines import one_line
from .names import is_remark, names, plain
from .tree import SCALARS, TEXT, is_empty, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .tree import Node

_ERRORS: Final = names("""
    error errors err errormessage errormsg errordescription errordetail fault exception
    exceptionmessage faultstring
    """)
"""Members that are there only when something went wrong."""

_FLAGS: Final = names("success ok successful issuccess succeeded")
_STATES: Final = names("status state result statustext")
_FAILED: Final = names("error fail failed failure")
_NO: Final = frozenset({"", "0", "false", "no", "none", "null", "ok", "success"})

_SPOKEN: Final = (
    *("message", "errormessage", "errormsg", "errordescription", "exceptionmessage", "faultstring"),
    *("detail", "details", "description", "msg", "reason", "text", "title"),
    *("error", "errors", "err", "fault", "exception", "value", "code", "errorcode", "faultcode"),
)
"""Where the words are, the most telling first."""

_MOST_ENVELOPES: Final = 5
_MOST_MEMBERS: Final = 40


def complaint_of(tree: Node) -> str | None:
    """
    The words of a response that is an error and nothing else.

    It may lie in envelopes (`<XML><Error>…`, a SOAP fault, `{"response":
    {"error": …}}`) and beside remarks like a code or a time. An error beside
    data is no such response: an outcome rule can tell what that means.

    Returns:
        One line of at most 300 characters; None where there is anything else.
    """
    node = tree
    for _ in range(_MOST_ENVELOPES):
        if isinstance(node, list) and len(node) == 1:
            node = node[0]
        if not isinstance(node, dict) or not node:
            return None
        if _is_complaint(node):
            return one_line(_words(node)) or "it gave no reason"
        inner = [value for name, value in node.items() if not (is_empty(value) or plain(name) == "header")]
        if len(inner) != 1:
            return None
        node = inner[0]
    return None


def is_remark_only(tree: Node, *, root: str | None = None) -> bool:
    """
    Whether a response tells something about itself and nothing else: `{"message": "Not found"}`,
    `<Error><Code>…`, or words in place of data.

    Args:
        root: The name of an XML document's outermost element.
    """
    if root is not None and plain(root) in _ERRORS:
        return True
    return isinstance(tree, str) or (isinstance(tree, dict) and all(is_remark(name) for name in tree))


def is_aside(name: str) -> bool:
    """
    Whether a member of that name may stand in a response that is nothing but an error.
    """
    return is_remark(name) or plain(name) in _STATES


def _is_complaint(node: dict[str, Node]) -> bool:
    if len(node) > _MOST_MEMBERS:
        return False
    told = {plain(name): value for name, value in node.items() if not is_empty(value)}
    if not all(is_remark(name) or name in _STATES for name in told):
        return False
    return any(_says_error(name, value) for name, value in told.items())


def _says_error(name: str, value: Node) -> bool:
    if type(value) not in SCALARS:
        return name in _ERRORS
    word = text_of(value).strip().lower()  # type: ignore[arg-type]
    if name in _ERRORS:
        return word not in _NO
    if name in _FLAGS:
        return word in {"false", "0", "no"}
    return name in _STATES and word in _FAILED


def spoken_of(tree: Node) -> str:
    """
    The words in which a response explains itself, on one line; "" for none.
    """
    return one_line(_words(tree))


def _words(node: Node, depth: int = 0) -> str:
    if depth > _MOST_ENVELOPES or node is True or node is None:
        return ""
    if isinstance(node, list):
        said = [_words(item, depth + 1) for item in node[:5]]
        return "; ".join(dict.fromkeys(filter(None, said)))
    if isinstance(node, dict):
        return ": ".join(dict.fromkeys(_clauses(node, depth)))
    return text_of(node).strip()


def _clauses(node: dict[str, Node], depth: int) -> Iterator[str]:
    """
    The error's name, if it has one, and the best explanation of it.
    """
    few = dict(islice(node.items(), _MOST_MEMBERS))
    told = {plain(name): value for name, value in few.items() if not is_empty(value)}
    if TEXT in node:
        told["text"] = node[TEXT]
    name = told.get("error")
    if isinstance(name, str) and name.strip().lower() not in _NO | {"true", "1", "yes"}:
        yield name.strip()
    for key in _SPOKEN:
        words = _words(told[key], depth + 1) if key in told else ""
        if words and words.lower() not in _NO | {"true", "1", "yes"}:
            yield words
            return
    for value in few.values():
        if isinstance(value, dict | list) and (words := _words(value, depth + 1)):
            yield words
            return
