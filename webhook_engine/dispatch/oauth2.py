"""
Tokens: earned at a group's token URL, kept until they run out.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

import orjson

from webhook_engine.definitions.words import ClientIn, Grant
from webhook_engine.dispatch import faults
from webhook_engine.dispatch.auth import basic
from webhook_engine.dispatch.credentials import TokenGrant
from webhook_engine.dispatch.guard import Exchange
from webhook_engine.dispatch.mask import masker_of
from webhook_engine.dispatch.request import PreparedRequest, Route, target_of
from webhook_engine.dispatch.transport import Transport
from webhook_engine.errors import TimedOut, TokenRefused
from webhook_engine.responses import Response

_WITHIN_S = 10.0
"""Seconds for a token URL to answer; whoever waits for the token may give up earlier."""

_EARLY_S = 30.0
"""Seconds before a token runs out at which it is no longer used."""

_UNKNOWN_LIFE_S = 300.0
"""Seconds a token is used whose life nobody stated."""

_TOKEN = re.compile(r"[\x21-\x7e]{1,8000}")  # RFC 6750, 2.1, and whatever else fits a header
_ERROR = re.compile(r"[A-Za-z0-9_.-]{1,60}")


@dataclass(frozen=True, slots=True, repr=False)
class _Token:
    value: str
    until: float


class Tokens:
    """
    The tokens of all groups and members; each fetched once, however many requests wait for it.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._kept: dict[TokenGrant, _Token] = {}
        self._fetches: dict[TokenGrant, asyncio.Task[_Token]] = {}
        self._refresh: dict[TokenGrant, str] = {}

    async def token(self, request: PreparedRequest, *, deadline: float) -> str:
        """
        The token for *request*.

        Raises:
            TimedOut: It did not come before the deadline.
            TokenRefused: The token URL gave none.
            DispatchError: The token URL was not reached.
        """
        grant = request.grant
        if grant is None:
            raise ValueError("the request needs no token")
        loop = asyncio.get_running_loop()
        kept = self._kept.get(grant)
        if kept is not None and kept.until > loop.time():
            return kept.value
        fetch = self._fetches.get(grant)
        if fetch is None:
            # A task of its own: whoever asked first may give up, and the others still want it.
            fetch = self._fetches[grant] = loop.create_task(self._fetch(grant, request.route))
            fetch.add_done_callback(lambda done: self._fetched(grant, done))
        target = target_of(grant.token_url)
        try:
            async with asyncio.timeout_at(deadline):
                return (await asyncio.shield(fetch)).value
        except TimeoutError:
            raise TimedOut(target=target, after_s=request.deadline_s, maybe_delivered=False) from None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not fetch.cancelled() or (task is not None and task.cancelling()):
                raise
            closed = faults.closed(exchange=Exchange(), target=target)
            raise closed from closed.__cause__

    def forget(self, request: PreparedRequest, token: str) -> None:
        """
        Drops a token that the target system no longer takes.
        """
        if request.grant is not None:
            kept = self._kept.get(request.grant)
            if kept is not None and kept.value == token:
                del self._kept[request.grant]

    async def close(self) -> None:
        """
        Gives up fetches that are under way.
        """
        fetches = list(self._fetches.values())
        for fetch in fetches:
            fetch.cancel()
        for fetch in fetches:
            with suppress(asyncio.CancelledError, Exception):
                await fetch

    def _fetched(self, grant: TokenGrant, done: asyncio.Task[_Token]) -> None:
        self._fetches.pop(grant, None)
        if not done.cancelled() and done.exception() is None:
            self._kept[grant] = done.result()

    async def _fetch(self, grant: TokenGrant, route: Route) -> _Token:
        asked = asyncio.get_running_loop().time()
        current = replace(grant, refresh_token=self._refresh.get(grant, grant.refresh_token))
        response = await self._transport.send(token_request(current, route))
        told = _told(response)
        value = told.get("access_token")
        if response.status != 200 or not isinstance(value, str) or not _TOKEN.fullmatch(value):
            raise _refusal(grant, response, told)
        if isinstance(rotated := told.get("refresh_token"), str) and rotated:
            self._refresh[grant] = rotated
        life_s = _life(told.get("expires_in"))
        return _Token(value, asked + max(life_s - _EARLY_S, life_s / 2))


def token_request(grant: TokenGrant, route: Route) -> PreparedRequest:
    """
    What is sent to the token URL; RFC 6749, 4.4.2 and 6.

    Args:
        route: Of the request that needs the token; the token URL is under the same policy.
    """
    form = {"grant_type": "client_credentials"}
    if grant.kind is Grant.REFRESH_TOKEN:
        form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
    if grant.scope:
        form["scope"] = grant.scope
    headers = [("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")]
    secrets = grant.secrets
    if grant.client_in is ClientIn.BASIC and grant.client_secret:
        # RFC 6749, 2.3.1: both are form-encoded before they are joined.
        pair = basic(quote(grant.client_id, safe=""), quote(grant.client_secret, safe=""))
        headers.append(("Authorization", pair))
        secrets += (pair.partition(" ")[2],)
    else:
        form["client_id"] = grant.client_id
        if grant.client_secret:
            form["client_secret"] = grant.client_secret
    return PreparedRequest(
        route=Route(
            webhook=f"token of {grant.owner[0]}",
            method="POST",
            deadline_s=_WITHIN_S,
            policy=route.policy,
            ca_file=route.ca_file,
            answer_is_secret=True,
        ),
        url=grant.token_url,
        headers=tuple(headers),
        body=urlencode(form, quote_via=quote).encode(),
        mask=masker_of(secrets),
    )


def _told(response: Response) -> dict[str, object]:
    try:
        told = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _life(stated: object) -> float:
    try:
        life_s = float(stated) if isinstance(stated, int | float | str) else _UNKNOWN_LIFE_S
    except ValueError:
        return _UNKNOWN_LIFE_S
    return min(max(life_s, 0.0), 365 * 86_400.0) if life_s == life_s else _UNKNOWN_LIFE_S


def _refusal(grant: TokenGrant, response: Response, told: dict[str, object]) -> TokenRefused:
    error = told.get("error")
    said = f" ({error})" if isinstance(error, str) and _ERROR.fullmatch(error) else ""
    return TokenRefused(
        target=target_of(grant.token_url), group=grant.owner[0], status=response.status, said=said
    )
