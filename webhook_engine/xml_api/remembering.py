"""
What short requests said lately, so that who looks every second is not read every second.

A body is known by its digest. Its key is not kept: where in the body it stands is, and each request brings its own.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from webhook_engine.xml_api.envelope import TENANT, Envelope

LONGEST: Final = 2_048
"""Bytes of a body that is remembered."""

_KNOWN: Final = 256

Reader: TypeAlias = Callable[[bytes, str], Envelope]
"""Body and content type -> what they say; raises where they say nothing."""


class _Known(NamedTuple):
    envelope: Envelope
    """Without the key."""

    begins: int
    ends: int


class Memory:
    """
    The bodies that came last, the least recently used of which go.
    """

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._known: OrderedDict[tuple[bytes, str], _Known] = OrderedDict()

    def envelope(self, body: bytes, content_type: str) -> Envelope:
        """
        What a body says; raises as *read* does.
        """
        place = (hashlib.sha256(body).digest(), content_type)
        known = self._known.get(place)
        if known is None:
            return self._learned(body, content_type, place)
        self._known.move_to_end(place)
        tenant, _, action, children, is_long = known.envelope
        return Envelope(tenant, body[known.begins : known.ends].decode("ascii"), action, children, is_long)

    def _learned(self, body: bytes, content_type: str, place: tuple[bytes, str]) -> Envelope:
        found = self._read(body, content_type)
        if found.auth.isascii() and (begins := body.find(found.auth.encode())) >= 0:
            children = [each for each in found.children if each[0] != TENANT]
            without = found._replace(auth="", children=children)
            self._known[place] = _Known(without, begins, begins + len(found.auth))
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        return found
