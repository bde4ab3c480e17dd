"""
What processes on one PostgreSQL settle among themselves while they run: turns of which there are few, and words that
are told to all. Nothing of it outlives them.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from webhook_engine.errors import MissingExtra, StoreUnavailable
from webhook_engine.settings import address_without_password

try:
    import asyncpg
except ImportError as error:
    raise MissingExtra(extra="cluster", wanted_for="a store in PostgreSQL") from error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_CHANNEL: Final = "webhook_engine_words"
_CONNECT_S: Final = 5.0
_ASK_S: Final = 2.0
"""What is waited for by somebody who asked over HTTP must not take longer."""

_AGAIN_S: Final = 1.0

_STILL_THERE_S: Final = 3.0
"""Between two looks whether the connection still leads somewhere: what others say is nowhere else to be found."""

_TAKE: Final = "SELECT n FROM unnest($1::bigint[]) n WHERE pg_try_advisory_lock(n) LIMIT 1"
_GIVE_BACK: Final = "SELECT pg_advisory_unlock($1::bigint)"
_SAY: Final = "SELECT pg_notify($1, $2)"

_AWAY: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Turn(NamedTuple):
    """
    A turn that was taken; it ends with the connection it was taken on, at the latest.
    """

    number: int
    of: object


class Among:
    """
    One connection of this process, which it makes anew where it breaks; whoever asks meanwhile is told so at once.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._db: asyncpg.Connection[Any] | None = None
        self._one = asyncio.Lock()
        self._taken: set[int] = set()
        """By this process: the server would give it the same ones again."""
        self._lost = asyncio.Event()
        self._hear: Callable[[str | None], None] = _nothing

    def listen(self, hear: Callable[[str | None], None]) -> None:
        """
        Have *hear* called with every word of another process; with None where some may have been missed.
        """
        self._hear = hear

    @property
    def is_there(self) -> bool:
        """
        Whether words are heard and turns taken at this time.
        """
        return self._db is not None and not self._db.is_closed()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """
        Within this it has its connection, where the server can be reached.
        """
        with suppress(*_AWAY):
            await self._connect()
        keeping = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})
            db, self._db = self._db, None
            if db is not None:
                db.terminate()

    async def _keep(self) -> None:
        while True:
            if self.is_there:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_STILL_THERE_S):
                        await self._lost.wait()
                await self._look()
                continue
            await asyncio.sleep(_AGAIN_S)
            with suppress(*_AWAY):
                await self._connect()

    async def _look(self) -> None:
        async with self._one:
            db = self._db
            if db is None or db.is_closed():
                return
            try:
                await db.execute("SELECT 1")
            except _AWAY:
                db.terminate()

    async def _connect(self) -> None:
        if self.is_there:
            return
        self._lost.clear()
        db = await asyncpg.connect(
            self._url,
            timeout=_CONNECT_S,
            command_timeout=_ASK_S,
            server_settings={
                "application_name": "webhook-engine among",
                # What a machine that is cut off holds is given to others after half a minute.
                "tcp_keepalives_idle": "15",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
            },
        )
        db.add_termination_listener(self._lose)
        try:
            await db.add_listener(_CHANNEL, self._told)
        except BaseException:
            db.terminate()
            raise
        self._taken.clear()
        self._db = db
        self._hear(None)

    def _lose(self, _: object) -> None:
        self._hear(None)
        self._lost.set()

    def _told(self, _: object, sender: int, __: str, word: object) -> None:
        if self._db is None or sender != self._db.get_server_pid():
            self._hear(str(word))

    # --- What is settled ---------------------------------------------------------------------------

    async def take(self, name: str, most: int) -> Turn | None:
        """
        One of *most* turns of that name; None where all are taken. A process that ends gives back what it had.

        Raises:
            StoreUnavailable: Not now.
        """
        numbers = [_number(name, place) for place in range(most)]
        async with self._one:
            db = self._connected()
            free = [each for each in numbers if each not in self._taken]
            random.shuffle(free)  # so that many processes do not ask for the same one first
            try:
                found = await db.fetchval(_TAKE, free) if free else None
            except BaseException as error:
                # Whether it was taken is not known: with the connection it ends in any case.
                db.terminate()
                if isinstance(error, _AWAY):
                    raise self._refusal(error) from error
                raise
            if found is None:
                return None
            self._taken.add(found)
            return Turn(found, db)

    async def give_back(self, turn: Turn) -> None:
        """
        Let others have it.
        """
        async with self._one:
            if self._db is not turn.of or self._db is None or self._db.is_closed():
                return
            try:
                await self._db.execute(_GIVE_BACK, turn.number)
            except BaseException as error:
                self._db.terminate()
                if not isinstance(error, _AWAY):
                    raise
            self._taken.discard(turn.number)

    async def say(self, word: str) -> None:
        """
        Tell every other process.

        Raises:
            StoreUnavailable: Not now; whoever is not told hears that something may have been missed.
        """
        async with self._one:
            db = self._connected()
            try:
                await db.execute(_SAY, _CHANNEL, word)
            except _AWAY as error:
                db.terminate()
                raise self._refusal(error) from error

    def _connected(self) -> asyncpg.Connection[Any]:
        if self._db is None or self._db.is_closed():
            raise self._refusal("the connection is being made anew")
        return self._db

    def _refusal(self, why: object) -> StoreUnavailable:
        return StoreUnavailable(path=address_without_password(self._url), why=str(why) or type(why).__name__)


def _number(name: str, place: int) -> int:
    digest = hashlib.sha256(f"{place} of {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _nothing(_: str | None) -> None:
    pass
