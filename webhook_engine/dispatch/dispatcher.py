"""
From a prepared request to an attempt: limits, token, transport, all within one deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

from webhook_engine.dispatch.allowance import Allowance
from webhook_engine.dispatch.attempt import Attempt, make_attempt
from webhook_engine.dispatch.guard import Exchange
from webhook_engine.dispatch.limits import Limiter
from webhook_engine.dispatch.mask import Masker
from webhook_engine.dispatch.oauth2 import Tokens
from webhook_engine.dispatch.request import PreparedRequest, Route
from webhook_engine.dispatch.transport import Transport
from webhook_engine.errors import WebhookEngineError
from webhook_engine.responses import Response
from webhook_engine.settings import Limits


class Dispatcher:
    """
    Sends requests for one event loop.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.transport = Transport(limits)
        self._tokens = Tokens(self.transport)
        self._limiters: dict[tuple[str, int | None, float | None], Limiter] = {}
        self._allowances: Callable[[str], Allowance] | None = None

    def share(self, allowances: Callable[[str], Allowance]) -> None:
        """
        Lets requests that nobody waits for keep to what *allowances* has for their group; to be called before any
        is sent.
        """
        self._allowances = allowances

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
        Closes every connection and sends away whoever waits for one.
        """
        for limiter in self._limiters.values():
            limiter.close()
        await self._tokens.close()
        await self.transport.close()

    async def dispatch(
        self,
        request: PreparedRequest,
        *,
        number: int = 1,
        deadline: float | None = None,
        patience_s: float | None = None,
    ) -> Attempt:
        """
        Sends *request* and ends within its deadline, whatever the target does.

        One attempt is one send, with one exception: a target that answers 401 to a token
        has done nothing yet, so a fresh token is fetched and the request sent again, once,
        as the next attempt.

        Args:
            number: Which try at the delivery this is.

            deadline: On the loop's clock, waiting for the group's limits included; the
                request's own from now on when left out.
            patience_s: In place of a deadline, how long it may wait for the group's limits,
                behind those who have no time: its deadline begins when it has its turn.

        Returns:
            The record; what went wrong is in it and is not raised.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        exchange = Exchange()
        limiter = self._limiter(request.route)
        entered, target = False, ""
        response: Response | None = None
        problem: WebhookEngineError | None = None
        try:
            if limiter is not None:
                if not limiter.try_enter(began, target := request.target, behind=patience_s is not None):
                    began = await _turn(limiter, request, began, deadline, patience_s)
                entered = True
            until = began + request.route.deadline_s if deadline is None else deadline
            if request.grant is None:
                response = await self.transport.send(request, deadline=until, exchange=exchange, loop=loop)
            else:
                request, response = await self._with_token(request, until, exchange)
        except WebhookEngineError as error:
            problem = error
        finally:
            if entered and limiter is not None:
                limiter.leave(target)
        return make_attempt(
            number=number + exchange.again,
            prepared=request,
            response=response,
            error=problem,
            took_s=loop.time() - began,
            dials=tuple(exchange.dials),
            redirects=exchange.redirects,
            sent=exchange.sends > 0,
        )

    async def _with_token(
        self, request: PreparedRequest, deadline: float, exchange: Exchange
    ) -> tuple[PreparedRequest, Response]:
        token = await self._tokens.token(request, deadline=deadline)
        authorized = _authorized(request, token)
        response = await self.transport.send(authorized, deadline=deadline, exchange=exchange)
        if response.status != 401:
            return authorized, response
        self._tokens.forget(request, token)
        exchange.begin_hop(request.url)
        fresh = await self._tokens.token(request, deadline=deadline)
        authorized = _authorized(request, fresh)
        exchange.again = True
        return authorized, await self.transport.send(authorized, deadline=deadline, exchange=exchange)

    def _limiter(self, route: Route) -> Limiter | None:
        if route.max_in_flight is None and route.max_per_second is None:
            return None
        name = route.group or route.webhook
        key = (name, route.max_in_flight, route.max_per_second)
        limiter = self._limiters.get(key)
        if limiter is None:
            limiter = self._limiters[key] = Limiter(
                name,
                max_in_flight=route.max_in_flight,
                max_per_second=route.max_per_second,
                allowance=None if self._allowances is None else self._allowances(name),
            )
        return limiter


async def _turn(
    limiter: Limiter, request: PreparedRequest, began: float, deadline: float | None, patience_s: float | None
) -> float:
    """
    Enters, and tells from when on the request is under way: from its turn only where it was patient.
    """
    if patience_s is not None:
        await limiter.enter(deadline=began + patience_s, target=request.target, behind=True)
        return asyncio.get_running_loop().time()
    until = began + request.route.deadline_s if deadline is None else deadline
    await limiter.enter(deadline=until, target=request.target)
    return began


def _authorized(request: PreparedRequest, token: str) -> PreparedRequest:
    """
    *request* with its token; RFC 6750, 2.1.
    """
    others = tuple(header for header in request.headers if header[0].lower() != "authorization")
    grant = request.grant
    return replace(
        request,
        headers=(*others, ("Authorization", f"Bearer {token}")),
        mask=Masker((token, *(grant.secrets if grant else ()))),
    )
