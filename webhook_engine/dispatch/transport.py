"""
Requests over the wire: one send each, guarded, bounded, within a deadline.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from time import monotonic
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from webhook_engine.dispatch import faults, redirects
from webhook_engine.dispatch.body import read_body
from webhook_engine.dispatch.egress import EgressPolicy
from webhook_engine.dispatch.guard import Exchange, current, socket_factory
from webhook_engine.dispatch.request import PreparedRequest
from webhook_engine.dispatch.resolver import Resolver
from webhook_engine.errors import ResponseTooLarge, WebhookEngineError
from webhook_engine.responses import Response
from webhook_engine.settings import Limits


class _Request(aiohttp.ClientRequest):
    """
    Notes that a connection was there and the request was given to it.
    """

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        current.get().sent = True
        return await super().send(conn)


class Transport:
    """
    The connections of one event loop, kept open between requests.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._sessions: dict[tuple[EgressPolicy, str | None], aiohttp.ClientSession] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._resolver: Resolver | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """
        Closes every connection; requests under way end with `ConnectionLost`.
        """
        self._closed = True
        sessions = list(self._sessions.values())
        self._sessions.clear()
        for session in sessions:
            await session.close()
        if self._resolver is not None:
            await self._resolver.close()

    async def send(
        self, request: PreparedRequest, *, deadline: float | None = None, exchange: Exchange | None = None
    ) -> Response:
        """
        Sends *request* once and reads the whole response.

        Args:
            deadline: On the loop's clock; the request's own from now on when left out.

            exchange: Where to note the addresses dialled.

        Raises:
            EgressRefused: Every address of the target is one the policy denies.
            TransportError: There is no whole response.
            ResponseError: There is one that cannot be used.
        """
        noted = exchange or Exchange()
        if deadline is None:
            deadline = asyncio.get_running_loop().time() + request.deadline_s
        token = current.set(noted)
        try:
            async with asyncio.timeout_at(deadline) as clock:
                return await self._follow(request)
        except Exception as error:
            if clock.expired():
                problem: WebhookEngineError | None = faults.timed_out(
                    exchange=noted, target=request.target, after_s=request.deadline_s
                )
            else:
                problem = self._translated(error, noted, request)
            if problem is None:
                raise
        finally:
            current.reset(token)
        raise problem

    def _translated(
        self, error: Exception, exchange: Exchange, request: PreparedRequest
    ) -> WebhookEngineError | None:
        return faults.translate(
            error,
            exchange=exchange,
            target=request.target,
            secure=request.url.startswith("https:"),
            connect_s=self.limits.connect_s,
        )

    async def _follow(self, request: PreparedRequest) -> Response:
        session = self._session(request.route.policy, request.route.ca_file)
        response = await self._exchange(session, request)
        for _ in range(request.route.max_redirects):
            onward = redirects.next_hop(request, response)
            if onward is None:
                break
            request = onward
            response = await self._exchange(session, request)
        return response

    async def _exchange(self, session: aiohttp.ClientSession, request: PreparedRequest) -> Response:
        began = monotonic()
        # encoded=True: yarl would rewrite %27 to ' and the target would see other bytes.
        url = URL(request.url, encoded=True)
        received = await session.request(
            request.method, url, headers=request.headers, data=request.body, allow_redirects=False
        )
        try:
            headers = self._headers(received)
            body = await read_body(received, at_most=self.limits.response_bytes)
        except BaseException:
            received.close()
            raise
        return Response(
            status=received.status,
            headers=headers,
            body=body if request.route.answer_is_secret else request.mask.answer(body),
            took_s=monotonic() - began,
            url=request.mask.text(request.url),
        )

    def _headers(self, received: aiohttp.ClientResponse) -> tuple[tuple[str, str], ...]:
        headers = tuple(received.headers.items())
        if sum(len(name) + len(value) for name, value in headers) > self.limits.header_bytes:
            raise ResponseTooLarge(
                f"the head of the response is larger than {self.limits.header_bytes:,} bytes"
            )
        return headers

    def _session(self, policy: EgressPolicy, ca_file: str | None) -> aiohttp.ClientSession:
        """
        The connections of one policy and one set of authorities.

        aiohttp's pool knows neither: a connection opened under one tenant's rules would serve
        another tenant, and the guard would not be asked.
        """
        key = (policy, ca_file)
        session = self._sessions.get(key)
        if session is None:
            if self._closed:
                raise RuntimeError("the transport is closed")
            session = self._sessions[key] = self._open(policy, ca_file)
        return session

    def _open(self, policy: EgressPolicy, ca_file: str | None) -> aiohttp.ClientSession:
        limits = self.limits
        if self._resolver is None:
            self._resolver = Resolver(within_s=limits.dns_s, at_most=limits.lookups)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=limits.connections,
                resolver=self._resolver,
                socket_factory=socket_factory(policy),
                keepalive_timeout=limits.keep_alive_s,
                ssl=self._context(ca_file) if ca_file else True,
                timeout_ceil_threshold=math.inf,
            ),
            # No session-wide total: the caller's deadline covers the wait for a slot and a token too.
            timeout=aiohttp.ClientTimeout(sock_connect=limits.connect_s, ceil_threshold=math.inf),
            headers={"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "webhook-engine"},
            skip_auto_headers=("Content-Type",),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # a proxy from the environment would hide the address from the guard
            auto_decompress=False,
            max_headers=limits.header_lines,
            request_class=_Request,
        )
        # aiohttp would send a GET, PUT or DELETE again by itself when the connection drops.
        session._retry_connection = False
        return session

    def _context(self, ca_file: str) -> ssl.SSLContext:
        # One context per file: each costs 32 ms and 755 KB.
        context = self._contexts.get(ca_file)
        if context is None:
            context = ssl.create_default_context(cafile=ca_file)
            context.set_alpn_protocols(("http/1.1",))
            self._contexts[ca_file] = context
        return context
