"""
Requests over the wire: one send each, guarded, bounded, within a deadline.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from time import monotonic
from types import TracebackType
from typing import Final, Self

from webhook_engine.dispatch import faults, redirects, wire
from webhook_engine.dispatch.body import body_at_hand, read_body
from webhook_engine.dispatch.connections import Connections
from webhook_engine.dispatch.deadlines import Deadlines
from webhook_engine.dispatch.door import Way
from webhook_engine.dispatch.guard import Exchange
from webhook_engine.dispatch.headers import Headers, in_one, presentable, size_of
from webhook_engine.dispatch.mask import AT_ONCE, NOTHING
from webhook_engine.dispatch.received import Received
from webhook_engine.dispatch.request import PreparedRequest, target_of
from webhook_engine.errors import ResponseTooLarge, TransportError, UnreadableResponse, WebhookEngineError
from webhook_engine.responses import Response, make_response
from webhook_engine.settings import Limits

_FIRST_STATUS: Final = 100
_LAST_STATUS: Final = 599
"""RFC 9110, 15."""


class Transport:
    """
    The connections of one event loop, kept open between requests.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._connections = Connections(self.limits)
        self._deadlines = Deadlines()
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
        Closes every connection.

        Requests under way end with `ConnectionLost`, those not yet sent and those to come with
        `ConnectFailed`; both say that it was closed.
        """
        self._closed = True
        self._deadlines.close()
        await self._connections.close()

    async def send(
        self,
        request: PreparedRequest,
        *,
        deadline: float | None = None,
        exchange: Exchange | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> Response:
        """
        Sends *request* once and reads the whole response.

        Args:
            deadline: On the loop's clock; the request's own from now on when left out.

            exchange: Where to note the addresses dialled.

            loop: The running one, from who knows it.

        Raises:
            EgressRefused: Every address of the target is one the policy denies.

            TransportError: There is no whole response.

            ResponseError: There is one that cannot be used.
        """
        if exchange is None:
            exchange = Exchange()
        if loop is None:
            loop = asyncio.get_running_loop()
        if deadline is None:
            deadline = loop.time() + request.route.deadline_s
        watch = self._deadlines.at(deadline, loop)
        problem: WebhookEngineError | None
        try:
            with watch:
                way = self._connections.way(request.route.policy, request.route.ca_file)
                response = await self._exchange(way, exchange, request)
                if request.route.max_redirects:
                    response = await self._follow(way, exchange, request, response)
                return response
        except asyncio.CancelledError:
            # Closing cancels look-ups; whoever waited for one did not ask to be cancelled.
            task = asyncio.current_task()
            if not self._closed or (task is not None and task.cancelling()):
                raise
            problem = faults.closed(exchange=exchange, target=target_of(exchange.url or request.url))
        except Exception as error:
            problem = self._problem(error, exchange, request, timed_out=watch.expired)
            if problem is None:
                raise
        # Out here the error has no context: aiohttp's would quote the URL, and a URL may hold a key.
        raise problem

    def _problem(
        self, error: Exception, exchange: Exchange, request: PreparedRequest, *, timed_out: bool
    ) -> WebhookEngineError | None:
        url = exchange.url or request.url
        target = target_of(url)
        if timed_out and not isinstance(error, WebhookEngineError):
            return faults.timed_out(exchange=exchange, target=target, after_s=request.deadline_s)
        translated = faults.translate(
            error,
            exchange=exchange,
            target=target,
            secure=url.lower().startswith("https:"),
            connect_s=self.limits.connect_s,
        )
        # Whatever broke off after closing broke off because of it; aiohttp says so with a RuntimeError.
        if self._closed and isinstance(translated or error, TransportError | RuntimeError):
            return faults.closed(exchange=exchange, target=target)
        return translated

    async def _follow(
        self,
        way: Way,
        exchange: Exchange,
        request: PreparedRequest,
        response: Response,
    ) -> Response:
        route, mask = request.route, request.mask
        for _ in range(route.max_redirects):
            onward = redirects.next_hop(request, response)
            if onward is None:
                break
            request = onward
            exchange.begin_hop(request.url)
            exchange.redirects += (request.url,)
            response = await self._exchange(way, exchange, request)
        if route.answer_is_secret:
            return response
        return replace(response, headers=presentable(response.headers, in_one(response.headers), mask))

    async def _exchange(self, way: Way, exchange: Exchange, request: PreparedRequest) -> Response:
        """
        One hop. Where another may follow, its headers are as they were sent: that is what tells where to.
        """
        began = monotonic()
        received = wire.send(way, exchange, request)
        if received is None:
            received = await wire.open_and_send(way, exchange, request)
        try:
            if (head_to_come := received.next_head()) is not None:
                await head_to_come
            if not received.take_head():
                await received.read_head()
            head, text = self._head(received)
            body = body_at_hand(received, at_most=self.limits.response_bytes)
            if body is None:
                body = await read_body(received, at_most=self.limits.response_bytes)
        except BaseException:
            received.close()
            raise
        received.release()
        mask = request.mask
        if mask is not NOTHING and not request.route.answer_is_secret:
            body = mask.answer(body) if len(body) <= AT_ONCE else await mask.answer_in_turns(body)
        return _response(received.status, head, text, body, request, began)

    def _head(self, received: Received) -> tuple[Headers, str]:
        """
        The headers, and all of them `in_one`.
        """
        head = tuple(received.headers.items())
        if not _FIRST_STATUS <= received.status <= _LAST_STATUS:
            raise UnreadableResponse(
                f"{received.status} is no status of a response; they go from {_FIRST_STATUS} to {_LAST_STATUS}"
            )
        text = in_one(head)
        if size_of(head, text) > self.limits.header_bytes:
            raise ResponseTooLarge(
                f"the head of the response is larger than {self.limits.header_bytes:,} bytes"
            )
        return head, text


def _response(
    status: int, head: Headers, text: str, body: bytes, request: PreparedRequest, began: float
) -> Response:
    """
    Args:
        text: The headers `in_one`.
    """
    route, mask = request.route, request.mask
    if not route.max_redirects and not route.answer_is_secret:
        head = presentable(head, text, mask)
    return make_response(
        status=status, headers=head, body=body, took_s=monotonic() - began, url=mask.text(request.url)
    )
