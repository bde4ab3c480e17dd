"""
Open connections, apart for each egress policy and each set of authorities.
"""

from __future__ import annotations

import math
import os
import ssl
import stat
from typing import Final

import aiohttp

from webhook_engine.dispatch.door import Way
from webhook_engine.dispatch.egress import EgressPolicy
from webhook_engine.dispatch.guard import socket_factory
from webhook_engine.dispatch.pool import Pool
from webhook_engine.dispatch.resolver import Resolver
from webhook_engine.dispatch.wire import MarkedRequest, MarkedResponse, timeouts
from webhook_engine.errors import AuthoritiesMissing
from webhook_engine.settings import Limits


class Connections:
    """
    The sessions of one event loop.

    aiohttp's pool knows neither policies nor authorities: a connection opened under one
    tenant's rules would serve another tenant, and the guard would not be asked.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._ways: dict[tuple[EgressPolicy, str | None], Way] = {}
        self._resolver: Resolver | None = None
        self._closed = False

    def way(self, policy: EgressPolicy, ca_file: str | None) -> Way:
        """
        The way that dials under *policy* and trusts *ca_file*, or the system's authorities.

        Raises:
            AuthoritiesMissing: The file cannot be used.
        """
        key = (policy, ca_file)
        way = self._ways.get(key)
        if way is None:
            if self._closed:
                raise RuntimeError("the transport is closed")
            way = self._ways[key] = Way(self._open(policy, ca_file))
        return way

    async def close(self) -> None:
        """
        Closes every connection.
        """
        self._closed = True
        ways = list(self._ways.values())
        self._ways.clear()
        for way in ways:
            await way.session.close()
        if self._resolver is not None:
            await self._resolver.close()

    def _open(self, policy: EgressPolicy, ca_file: str | None) -> aiohttp.ClientSession:
        limits = self._limits
        if self._resolver is None:
            self._resolver = Resolver(within_s=limits.dns_s, at_most=limits.lookups)
        session = aiohttp.ClientSession(
            connector=Pool(
                limit=limits.connections,
                resolver=self._resolver,
                socket_factory=socket_factory(policy),
                keepalive_timeout=limits.keep_alive_s,
                # A context costs 32 ms and 755 KB: aiohttp's own is shared, and so is one per file.
                ssl=_trusting(ca_file) if ca_file else True,
                timeout_ceil_threshold=math.inf,
            ),
            timeout=timeouts(connect_s=limits.connect_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # a proxy from the environment would hide the address from the guard
            auto_decompress=False,
            max_headers=limits.header_lines,
            request_class=MarkedRequest,
            response_class=MarkedResponse,
        )
        # aiohttp would send a GET, PUT or DELETE again by itself when the connection drops.
        session._retry_connection = False
        return session


_LONGEST_FILE: Final = 16 * 1024 * 1024
"""Bytes of a file with authorities: far more than all of the public ones take."""


def _trusting(ca_file: str) -> ssl.SSLContext:
    try:
        # A terminal, a pipe or what the kernel tells (of no size) would be waited for, and with it this whole loop.
        found = os.stat(ca_file)
        if not stat.S_ISREG(found.st_mode) or not 0 < found.st_size <= _LONGEST_FILE:
            raise AuthoritiesMissing(ca_file=ca_file, problem="it is no file of certificates")
        context = ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:
        raise AuthoritiesMissing(ca_file=ca_file, problem="there is no certificate (PEM) in it") from error
    except OSError as error:
        raise AuthoritiesMissing(ca_file=ca_file, problem=error.strerror or "it cannot be read") from error
    context.set_alpn_protocols(("http/1.1",))
    return context
