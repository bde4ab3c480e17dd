"""
Bodies of requests, within bounds.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from webhook_engine.service.refusals import Code, Refusal, Wrong

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from webhook_engine.service.settings import ServiceSettings
    from webhook_engine.service.state import Room


class TakesBodies(Protocol):
    """
    What a `Service` is where a body is read.
    """

    @property
    def settings(self) -> ServiceSettings:
        """
        How much a request may hold.
        """

    @property
    def bytes(self) -> Room:
        """
        What is in hand.
        """


@asynccontextmanager
async def body_of(service: TakesBodies, request: web.Request) -> AsyncIterator[bytes]:
    """
    The body, which counts as in hand for as long as this lasts.

    Raises:
        Refusal: 408, 413 or 429; 400 where its compression is damaged.
    """
    settings = service.settings
    declared = request.content_length
    if declared is not None and declared > settings.body_bytes:
        raise _too_large(settings)
    is_known = declared is not None and "Content-Encoding" not in request.headers
    with service.bytes.holding(declared if declared is not None and is_known else settings.body_bytes):
        try:
            async with asyncio.timeout(settings.body_s):
                body = await _read(request, settings)
        except TimeoutError:
            raise Refusal(
                Code.SLOW,
                f"the body did not arrive within {settings.body_s:g} s",
                ends_connection=True,
            ) from None
        except (web.RequestPayloadError, HttpProcessingError) as error:
            # Nothing more comes of it; aiohttp would wait for its end and log a traceback of what it meets.
            request.content.feed_eof()
            _check_encoding(request)
            raise Refusal(
                Code.UNREADABLE, "the body ends early, or its compression is damaged", ends_connection=True
            ) from error
        _check_encoding(request)
        yield body


def _check_encoding(request: web.Request) -> None:
    found = request.headers.get("Content-Encoding", "identity")
    if found.strip().lower() not in _ENCODINGS:
        raise Refusal(
            Code.MEDIA_TYPE,
            f"the Content-Encoding is {found[:100]}: send {', '.join(_ENCODINGS)} or none",
            ends_connection=True,
        )


_ENCODINGS = ("gzip", "deflate", "identity")


async def _read(request: web.Request, settings: ServiceSettings) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > settings.body_bytes:
            raise _too_large(settings)
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(settings: ServiceSettings) -> Refusal:
    return Refusal(
        Code.TOO_LARGE, f"the body is longer than {settings.body_bytes:,} bytes: send it in several requests"
    )


def media_type(request: web.Request, *known: str) -> str:
    """
    The one of *known* that the request says its body is.

    Raises:
        Refusal: 415.
    """
    found = request.content_type if "Content-Type" in request.headers else "none"
    if found not in known:
        raise Refusal(Code.MEDIA_TYPE, f"the Content-Type is {found[:100]}: send {' or '.join(known)}")
    return found


def parse(text: bytes) -> Any:
    """
    A JSON text that can also be written back and told of: orjson reads deeper than it writes, and than Python shows.

    Raises:
        ValueError: It is no JSON, with the place, or nested too deeply.
    """
    found = orjson.loads(text)
    # No more than this is no deeper than this.
    if text.count(b"[") + text.count(b"{") > _DEPTH:
        try:
            orjson.dumps(found)
        except orjson.JSONEncodeError as error:
            raise ValueError("it is nested too deeply") from error
    return found


_DEPTH = 200


def read_json(body: bytes, *, deep: bool = False) -> Any:
    """
    Args:
        deep: Whether it may be nested too deeply to be written back.

    Raises:
        Refusal: 400, with the place.
    """
    try:
        return orjson.loads(body) if deep else parse(body)
    except ValueError as error:
        raise Refusal(Code.UNREADABLE, f"the body is no JSON: {error}") from error


async def object_of(service: TakesBodies, request: web.Request, *keys: str) -> dict[str, Any]:
    """
    A body that is one JSON object.

    Args:
        keys: Those it may have.

    Raises:
        Refusal: 422 where it has others, and as `body_of`.
    """
    media_type(request, "application/json")
    async with body_of(service, request) as body:
        found = read_json(body)
    if not isinstance(found, dict):
        raise invalid([Wrong(path="", message="must be a JSON object")])
    if unknown := [each for each in found if each not in keys]:
        what = f"is not known here; there is {', '.join(keys)}"
        raise invalid([Wrong(path=each, message=what) for each in unknown[:100]])
    return found


def invalid(problems: list[Wrong], *, message: str = "") -> Refusal:
    """
    422 with its problems.
    """
    first = problems[0]
    where = f"{first.path}: " if first.path else ""
    return Refusal(Code.INVALID, message or f"{where}{first.message}", problems)
