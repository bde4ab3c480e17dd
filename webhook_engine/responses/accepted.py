"""
The everyday response to what was posted, judged without a table.

It says in a few bytes that all is well, and nobody looks for records in it. Where anything is out of the
ordinary, nothing is told, and the long way decides; where something is, it is what the long way would say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from .complaint import complaint_of
from .defaults import answered
from .facts import Outcome
from .glance import DECIDED_BY, _is_aside, _is_plain_json
from .names import plain
from .outcome import Verdict
from .tree import is_empty

if TYPE_CHECKING:
    from .response import Response

LONGEST: Final = 4096
"""Bytes: too few for more columns than a table may have."""

_DEEPEST: Final = 32
"""Objects and lists, all together: fewer than may lie inside each other."""

ACCEPTED: Final = Verdict(outcome=Outcome.OK, sentence=answered(0, expects_rows=False), decided_by=DECIDED_BY)


def is_accepted(response: Response) -> bool:
    """
    Whether an everyday response accepts what was sent; where not, it may accept it all the same.
    """
    body = response.body
    if not (200 <= response.status < 300 and body[:1] == b"{" and len(body) <= LONGEST):
        return False
    if not _is_plain_json(response.headers) or body.count(b"{") + body.count(b"[") > _DEEPEST:
        return False
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    told = [name for name, value in tree.items() if not (is_empty(value) or plain(name) == "header")]
    if len(told) > 1 and not all(map(_is_aside, told)):
        # Something that no error has beside it, and more than one member, so no envelope either.
        return True
    return complaint_of(tree) is None
