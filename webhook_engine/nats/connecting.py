"""
Connections to NATS: each to one server, and made anew by us when it ends.

The client's own reconnecting keeps subscriptions whose pulls nobody knows any more, and gives up after a while; so it
is switched off, and whatever works on a connection begins anew on the next one.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager, suppress
from itertools import cycle
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from webhook_engine import log
from webhook_engine.errors import MissingExtra, NatsError, NatsUnavailable, NatsUnprepared
from webhook_engine.nats.proving import proof_of

try:
    from nats import errors
    from nats.aio.client import Client
except ImportError as error:
    raise MissingExtra(extra="cluster", wanted_for="NATS") from error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

CONNECT_S: Final = 3

TROUBLE: Final = (OSError, TimeoutError, errors.Error)
"""What the client says where the network, a server or JetStream would not."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0

_LASTED_S: Final = 10.0
"""What worked for so long and broke then is a new trouble."""


def servers_of(address: str) -> tuple[str, ...]:
    """
    The servers of an address, which has commas between them.
    """
    return tuple(each.strip() for each in address.split(",") if each.strip())


def shown(address: str) -> str:
    """
    An address without users and passwords.
    """
    return ",".join(f"{urlsplit(each).scheme}://{_place(each)}" for each in servers_of(address))


def _place(server: str) -> str:
    return urlsplit(server).netloc.rpartition("@")[2]


class _Client(Client):
    """
    A client that says nothing in the clear where it was told not to; the library's own does where the server wants it.
    """

    def __init__(self, *, is_secret: bool) -> None:
        super().__init__()
        self._is_secret = is_secret

    def _connect_command(self) -> bytes:
        # The first thing that is said, with who we are. nats-py 2.16 begins TLS where the server asks for it alone.
        if self._is_secret and not self._server_info.get("tls_required"):
            raise errors.Error("it asks for no TLS, and its address does: nothing was said to it")
        return super()._connect_command()


@asynccontextmanager
async def connected(server: str) -> AsyncIterator[tuple[Client, asyncio.Event]]:
    """
    A connection to one server, and what is set when it has ended.

    Raises:
        NatsUnavailable: There is none to be had.
    """
    proof = proof_of(server)
    client, ended = _Client(is_secret=proof.tls is not None), asyncio.Event()
    # It has an argument for a key that it reads itself, and none for one that others sign with.
    client._public_nkey = proof.public_key
    is_there = False
    asked_to_go = _asked_to_go()

    async def note(error: Exception) -> None:
        # The client would try the same server for good; later on, whoever waits for something is told.
        if not is_there:
            raise error

    async def note_end() -> None:
        ended.set()

    try:
        # It takes its own time for some of what may hang.
        async with asyncio.timeout(2 * CONNECT_S):
            await client.connect(
                [proof.url],
                name="webhook-engine",
                tls=proof.tls,
                user_jwt_cb=None if proof.jwt is None else lambda: bytearray(str(proof.jwt), "ascii"),
                signature_cb=proof.sign,
                allow_reconnect=False,
                connect_timeout=CONNECT_S,
                ping_interval=5,
                max_outstanding_pings=2,
                error_cb=note,
                closed_cb=note_end,
            )
        heed(since=asked_to_go)
    except Exception as error:
        # Whatever stands there: what is no NATS server at all brings errors that nats-py has no name for.
        await _closed(client)
        raise NatsUnavailable(address=shown(server), why=_why(error)) from error
    except BaseException:
        await _closed(client)
        raise
    is_there = True
    try:
        yield client, ended
    finally:
        await _closed(client)


def heed(*, since: int = 0) -> None:
    """
    Go where this task was cancelled and the client did not let it be known: asyncio's `wait_for`, which it is full of,
    forgets that where an answer comes at the same moment (cpython 86296, mended in 3.12).

    Args:
        since: How often it had been cancelled before.
    """
    if _asked_to_go() > since:
        raise asyncio.CancelledError


def _asked_to_go() -> int:
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


@asynccontextmanager
async def connected_to_any(address: str) -> AsyncIterator[Client]:
    """
    A connection to the first server that answers.

    Raises:
        NatsUnavailable: None does.
    """
    servers = servers_of(address)
    for number, server in enumerate(servers, 1):
        opened = connected(server)
        try:
            client, _ = await opened.__aenter__()
        except NatsUnavailable:
            if number == len(servers):
                raise
            continue
        try:
            yield client
        finally:
            await opened.__aexit__(None, None, None)
        return


async def stay_connected(address: str, work: Callable[[Client], Awaitable[None]], *, wanted_for: str) -> None:
    """
    Have *work* done on a connection, and again on another one when either ends; until this is cancelled.
    """
    servers = list(servers_of(address))
    random.shuffle(servers)
    said, pause_s, is_prepared = "", _FIRST_PAUSE_S, True
    for server in cycle(servers):
        began = time.monotonic()
        try:
            async with connected(server) as (client, ended):
                if is_prepared:
                    log.event("nats.connected", wanted_for=wanted_for, server=_place(server))
                await _done(work(client), ended, server)
        except (*TROUBLE, NatsError) as error:
            why = str(error) if isinstance(error, NatsError) else _why(error)
            if time.monotonic() - began > _LASTED_S:
                said, pause_s = "", _FIRST_PAUSE_S
            is_prepared = not isinstance(error, NatsUnprepared)
            if said != why:
                said = why
                if not is_prepared:
                    log.event("nats.unprepared", wanted_for=wanted_for, why=why)
                else:
                    log.event("nats.lost", wanted_for=wanted_for, why=why)
        # Apart from the others that lost the same server at the same moment.
        await asyncio.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311  # no secret
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


async def _done(work: Awaitable[None], ended: asyncio.Event, server: str) -> None:
    working = asyncio.ensure_future(work)
    ending = asyncio.ensure_future(ended.wait())
    try:
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return await working
        raise NatsUnavailable(address=_place(server), why="the connection ended")
    finally:
        ending.cancel()
        working.cancel()
        await asyncio.wait({working, ending})
        if not working.cancelled():
            working.exception()  # that the connection ended says more


async def _closed(client: Client) -> None:
    """
    A server that does not answer any more keeps nobody from going.
    """
    with suppress(*TROUBLE):
        async with asyncio.timeout(CONNECT_S):
            await client.close()


def _why(error: BaseException) -> str:
    return str(error) or type(error).__name__
