"""
Secrets, made unreadable wherever they may have got to.
"""

from __future__ import annotations

import asyncio
import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import cast
from urllib.parse import quote

HIDDEN = "***"

SHORTEST_IN_AN_ANSWER = 6
"""Characters. A shorter secret is too likely to be a part of what the target system has to say."""

_SHORTEST_RUN = 4
"""Letters and digits in a row by which an answer is looked through before it is searched."""


AT_ONCE = 128 * 1024
"""Bytes that are searched without a pause. A target that repeats half a secret over and over makes that slow."""

_LONGEST_SPELLING = 64
"""Bytes of one character, as `&#0000000000000000000000039;`; some more zeros are nobody's honest spelling."""


class Masker:
    """
    Replaces secrets by `***`, in whichever encoding they stand.
    """

    __slots__ = ("_answer", "_bytes", "_known", "_marks", "_text")

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """
        Args:
            secrets: What must not be seen: keys, passwords, tokens.
        """
        known = sorted({secret for secret in secrets if secret}, key=lambda secret: (-len(secret), secret))
        long = [secret for secret in known if len(secret) >= SHORTEST_IN_AN_ANSWER]
        pattern = "|".join(map(_every_spelling, known))
        self._known = tuple(known)
        self._text = re.compile(pattern) if known else None
        self._bytes = re.compile(pattern.encode()) if known else None
        self._answer = re.compile("|".join(map(_every_spelling, long)).encode()) if long else None
        self._marks = marks_of(long)

    def __repr__(self) -> str:
        return "Masker(***)" if self._text else "Masker()"

    def also(self, secrets: tuple[str, ...]) -> Masker:
        """
        A masker for these secrets as well.
        """
        return masker_of((*self._known, *secrets)) if secrets else self

    def text(self, text: str) -> str:
        """
        *text* without the secrets.
        """
        return self._text.sub(HIDDEN, text) if self._text else text

    def data(self, data: bytes) -> bytes:
        """
        *data* without the secrets.
        """
        return self._bytes.sub(HIDDEN.encode(), data) if self._bytes else data

    def answer(self, body: bytes) -> bytes:
        """
        A target system's *body*, without secrets that it sent back.

        Secrets of fewer than six characters stay: taking every `1234` out of a table would
        change what it says.
        """
        if self._answer is None or not any(mark in body for mark in self._marks):
            return body
        return self._answer.sub(HIDDEN.encode(), body)

    async def answer_in_turns(self, body: bytes) -> bytes:
        """
        As `answer`, for a long *body*: others have their turn between its pieces.
        """
        if self._answer is None or len(body) <= AT_ONCE or not any(mark in body for mark in self._marks):
            return self.answer(body)
        pieces: list[bytes] = []
        at = 0
        while at < len(body):
            at = self._hide(body, at, min(at + AT_ONCE, len(body)), pieces)
            await asyncio.sleep(0)
        return b"".join(pieces)

    def _hide(self, body: bytes, at: int, end: int, pieces: list[bytes]) -> int:
        """
        Adds *body* from *at* on to *pieces*, without the secrets that begin before *end*.

        Returns:
            How far that is.
        """
        pattern = cast("re.Pattern[bytes]", self._answer)
        longest = _LONGEST_SPELLING * len(self._known[0])
        for found in pattern.finditer(body, at, end + longest):
            if found.start() >= end:
                break
            pieces += (body[at : found.start()], HIDDEN.encode())
            at = found.end()
        if at < end:
            pieces.append(body[at:end])
        return max(at, end)


def _every_spelling(secret: str) -> str:
    """
    A pattern for *secret*, each character of it in any of its spellings, or all of it in base64.
    """
    return "".join(map(_any_spelling, secret)) + "".join(f"|{re.escape(form)}" for form in _in_base64(secret))


@lru_cache(maxsize=1024)
def _any_spelling(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character
    percent = "".join(f"%{octet:02x}" for octet in character.encode())
    found = [
        re.escape(character),
        _hex(percent),
        _hex(percent.replace("%", "%25")),
        # JSON: some escape `<`, `&` and `/` as well.
        _hex(re.escape("".join(f"\\u{unit:04x}" for unit in _utf16(character)))),
        re.escape(json.dumps(character)[1:-1]),
        f"&#0*{ord(character)};",
        f"&#[xX]0*{_hex(f'{ord(character):x}')};",
        re.escape(html.escape(character)),
    ]
    found += _twice(character)
    found += {" ": [r"\+"], "/": [r"\\/"], "'": ["&apos;"]}.get(character, [])
    # Longest first: a backslash is also the beginning of an escaped one.
    return f"(?:{'|'.join(sorted(set(found), key=lambda each: (-len(each), each)))})"


def _twice(character: str) -> Iterator[str]:
    """
    What JSON makes of *character*, quoted in JSON, HTML or a URL, as where a target system repeats a body of ours.
    """
    units = "".join(f"\\u{unit:04x}" for unit in _utf16(character))
    yield _hex(re.escape(units.replace("\\", "\\\\")))
    yield _hex(units.replace("\\", "%5c"))
    once = json.dumps(character)[1:-1]
    if once == character or not character.isascii():
        return
    yield re.escape(json.dumps(once)[1:-1])
    yield re.escape(html.escape(once))
    yield _hex(quote(once, safe="").lower())


def _hex(digits: str) -> str:
    """
    Letters among hexadecimal *digits*, large or small; `u` and `x` are none.
    """
    return re.sub(r"[a-f]", lambda found: f"[{found[0]}{found[0].upper()}]", digits)


def _utf16(character: str) -> list[int]:
    data = character.encode("utf-16-be")
    return [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]


def _in_base64(secret: str) -> Iterator[str]:
    """
    All of *secret* in base64, and what it looks like inside a longer text.
    """
    encoded = base64.b64encode(secret.encode()).decode()
    for whole in (encoded, encoded.rstrip("=")):
        yield from _alphabets(whole)
    yield from _base64_cores(secret)


def _base64_cores(secret: str) -> Iterator[str]:
    """
    What *secret* always leaves in base64, at each of the three places it can begin in a group.
    """
    octets = secret.encode()
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + octets).decode()
        # The first and the last character also hold bits of their neighbours.
        core = encoded[(0, 2, 3)[shift] : (shift + len(octets)) // 3 * 4]
        if len(core) >= _SHORTEST_RUN:
            yield from _alphabets(core)


def _alphabets(encoded: str) -> tuple[str, str]:
    return encoded, encoded.replace("+", "-").replace("/", "_")


def marks_of(secrets: Iterable[str]) -> tuple[bytes, ...]:
    """
    What an answer holds if it holds one of *secrets*: bytes that no encoding changes.

    Looking for them is many times faster than searching for the whole pattern.
    """
    marks: set[str] = set()
    for secret in secrets:
        run = max(re.findall("[0-9A-Za-z]+", secret), key=len, default="")
        marks.add(run if len(run) >= _SHORTEST_RUN else "")
        marks.update(_base64_cores(secret))
    # An empty mark is in every answer.
    return (b"",) if "" in marks else tuple(mark.encode() for mark in sorted(marks, key=len))


NOTHING = Masker()
"""For requests without secrets."""


@lru_cache(maxsize=512)
def masker_of(secrets: tuple[str, ...]) -> Masker:
    """
    The masker for these secrets, made once.
    """
    return Masker(secrets) if secrets else NOTHING
