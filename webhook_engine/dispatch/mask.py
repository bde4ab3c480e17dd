"""
Secrets, made unreadable wherever they may have got to.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

HIDDEN = "***"

_SHORTEST_IN_AN_ANSWER = 6
"""Characters. A shorter secret is too likely to be a part of what the target system has to say."""


class Masker:
    """
    Replaces secrets by `***`, in whichever encoding they stand.
    """

    __slots__ = ("_in_answers", "_in_bytes", "_in_text")

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """
        Args:
            secrets: What must not be seen: keys, passwords, tokens.
        """
        known = {secret for secret in secrets if secret}
        forms = {form for secret in known for form in forms_of(secret)}
        long = {s for secret in known if len(secret) >= _SHORTEST_IN_AN_ANSWER for s in forms_of(secret)}
        self._in_text = _any_of(forms)
        self._in_bytes = _any_of_bytes(forms)
        self._in_answers = tuple(each.encode() for each in _longest_first(long))

    def __repr__(self) -> str:
        return "Masker(***)" if self._in_text else "Masker()"

    def text(self, text: str) -> str:
        """
        *text* without the secrets.
        """
        return self._in_text.sub(HIDDEN, text) if self._in_text else text

    def data(self, data: bytes) -> bytes:
        """
        *data* without the secrets.
        """
        return self._in_bytes.sub(HIDDEN.encode(), data) if self._in_bytes else data

    def answer(self, body: bytes) -> bytes:
        """
        A target system's *body*, without secrets that it sent back.

        Secrets of fewer than six characters stay: taking every `1234` out of a table would
        change what it says.
        """
        for form in self._in_answers:
            if form in body:
                body = body.replace(form, HIDDEN.encode())
        return body


@lru_cache(maxsize=512)
def masker_of(secrets: tuple[str, ...]) -> Masker:
    """
    The masker for these secrets, made once.
    """
    return Masker(secrets) if secrets else NOTHING


def forms_of(secret: str) -> Iterator[str]:
    """
    Every spelling in which *secret* can stand in a URL, a header, a body or an error text.
    """
    for plain in (secret, quote(secret, safe=""), quote_plus(secret), quote(secret)):
        yield plain
        yield _lower_hex(plain)
    yield quote(quote(secret, safe=""), safe="")
    for ascii_only in (True, False):
        in_json = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield in_json
        yield in_json.replace("/", "\\/")
    yield html.escape(secret, quote=False)
    yield html.escape(secret)  # &quot; and &#x27;
    yield html.escape(secret, quote=False).replace('"', "&quot;").replace("'", "&apos;")
    yield html.escape(secret, quote=False).replace('"', "&#34;").replace("'", "&#39;")
    yield from _in_base64(secret.encode())


def _in_base64(secret: bytes) -> Iterator[str]:
    """
    What *secret* looks like inside base64, at each of the three places it can begin in a group.
    """
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret)
        # The first and last characters also hold bits of their neighbours.
        first = (0, 2, 3)[shift]
        last = len(encoded) if shift == 0 else (shift + len(secret)) // 3 * 4
        inner = encoded[first : max(first, last)].decode()
        if shift and len(inner) < 4:
            continue
        for text in (inner, inner.rstrip("=")):
            yield text
            yield text.replace("+", "-").replace("/", "_")


def _lower_hex(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text)


def _longest_first(forms: Iterable[str]) -> list[str]:
    return sorted(set(forms), key=lambda form: (-len(form), form))


def _any_of(forms: set[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(re.escape, _longest_first(forms)))) if forms else None


def _any_of_bytes(forms: set[str]) -> re.Pattern[bytes] | None:
    ordered = [re.escape(form.encode()) for form in _longest_first(forms)]
    return re.compile(b"|".join(ordered)) if ordered else None


NOTHING = Masker()
"""For requests without secrets."""
