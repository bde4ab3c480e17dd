"""
The structure of a URL: which part of it a place lies in.

Source:
    RFC 3986, 3: scheme "://" authority path ["?" query] ["#" fragment].
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from enum import Enum, auto
from urllib.parse import quote

from webhook_engine.errors import UnsafeValue
from webhook_engine.templating.pieces import Piece
from webhook_engine.templating.scan import Part, PartKind
from webhook_engine.templating.slots import Slot
from webhook_engine.templating.walk import Misplaced

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_HOST_ENDS = re.compile(r"[/?#]")
_HOST = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")
_PATH_ENDS = re.compile(r"[?#]")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPED_DOT = re.compile(r"%2e", re.IGNORECASE)
_CLIMBS = re.compile(r"/(?:\.|%2e){1,2}(?=[/?#]|\Z)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_DOT_SEGMENT = re.compile(r"/\.{1,2}(?=[/?#]|\Z)")
_NOT_IN_A_URL = re.compile(r"[^\x21-\x7e]")
# All that a URL may hold as it is: unreserved, reserved, and escapes already made (RFC 3986, 2.2 and 2.3).
_LEGAL = "%-._~:/?#[]@!$&'()*+,;="


class Region(Enum):
    """
    A part of a URL.
    """

    SCHEME = auto()
    HOST = auto()
    PATH = auto()
    QUERY = auto()
    FRAGMENT = auto()


_SLOTS = {Region.PATH: Slot.URL_PATH, Region.QUERY: Slot.URL_QUERY, Region.FRAGMENT: Slot.URL_FRAGMENT}


class UrlWalker:
    """
    Follows a URL, which must start with its scheme and host.
    """

    def __init__(self, hosts: Collection[str] = ()) -> None:
        self.state = Region.SCHEME
        self.is_unsure = False
        self._hosts = hosts
        self._host: list[str] = []
        self._host_varies = False
        self._last = ("", 0)

    def text(self, text: str, at: int, /) -> str:
        """
        The text as it may stand in a URL: what may not is percent-encoded.
        """
        problem = _CONTROL.search(text)
        if problem:
            raise Misplaced("a URL holds no line break and no control character", at + problem.start())
        self._last = (text, at)
        sent = []
        if self.state is Region.SCHEME:
            scheme = _SCHEME.match(text)
            if not scheme:
                raise Misplaced("a URL starts with https:// or http://, followed by the host", at)
            sent.append(scheme[0].lower())
            self.state = Region.HOST
            at, text = at + scheme.end(), text[scheme.end() :]
        if self.state is Region.HOST:
            host, text = self._over_host(text, at)
            at += len(host)
            sent.append(host)
        sent.append(self._legal(text, at))
        return "".join(sent)

    def _over_host(self, text: str, at: int) -> tuple[str, str]:
        found = _HOST_ENDS.search(text)
        host, rest = (text[: found.start()], text[found.start() :]) if found else (text, "")
        if "@" in host:
            raise Misplaced("a URL holds no user and no password: they belong to the group's members", at)
        self._host.append(host)
        if found:
            self._end_host(at)
            self.state = Region.PATH
            if not rest.startswith("/"):
                host += "/"
        return host, rest

    def _end_host(self, at: int) -> None:
        host = "".join(self._host)
        if self._host_varies:
            return
        if not _HOST.match(host):
            raise Misplaced(f"{host!r} is not a host name" if host else "the host name is missing", at)
        if self._hosts and host.lower() not in self._hosts:
            raise Misplaced(f"{host} is not one of the hosts this webhook may reach", at)

    def _legal(self, text: str, at: int) -> str:
        broken = _BROKEN_ESCAPE.search(text)
        if broken:
            raise Misplaced("a percent sign in a URL is written %25", at + broken.start())
        if self.state is Region.PATH:
            self._path(text, at)
        for mark in text:
            if mark == "#":
                self.state = Region.FRAGMENT
            elif mark == "?" and self.state is Region.PATH:
                self.state = Region.QUERY
        # Escaped dots climb as bare ones do; written bare, one check sees both.
        return quote(_ESCAPED_DOT.sub(".", text), safe=_LEGAL)

    def _path(self, text: str, at: int, *, ends: bool = False) -> None:
        """
        Refuse segments of dots. What stands at the end may go on with a value, which is looked at then.
        """
        path = _PATH_ENDS.split(text, maxsplit=1)[0]
        climb = _CLIMBS.search(path)
        if climb and (ends or climb.end() < len(text)):
            raise Misplaced(f"{climb[0][1:]} is no part of a path: it would climb", at + climb.start() + 1)

    def place(self, at: int, /) -> Slot:
        """
        The slot of the region; scheme and host take variables only where hosts are listed.
        """
        if self.state is Region.SCHEME:
            raise Misplaced("a URL starts with https:// or http:// and its host: these take no variables", at)
        if self.state is Region.HOST:
            if not self._hosts:
                raise Misplaced(
                    "the host takes no variables, unless the webhook lists the hosts it may reach", at
                )
            self._host_varies = True
            return Slot.URL_HOST
        self._last = ("", at)
        return _SLOTS[self.state]

    def join(self, one: Region, other: Region, /) -> Region | None:
        """
        Branches must end in the same region.
        """
        return one if one == other else None

    def end(self, at: int, /) -> str:
        """
        A URL needs its host; its path is never left out.
        """
        if self.state is Region.SCHEME:
            raise Misplaced("the URL is empty", at)
        if self.state is Region.HOST:
            self._end_host(at)
            self.state = Region.PATH
            return "/"
        if self.state is Region.PATH:
            self._path(*self._last, ends=True)
        return ""


def may_climb(pieces: Sequence[Piece]) -> bool:
    """
    Whether several pieces together may make a segment of dots, which each of them alone does not.
    """
    segments: list[list[Piece]] = [[]]
    for piece in pieces:
        if isinstance(piece, str):
            first, *others = re.split(r"[/?#]", piece)
            segments[-1].append(first)
            segments += [[other] for other in others]
        else:
            segments[-1].append(piece)
    return any(_is_dots([piece for piece in segment if piece != ""]) for segment in segments)


def _is_dots(segment: Sequence[Piece]) -> bool:
    return len(segment) > 1 and not any(piece.strip(".") for piece in segment if isinstance(piece, str))


def gaps_of(url: str) -> int:
    """
    How many segments of a URL's path are empty.
    """
    return _PATH_ENDS.split(url, maxsplit=1)[0].split("/")[3:].count("")


def gaps_written(parts: Sequence[Part]) -> int:
    """
    How many its author left empty: what is deleted at `/contacts/` is not what is at `/contacts/17`.
    """
    written = "".join(
        part.text if part.kind is PartKind.TEXT else "" if part.kind is PartKind.BLOCK else "x"
        for part in parts
    )
    # Without any path the root is asked for.
    return gaps_of(written) if _PATH_ENDS.split(written, maxsplit=1)[0].count("/") > 2 else 1


def check_path(url: str) -> None:
    """
    Refuse a path that climbs, though no value alone does: `{A}{B}` with a dot in each.
    """
    # A rare sight in a URL; the look costs nothing, the closer one only where it is due.
    if "/." in url and _DOT_SEGMENT.search(re.split(r"[?#]", url, maxsplit=1)[0]):
        raise UnsafeValue(
            "a URL path cannot carry '.' or '..' as a segment: it would climb", slot=Slot.URL_PATH
        )


def check_host(url: str, *, hosts: Collection[str]) -> None:
    """
    Refuse a URL that leads to a host not listed.
    """
    host = _HOST_ENDS.split(url.partition("://")[2], maxsplit=1)[0]
    if host.lower() not in hosts:
        raise UnsafeValue(f"{host!r} is not one of the hosts this webhook may reach", slot=Slot.URL_HOST)


def check_written(url: str) -> None:
    """
    Refuse what an author's `raw` let through and no URL may hold.
    """
    illegal = _NOT_IN_A_URL.search(url)
    if illegal:
        raise UnsafeValue(f"a URL cannot carry {illegal[0]!r} as it is", slot=Slot.URL_PATH)
