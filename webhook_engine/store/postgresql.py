"""
The store in a PostgreSQL database: many processes, each with a few connections.

What a SQLite file gives by having one writer, an advisory lock gives here: a write that says nothing else
has the store to itself, for the length of its transaction and across all processes. So the statements, and
what may be concluded from a look before a write, are the same on both.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import BigInteger, bindparam, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from webhook_engine.errors import StoreError, StoreOutdated, StoreUnavailable, StoreUncertain
from webhook_engine.settings import address_without_password
from webhook_engine.store import changes, connecting, schema, steps

import asyncpg  # isort: skip  # what is missing without the extra is told by the line above

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

CHANNELS: Final = (changes.CHANNEL, steps.CHANNEL)
"""What is listened to."""

_POLL_S: Final = 1.0
"""Between two looks at what others changed, whatever was or was not told."""

_STILL_THERE_S: Final = 10.0
"""Between two looks whether the connection that listens still leads somewhere."""

MOVING: Final = "moving"
"""The version of a store that another one is being moved into: no process starts on half of it."""

_ALONE: Final = 0x77687331
"""The advisory lock of the whole store: "whs1"."""

_PASSING: Final = ("08", "40", "53", "57", "55P03")
"""What may be better in a while, by the beginning of PostgreSQL's code: connections, conflicts, resources, an
operator's intervention, a lock."""

T = TypeVar("T")

_SILENT: Final = (
    "it does not answer in time; look whether its host is up or busy, and lets this machine through"
)

_ADVICE: Final = {
    "28": "look at the user and password in the address, and at the server's pg_hba.conf",
    "3D000": "make it with createdb",
    "42501": "let the user make and change tables there",
}


_BIG: Final = (bindparam("all", type_=BigInteger), bindparam("one", type_=BigInteger))
_LOCK_ALL: Final = text("SELECT pg_advisory_xact_lock(:all)").bindparams(_BIG[0])
# In the order in which all take them: first the store, then the name.
_LOCK_ONE: Final = text("SELECT pg_advisory_xact_lock_shared(:all), pg_advisory_xact_lock(:one)").bindparams(
    *_BIG
)


class PostgresqlDatabase:
    """
    The database, open.
    """

    is_shared: Final = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: AsyncEngine | None = None
        self._reading: AsyncEngine | None = None
        self._at_leisure: AsyncEngine | None = None
        self._listening: asyncpg.Connection[Any] | None = None
        self._heard: dict[str, asyncio.Event] = {}
        self._looked_at = 0.0
        self._finding = asyncio.Lock()
        self._tell: Callable[[str], None] = _nobody

    def __str__(self) -> str:
        return address_without_password(self._url)

    async def open(self) -> None:
        """
        Raises:
            StoreOutdated: Its schema is another version's.
            StoreError: It cannot be used, and why.
        """
        self.connect()
        try:
            async with self.read() as connection:
                found = await version(connection)
            if found is None:
                found = await self._begin()
            if found != schema.HEAD:
                raise outdated(str(self), found)
        except BaseException:
            await self.close()
            raise

    async def _begin(self) -> str:
        """
        The schema that it has from now on: another process may have been faster, with another one.
        """
        async with self.write(at_leisure=True) as connection:
            found = await version(connection)
            if found is None:
                await connection.run_sync(schema.migrate)
            return found or schema.HEAD

    def connect(self) -> None:
        """
        Have connections to it, whatever it holds: for those that bring it to what `open` wants.
        """
        self._engine = connecting.engine_of(self._url)
        self._at_leisure = connecting.leisurely_engine_of(self._url)
        self._reading = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    async def close(self) -> None:
        """
        Lets what is being written finish.
        """
        listening, self._listening = self._listening, None
        if listening is not None:
            with suppress(*connecting.AWAY):
                await listening.close(timeout=connecting.PROMPT_S)
        engine, self._engine, self._reading, self._at_leisure = self._engine, None, None, None
        if engine is not None:
            await connecting.dispose(engine)

    @asynccontextmanager
    async def write(
        self, *, among: str | None = None, at_leisure: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        """
        A transaction; kept by the server when this ends.

        Raises:
            StoreUnavailable: No connection, no answer in time, no turn, no room; nothing of it was written.
            StoreUncertain: The connection was lost at the very end.
            StoreError: Something else; nothing of it was written.
        """
        said: set[str] = set()
        async with self._connection(self._at_leisure if at_leisure else self._engine) as connection:
            await connection.execution_options(**{changes.SAID: said})
            transaction = await connection.begin()
            try:
                await connection.execute(*_turn(among))
                yield connection
            except TimeoutError:
                await connecting.give_up(connection)
                raise
            except BaseException:
                await connecting.roll_back(connection, transaction)
                raise
            try:
                await transaction.commit()
            except TimeoutError as error:
                await connecting.give_up(connection)
                raise StoreUncertain(path=str(self)) from error
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise StoreUncertain(path=str(self)) from error
                raise
        for channel in said:
            self._tell(channel)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """
        One consistent look at the store, which keeps no writer waiting.
        """
        async with self._connection(self._reading) as connection:
            yield connection

    async def look(self, work: Callable[[Connection], T]) -> T:
        """
        What *work* reads, of one moment: for what people wait for.
        """
        async with self.read() as connection:
            return await connection.run_sync(work)

    async def told(self, channel: str) -> None:
        """
        Returns when another process said something on a channel, and every second in any case.
        """
        heard = self._heard.setdefault(channel, asyncio.Event())
        async with self._finding:
            await self._listen()
        with suppress(TimeoutError):
            async with asyncio.timeout(_POLL_S):
                await heard.wait()
        heard.clear()

    def relay(self, tell: Callable[[str], None]) -> Callable[[str], None]:
        """
        As `Store.relay`.
        """
        self._tell = tell
        return self._note

    def _note(self, channel: str) -> None:
        if channel in self._heard:
            self._heard[channel].set()

    async def _listen(self) -> None:
        """
        Where it does not succeed, looking every second has to do until it does.
        """
        with suppress(*connecting.AWAY):
            if (there := self._listening) is not None and not there.is_closed():
                if time.monotonic() > self._looked_at + _STILL_THERE_S:
                    await connecting.answered(there, within_s=_POLL_S)
                    self._looked_at = time.monotonic()
                return
            listening = await connecting.connect(self._url)
            try:
                for channel in CHANNELS:
                    await listening.add_listener(channel, self._hear)
            except BaseException:
                listening.terminate()
                raise
            self._listening, self._looked_at = listening, time.monotonic()

    def _hear(self, _: object, __: int, channel: str, ___: object) -> None:
        self._note(channel)

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine | None) -> AsyncIterator[AsyncConnection]:
        if engine is None:
            raise StoreError(f"the store {self} is closed")
        with _refusals(str(self)):
            with _unreachable(str(self)):
                connection = await engine.connect()
            try:
                yield connection
            except TimeoutError as error:
                await connecting.give_up(connection)
                raise StoreUnavailable(path=str(self), why=_SILENT) from error
            finally:
                await connecting.close(connection)


