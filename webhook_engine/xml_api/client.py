"""
The XML API as Python callers use it.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, Self

import aiohttp
from yarl import URL

from webhook_engine.errors import (
    ConnectFailed,
    ConnectionLost,
    NameNotFound,
    NotFound,
    ResponseTooLarge,
    SettingsError,
    TimedOut,
    TlsFailed,
    TransportError,
    UnreadableResponse,
)
from webhook_engine.xml_api import asking
from webhook_engine.xml_api.faults import ConcurrentCallsExceeded, DatabaseFailed
from webhook_engine.xml_api.feeding import FedContact
from webhook_engine.xml_api.inputs import plan_of
from webhook_engine.xml_api.standing import PROVIDED_ACTIONS

if TYPE_CHECKING:
    from types import TracebackType

    from webhook_engine.xml_api.asking import Inputs, Reply

CONTACT_FIELDS: Final = tuple(each.input.name for each in plan_of(FedContact)[0].inputs)
"""What every contact of a feed holds, in the order of the documentation."""

_READING: Final = frozenset(each.name for each in PROVIDED_ACTIONS if each.reads)
_WAITS_S: Final = (0.1, 2.0)
"""The first wait and the longest, each spread by half."""


class ApiUnavailable(TransportError):
    """
    Not the API answered but something before it, with an HTTP status of its own.
    """

    def __init__(self, *, target: str, status: int) -> None:
        super().__init__(
            f"{target} answered with HTTP status {status}, which the XML API never does: it is not available",
            target=target,
        )
        self.status = status
        self.maybe_delivered = status >= 500


class Client:
    """
    Asks as one tenant with one key, for the event loop that entered it with `async with`.
    """

    def __init__(
        self,
        url: str,
        *,
        tenant: str,
        key: str,
        tls: ssl.SSLContext | None = None,
        insecure_http: bool = False,
        timeout_s: float = 60.0,
        patience_s: float = 60.0,
        tries: int = 3,
    ) -> None:
        """
        Args:
            tls: Whom to trust, where it is not whom this machine trusts.

            insecure_http: Whether the key may travel in the open; for development alone.

            timeout_s: For one answer.

            patience_s: How long a place is waited for while others' calls take all of them.

            tries: Of a request that only reads, while none is answered.

        Raises:
            SettingsError: The address is not https.
        """
        self._url = URL(url)
        if self._url.scheme != "https" and not (insecure_http and self._url.scheme == "http"):
            raise SettingsError(
                [
                    f"url: {url}: the key would travel in the open; use https, or allow plain HTTP for development"
                ]
            )
        self._tenant, self._key = tenant, key
        self._tls, self._timeout_s, self._patience_s, self._tries = tls, timeout_s, patience_s, tries
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"Client({str(self._url)!r}, tenant={self._tenant!r})"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls or True),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def call(
        self,
        action: str,
        inputs: Inputs | None = None,
        *,
        reads: bool | None = None,
        idempotency_key: str | None = None,
    ) -> Reply:
        """
        Have an action done.

        Only a request that reads is sent again where it was not answered: of another, nobody knows what became.

        Args:
            inputs: By their names; `{"ContactsList": {"Contact": [{…}, {…}]}}` nests.

            reads: Whether the action only reads; known of the documented ones where left out.

        Raises:
            ActionRefused: What the API answered; `webhook_engine.xml_api.faults` has a class for each sentence.
            TransportError: It did not answer. `maybe_delivered` says whether it may have done what was asked.
            ResponseError: What answered is not this API.
            UnsafeValue: An input cannot be written as XML.
        """
        body = asking.request(self._tenant, self._key, action, inputs or {})
        is_reading = action in _READING if reads is None else reads
        until = time.monotonic() + self._patience_s
        wait, tries = _WAITS_S[0], 0
        while True:
            tries += 1
            try:
                return asking.reply(await self._answer(body, idempotency_key))
            except ConcurrentCallsExceeded:
                if time.monotonic() + wait > until:
                    raise
                tries -= 1
            except (TransportError, DatabaseFailed):
                if not is_reading or tries >= self._tries:
                    raise
            # Those that were refused together come back apart.
            await asyncio.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
            wait = min(wait * 2, _WAITS_S[1])

    async def feed(
        self,
        contacts: Iterable[Mapping[str, str]],
        *,
        campaign: str,
        list_name: str,
        priority: int | None = None,
        data_source: str = "",
        idempotency_key: str | None = None,
    ) -> int:
        """
        Push contacts into a list of a campaign: all of them or none.

        Args:
            contacts: Fields by their names, such as `FirstName`; what is left out is sent empty.

            idempotency_key: What comes again with the same is stored once, so that it is safe to send it again.

        Returns:
            How many were accepted.

        Raises:
            IncorrectParameters: One is wrong, or there is no such campaign or list; nothing was stored.
            NotFound: A contact has no field of that name; nothing was sent.
            WebhookEngineError: As `call`.
        """
        wanted: dict[str, asking.Given] = {
            "ListName": list_name,
            "CampaignName": campaign,
            "DataSource": data_source,
            "Priority": "" if priority is None else priority,
            "ContactsList": {"Contact": [_whole(each) for each in contacts]},
        }
        found = await self.call("DialerTrickleFeed", wanted, idempotency_key=idempotency_key)
        accepted = found.status.get("Accepted", "")
        if not accepted.isdecimal():
            raise UnreadableResponse("the answer to a feed does not say how many contacts were accepted")
        return int(accepted)

    # --- The wire ----------------------------------------------------------------------------------

    async def _answer(self, body: bytes, idempotency_key: str | None) -> bytes:
        if self._session is None:
            raise RuntimeError("the client is entered with `async with`")
        target = f"{self._url.host}:{self._url.port}"
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        try:
            async with self._session.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise ApiUnavailable(target=target, status=response.status)
                return await _bounded(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _translated(error, target, self._timeout_s) from error


def _whole(contact: Mapping[str, str]) -> dict[str, str]:
    for name in contact:
        if name not in CONTACT_FIELDS:
            raise NotFound("field of a contact", name, known=CONTACT_FIELDS)
    return {name: contact.get(name, "") for name in CONTACT_FIELDS}


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > asking.ANSWER.body_bytes:
            raise ResponseTooLarge(f"the answer is longer than {asking.ANSWER.body_bytes:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _translated(error: Exception, target: str, timeout_s: float) -> TransportError:
    if isinstance(error, TimeoutError):
        return TimedOut(target=target, after_s=timeout_s)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return NameNotFound(f"nobody knows the address of {target}", target=target)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError | ssl.SSLError):
        return TlsFailed(
            f"{target} could not prove who it is, or speaks no TLS that is accepted", target=target
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return ConnectFailed(f"nobody answers at {target}", target=target)
    return ConnectionLost(f"the connection to {target} broke before there was an answer", target=target)
