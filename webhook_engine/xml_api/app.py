"""
The XML API as an aiohttp application, by itself or within another one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from webhook_engine import log
from webhook_engine.xml_api import reading, writing
from webhook_engine.xml_api.actions import Action, Actions
from webhook_engine.xml_api.bodies import Bodies
from webhook_engine.xml_api.cache import AnswerCache
from webhook_engine.xml_api.faults import AuthorizationFailed, DatabaseFailed, InputNotLoaded
from webhook_engine.xml_api.general import GENERAL
from webhook_engine.xml_api.handling import Handling
from webhook_engine.xml_api.monitoring import NoRequestLog
from webhook_engine.xml_api.transport import TransportRule

if TYPE_CHECKING:
    from webhook_engine.xml_api.keys import KeyBook
    from webhook_engine.xml_api.limits import Limits
    from webhook_engine.xml_api.monitoring import RequestLog

_HEADERS: Final = {
    "Content-Type": "text/xml; charset=utf-8",
    "Cache-Control": "no-store",
    # The versions of what runs here are nobody's business.
    "Server": "webhook-engine",
}
_NOT_LOADED: Final = writing.of_fault(InputNotLoaded)
_NOT_AUTHORIZED: Final = writing.of_fault(AuthorizationFailed)
_FAILED: Final = writing.of_fault(DatabaseFailed)

_CUT_SHORT: Final = (
    TimeoutError,
    OverflowError,
    ConnectionError,  # the client has gone, and nobody reads the answer
    web.RequestPayloadError,
    HttpProcessingError,
)

_standard = logging.getLogger(log.NAME)


def xml_api(
    *,
    keys: KeyBook,
    actions: Iterable[Action] = (),
    provide: Mapping[type, object] | None = None,
    requests: RequestLog | None = None,
    insecure_http: bool = False,
    trusted_proxies: Iterable[str] = (),
    cache: AnswerCache | None = None,
    limits: Limits | None = None,
    bounds: reading.Bounds = reading.DEFAULT,
) -> web.Application:
    """
    The XML API: run by itself, or mounted with `add_subapp` anywhere in an aiohttp application.

    Every address of it answers alike, every method too, and always with status 200.

    Args:
        keys: Who may ask, such as a store's `keys`.

        actions: Those of the application, besides `DoNothing` and in place of ours where they share a name.

        provide: What actions ask for by type.

        requests: Where each request is written down, such as a store's `api_requests`.

        insecure_http: Whether plain HTTP will do; for development alone.

        limits: Counts what is under way; this process by itself where left out.

        trusted_proxies: Whose `X-Forwarded-Proto: https` is believed, as addresses or networks.

    Raises:
        SettingsError: An action needs what nobody provides, or a proxy is no address.
    """
    door = Door(
        Handling(
            Actions((*GENERAL, *actions)),
            keys=keys,
            requests=requests or NoRequestLog(),
            provided=provide or {},
            cache=cache or AnswerCache(),
            limits=limits,
            bounds=bounds,
        ),
        TransportRule.of(insecure=insecure_http, trusted_proxies=trusted_proxies),
        bounds,
    )
    app = web.Application()
    app[DOOR] = door
    app.on_cleanup.append(door.close)
    # "" is the address under which it is mounted, without a slash behind it; the usual ones are found soonest.
    for path in ("", "/", "/xml", r"/{rest:[\s\S]*}"):
        app.router.add_route("*", path, door.handle, expect_handler=_expect)
    return app


class Door:
    """
    Between HTTP and what a request says.
    """

    def __init__(self, handling: Handling, transport: TransportRule, bounds: reading.Bounds) -> None:
        self._handling, self._transport, self._bounds = handling, transport, bounds
        self._bodies = Bodies(longest=bounds.body_bytes)

    async def handle(self, request: web.Request) -> web.Response:
        """
        One request; what is not read of its body ends its connection.
        """
        try:
            return await self._handled(request)
        except Exception as error:
            _standard.warning("the XML API failed: %s", type(error).__name__, exc_info=error)
            return _answer(_FAILED, ends=True)

    async def close(self, _: web.Application) -> None:
        """
        For an application's `on_cleanup`.
        """
        self._handling.close()

    async def _handled(self, request: web.Request) -> web.Response:
        if not self._transport.accepts(request):
            log.event("xml_api.plain_http.refused", peer=request.remote or "")
            return _answer(_NOT_AUTHORIZED, ends=True)
        content = request.content
        if content.is_eof() and "Content-Encoding" not in request.headers:
            # It came with its head, as short ones do: there is nothing to wait for.
            return await self._answered(request, content.read_nowait())
        declared = request.content_length
        if declared is not None and declared > self._bounds.body_bytes:
            return _answer(_NOT_LOADED, ends=True)
        async with AsyncExitStack() as opened:
            try:
                body = await opened.enter_async_context(self._bodies.of(request))
            except _CUT_SHORT:
                return _answer(_NOT_LOADED, ends=True)
            return await self._answered(request, body)

    async def _answered(self, request: web.Request, body: bytes) -> web.Response:
        if len(body) > self._bounds.body_bytes:
            return _answer(_NOT_LOADED)
        headers = request.headers
        return _answer(
            await self._handling.answer(
                body,
                content_type=headers.get("Content-Type", ""),
                idempotency_key=headers.get("Idempotency-Key"),
            )
        )


DOOR: Final = web.AppKey("webhook_engine.xml_api.door", Door)
"""What answers every request, for who puts an address of its own beside it."""


def _answer(body: bytes, *, ends: bool = False) -> web.Response:
    response = web.Response(body=body, headers=_HEADERS)
    if ends:
        response.force_close()
    return response


async def _expect(request: web.Request) -> None:
    """
    Let a client send what it announces; what else it expects is passed over, as everything unknown is.
    """
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
