"""
The body of a response, read and unpacked within a bound.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence
from time import perf_counter
from typing import Protocol

from aiohttp.hdrs import CONTENT_ENCODING, CONTENT_LENGTH

from webhook_engine.dispatch.received import Received
from webhook_engine.errors import ResponseTooLarge, UnreadableResponse
from webhook_engine.turns import TURN_S

_MOST_MEMBERS = 1024
"""Gzip streams that may follow each other in one body."""


def body_at_hand(response: Received, *, at_most: int) -> bytes | None:
    """
    A plain body that came with its head; None where there is something to wait for or to unpack.

    Raises:
        ResponseTooLarge: There are more bytes than *at_most*.
    """
    body = None if CONTENT_ENCODING in response.headers else response.at_hand()
    if body is not None and len(body) > at_most:
        raise too_large(at_most)
    return body


async def read_body(response: Received, *, at_most: int) -> bytes:
    """
    The whole body, unpacked where it came packed.

    Args:
        at_most: Bytes, on the wire as well as unpacked. What goes beyond is not kept for a moment.

    Raises:
        ResponseTooLarge: There are more.

        UnreadableResponse: It is packed in a way nobody asked for, or the packing is broken.
    """
    # The parser has seen to it that it is a number.
    if int(response.headers.get(CONTENT_LENGTH, 0)) > at_most:
        raise too_large(at_most)
    coding = _coding(response.headers.getall(CONTENT_ENCODING, ()))
    if coding:
        return await _read_packed(response, unpacker(coding, at_most=at_most), at_most=at_most)
    chunks = [chunk async for chunk in _pieces(response, at_most)]
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _pieces(response: Received, at_most: int) -> AsyncIterator[bytes]:
    """
    The body as it comes; between two pieces others have their turn, once enough time has gone by.

    Reading lets aiohttp parse what waits, and with chunks of one byte each there is always more that waits:
    without that no deadline would be kept, nor anybody else served.
    """
    size = 0
    began = perf_counter()
    while chunk := await response.content.readany():
        size += len(chunk)
        if size > at_most:
            raise too_large(at_most)
        yield chunk
        if perf_counter() - began > TURN_S:
            await asyncio.sleep(0)
            began = perf_counter()


def _coding(lines: Sequence[str]) -> str:
    """
    How a body is packed, in small letters; "" for not at all. Several header lines are one (RFC 9110, 5.3).
    """
    codings = [each.strip().lower() for each in ",".join(lines).split(",")]
    return ", ".join(each for each in codings if each not in {"", "identity"})


async def _read_packed(response: Received, unpack: Unpacker, *, at_most: int) -> bytes:
    chunks = [unpack.feed(chunk) async for chunk in _pieces(response, at_most)]
    if chunks:
        unpack.finish()
    return b"".join(chunks)


def too_large(at_most: int) -> ResponseTooLarge:
    """
    The error for a body of more than *at_most* bytes.
    """
    return ResponseTooLarge(f"the response is larger than {at_most:,} bytes; nothing of it was used")


class Unpacker(Protocol):
    """
    Unpacks a body piece by piece, and never more than its bound.
    """

    def feed(self, data: bytes) -> bytes: ...

    def finish(self) -> None: ...


def unpacker(coding: str, *, at_most: int) -> Unpacker:
    """
    The unpacker for a Content-Encoding in small letters; we ask for none, yet some targets send one.
    """
    if coding in ("gzip", "x-gzip"):
        return _Inflate(at_most=at_most, window=31)
    if coding == "deflate":
        return _Inflate(at_most=at_most, window=None)
    raise UnreadableResponse(
        f"the response is packed as {coding[:40]!r}, which was not asked for; only gzip and deflate are read"
    )


class _Inflate:
    def __init__(self, *, at_most: int, window: int | None) -> None:
        self._at_most = at_most
        self._room = at_most
        self._window = window
        self._members = 0
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes) -> bytes:
        unpacked = []
        while data:
            if self._stream is None:
                self._stream = self._next(data)
            # One byte more than there is room for tells a full body from one that is too large.
            piece = self._inflate(self._stream, data)
            self._room -= len(piece)
            if self._room < 0:
                raise too_large(self._at_most)
            unpacked.append(piece)
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            if self._stream.eof:
                self._stream = None
        return b"".join(unpacked)

    def finish(self) -> None:
        if self._stream is not None:
            raise UnreadableResponse("the response breaks off in the middle of its compressed body")

    def _inflate(self, stream: zlib._Decompress, data: bytes) -> bytes:
        try:
            return stream.decompress(data, self._room + 1)
        except zlib.error as error:
            raise UnreadableResponse("the compressed body of the response is broken") from error

    def _next(self, data: bytes) -> zlib._Decompress:
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise ResponseTooLarge(f"the response is packed in more than {_MOST_MEMBERS:,} pieces")
        # RFC 9110, 8.4.1.2: deflate means zlib's wrapping; some send the bare stream all the same.
        wrapped = data[0] & 0x0F == 8 and data[0] >> 4 <= 7
        return zlib.decompressobj(self._window or (15 if wrapped else -15))
