"""
Bodies of requests, of which only so many long ones are in memory at a time.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import StreamReader, web

BODY_S: Final = 30.0
"""Within how many seconds a body must have arrived."""

READ_AT_ONCE: Final = 64 * 1024
"""Bytes up to which a body is short: to keep it and to read it delays nobody."""

_LONG_BODIES: Final = 16

_PATIENCE_S: Final = 5.0
"""How long a long body that keeps others waiting may take for each `READ_AT_ONCE` of it."""


class Bodies:
    """
    Takes bodies in: short ones at once, long ones in turn.
    """

    def __init__(self, *, longest: int) -> None:
        """
        Args:
            longest: Bytes after decompression.
        """
        self._longest = longest
        self._long = asyncio.Semaphore(_LONG_BODIES)
        self._waiting = 0

    @asynccontextmanager
    async def of(self, request: web.Request) -> AsyncIterator[bytes]:
        """
        A body; a long one has its turn for as long as this lasts.

        Raises:
            OverflowError: It is longer than the bound.
            TimeoutError: It does not arrive in time, or so slowly that others would wait for it.
        """
        arriving = _Arriving(request.content, self._longest)
        async with asyncio.timeout(BODY_S):
            # So much of a body its connection keeps in any case, so nobody has a turn who sends nothing.
            await arriving.until(READ_AT_ONCE + 1)
        if arriving.size <= READ_AT_ONCE:
            yield arriving.whole()
            return
        async with self._turn():
            async with asyncio.timeout(BODY_S):
                await self._rest(arriving)
            yield arriving.whole()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        self._waiting += 1
        try:
            await self._long.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._long.release()

    async def _rest(self, arriving: _Arriving) -> None:
        while not arriving.is_whole:
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await arriving.until(arriving.size + READ_AT_ONCE)
            except TimeoutError:
                if self._waiting:
                    raise


class _Arriving:
    """
    What has arrived of a body.
    """

    def __init__(self, content: StreamReader, longest: int) -> None:
        self._content, self._longest = content, longest
        self._parts: list[bytes] = []
        self.size = 0
        self.is_whole = False

    async def until(self, size: int) -> None:
        """
        Returns when so much has arrived, or all of it; what arrived before this is cancelled is kept.
        """
        while self.size < size and not self.is_whole:
            part = await self._content.readany()
            self.is_whole = not part
            self._parts.append(part)
            self.size += len(part)
            if self.size > self._longest:
                raise OverflowError

    def whole(self) -> bytes:
        """
        All that has arrived.
        """
        return b"".join(self._parts)
