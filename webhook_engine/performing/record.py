"""
The record of an attempt: what was sent and what came back, bounded, and without secrets.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from webhook_engine.dispatch.mask import HIDDEN, NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from webhook_engine.dispatch.attempt import Attempt
    from webhook_engine.dispatch.request import PreparedRequest
    from webhook_engine.errors import WebhookEngineError
    from webhook_engine.responses import Response

BODY_BYTES = 16 * 1024
"""Of a body, the beginning."""

_HEAD_CHARACTERS = 8 * 1024
"""Of the headers, all together."""

_URL_CHARACTERS = 8 * 1024
_SENTENCE_CHARACTERS = 2 * 1024

_HIDDEN_HEADERS = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization"})
"""Never written down, whatever they hold."""

_TELLING = ("token", "secret", "password", "api-key", "apikey")
"""A header whose name holds one of these is not written down either."""


def detail_of(
    attempt: Attempt | None, error: WebhookEngineError | None, *, sentence: str = ""
) -> dict[str, object]:
    """
    What is kept of an attempt: JSON-able and at most about 100 KB.

    Keys that have nothing to say are left out.
    """
    detail: dict[str, object] = {}
    if sentence:
        detail["sentence"] = sentence[:_SENTENCE_CHARACTERS]
    if attempt is not None:
        detail["request"] = _request(attempt.prepared)
        if attempt.response is not None:
            detail["response"] = _response(attempt.response)
        if attempt.dials:
            detail["addresses"] = [
                dial.address if dial.denied is None else f"{dial.address}: {dial.denied}"
                for dial in attempt.dials[:8]
            ]
        if attempt.redirects:
            mask = attempt.prepared.mask
            detail["redirects"] = [mask.text(url)[:_URL_CHARACTERS] for url in attempt.redirects[:8]]
        error = error or attempt.error
    if error is not None:
        text = str(error) if attempt is None else attempt.prepared.mask.text(str(error))
        detail["error"] = {"kind": type(error).__name__, "message": text[:_SENTENCE_CHARACTERS]}
    return detail


def body_of(body: bytes) -> dict[str, object]:
    """
    A body as text, its beginning where it is long; then its whole length and SHA-256 as well.

    The digest is also there where the bytes are no UTF-8, so that a text with
    replacements still tells one body from another.
    """
    start = body[:BODY_BYTES]
    text = start.decode("utf-8", "replace")
    if len(body) <= BODY_BYTES and "�" not in text:
        return {"body": text}
    told: dict[str, object] = {"body": text, "bytes": len(body), "sha256": sha256(body).hexdigest()}
    if len(body) > BODY_BYTES:
        told["truncated"] = True
    return told


def _request(prepared: PreparedRequest) -> dict[str, object]:
    mask = prepared.mask
    headers = prepared.headers
    if mask is not NOTHING:
        headers = tuple([(name, mask.text(value)) for name, value in headers])
    told: dict[str, object] = {
        "method": prepared.method,
        "url": mask.text(prepared.url)[:_URL_CHARACTERS],
        "headers": headers_of(headers),
    }
    if prepared.body is not None:
        # Masked before it is cut: half a secret would not be recognised.
        told.update(body_of(prepared.body if mask is NOTHING else mask.data(prepared.body)))
    return told


def _response(response: Response) -> dict[str, object]:
    return {
        "status": response.status,
        "headers": headers_of(response.headers),
        "took_s": round(response.took_s, 6),
        **body_of(response.body),
    }


def headers_of(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """
    Headers as they are written down: by name, those that tell secrets hidden, and of very many the first.
    """
    told: dict[str, str] = {}
    left = _HEAD_CHARACTERS
    for name, value in headers:
        left -= len(name) + len(value)
        if left < 0:
            break
        plain, is_hidden = _named(name)
        shown = HIDDEN if is_hidden else value
        told[plain] = f"{told[plain]}, {shown}" if plain in told else shown
    return told


@lru_cache(maxsize=1024)
def _named(name: str) -> tuple[str, bool]:
    """
    The name as text, and whether what it says is never written down.
    """
    small = name.lower()
    hidden = small in _HIDDEN_HEADERS or any(word in small for word in _TELLING)
    # str: an istr of the transport's is no text to a writer of JSON.
    return str(name), hidden
