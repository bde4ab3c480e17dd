"""
What a target sends, given to aiohttp's parser in small pieces, and no more than somebody asked for.
"""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError

_PIECE: Final = 8 * 1024
"""Bytes that are parsed without a look at what came of them."""

_AT_ONCE: Final = 64 * 1024
"""Bytes that are taken from a socket in one turn of the loop; asyncio would take four times as many."""

_MOST_WAITING: Final = 32
"""Heads that may wait to be looked at. One is the answer, and a few may go before it (RFC 9110, 15.2)."""


class Listener(ResponseHandler):
    """
    Ends a connection on which heads come in without end.

    A target may send interim responses (103 Early Hints) before its answer. aiohttp parses all that came in
    one go, under uvloop two megabytes: eighty thousand of them, which takes seconds, deadline or not.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """
        Takes less at a time.
        """
        super().connection_made(transport)
        if hasattr(transport, "max_size"):
            transport.max_size = _AT_ONCE

    def data_received(self, data: bytes) -> None:
        """
        Parses *data* piece by piece, until that is too much.
        """
        if len(data) <= _PIECE:
            ResponseHandler.data_received(self, data)
            if len(self._buffer) > _MOST_WAITING:
                self._refuse()
            return
        for at in range(0, len(data), _PIECE):
            ResponseHandler.data_received(self, data[at : at + _PIECE])
            if len(self._buffer) > _MOST_WAITING:
                self._refuse()
                return

    def _refuse(self) -> None:
        if self.transport is not None:
            self.transport.abort()
        self._buffer.clear()
        self.set_exception(HttpProcessingError(message="heads without end"))