def _nobody(_: str) -> None:
    """
    PostgreSQL tells them.
    """


def outdated(name: str, found: str) -> StoreError:
    """
    The error for a store of another version: they count up, in four digits.
    """
    if found == MOVING:
        return StoreError(
            f"the store {name} is being moved into: run the same `webhook-engine migrate` to its end"
        )
    return StoreOutdated(
        path=name, found=found, wanted=schema.HEAD, is_newer=found > schema.HEAD, is_copied=False
    )


async def upgrade(url: str) -> bool:
    """
    Bring a store to this version's schema, all of it or nothing; no other process writes meanwhile.

    Returns:
        Whether it had another one.

    Raises:
        StoreError: As `PostgresqlDatabase.open`.
    """
    database = PostgresqlDatabase(url)
    database.connect()
    try:
        async with database.write(at_leisure=True) as connection:
            found = await version(connection)
            if found == schema.HEAD:
                return False
            if found is not None and found > schema.HEAD:
                raise outdated(str(database), found)
            await connection.run_sync(schema.migrate)
            return True
    finally:
        await database.close()


async def version(connection: AsyncConnection) -> str | None:
    """
    The schema that is there; None where there is none.
    """
    there = await connection.execute(text("SELECT to_regclass('alembic_version')"))
    if there.scalar_one() is None:
        return None
    return str((await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one())


def _turn(among: str | None) -> tuple[Any, dict[str, int]]:
    """
    What makes a transaction wait for the others that it must not run beside.
    """
    if among is None:
        return _LOCK_ALL, {"all": _ALONE}
    digest = hashlib.sha256(among.encode()).digest()
    return _LOCK_ONE, {"all": _ALONE, "one": int.from_bytes(digest[:8], "big", signed=True)}


# --- Refusals --------------------------------------------------------------------------------------


@contextmanager
def _refusals(name: str) -> Iterator[None]:
    """
    What PostgreSQL says within, as what it means to whoever asked.
    """
    try:
        yield
    except DBAPIError as error:
        raise refusal(name, error.orig or error) from error


@contextmanager
def _unreachable(name: str) -> Iterator[None]:
    """
    What goes wrong before there is a connection.
    """
    try:
        yield
    except PoolTimeout as error:
        uses = f"each of its {connecting.CONNECTIONS} connections is in use"
        why = f"{uses}; ask again, or look what keeps the server busy"
        raise StoreUnavailable(path=name, why=why) from error
    except InvalidRequestError as error:
        # A connection that was made a moment ago did not answer either.
        raise StoreUnavailable(path=name, why=_SILENT) from error
    except (OSError, TimeoutError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error) or "no answer in time"
        to_do = "start its server, or correct the address"
        raise StoreUnavailable(path=name, why=f"it cannot be reached ({why}): {to_do}") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise refusal(name, error) from error


def refusal(name: str, error: BaseException) -> StoreError:
    """
    PostgreSQL's error as ours.
    """
    code = str(getattr(error, "sqlstate", "") or "")
    why = str(error).rpartition(">: ")[2] or type(error).__name__
    if code.startswith(_PASSING) or (not code and "connection" in why):
        return StoreUnavailable(path=name, why=why)
    advice = next((advice for start, advice in _ADVICE.items() if code.startswith(start)), None)
    return StoreError(f"the store {name} failed: {why}" + (f"; {advice}" if advice else ""))
