"""
The store, open: its parts, and how they come up and go down together.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, Self

from sqlalchemy import select

from webhook_engine import log
from webhook_engine.dispatch import LocalSecrets
from webhook_engine.errors import StoreError
from webhook_engine.store import tables
from webhook_engine.store.api_keys import ApiKeys
from webhook_engine.store.api_log import ApiLog
from webhook_engine.store.api_requests import ApiRequests
from webhook_engine.store.campaigns import Campaigns
from webhook_engine.store.changes import CHANNEL, Changes
from webhook_engine.store.contacts import Contacts
from webhook_engine.store.database import database_of
from webhook_engine.store.dialer import DialerContacts
from webhook_engine.store.keyring import keys_of
from webhook_engine.store.learnt import Learnt
from webhook_engine.store.passwords import Passwords
from webhook_engine.store.pops import Pops
from webhook_engine.store.recordings import Recordings
from webhook_engine.store.revisions import Revisions
from webhook_engine.store.sealing import Seal
from webhook_engine.store.secrets import StoreSecrets
from webhook_engine.store.signing_in import SigningIn
from webhook_engine.store.steps import Steps
from webhook_engine.store.users import Users
from webhook_engine.store.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from webhook_engine.dispatch import SecretStore
    from webhook_engine.settings import Settings

_FLUSH_S: Final = 5.0
"""How late it may be written down that an API key was used, and what was asked with it."""

_LAST_S: Final = 5.0
"""How long closing waits for what is still to be written down."""

_DAY_S: Final = 24 * 3600.0

_KEPT_S: Final = 90 * _DAY_S
"""How long API requests are remembered."""

_SWEEP_S: Final = 3600.0

_AGAIN_S: Final = 1.0
"""Until a database that cannot be reached is asked again."""

_SWEPT: Final = 10_000
"""Contacts that are forgotten before what waits to be written down is."""

HANDED_OUT_DAYS: Final = 90
"""How long contacts are kept after they were handed out, where nothing else is said."""


class Store:
    """
    What an installation knows beyond its deliveries, for the event loop that opened it.

    Whatever a method changed is on the disk when it returns, and known to every part of this process.
    """

    def __init__(self, url: str, keys: Sequence[str] = (), *, handed_out_days: int = HANDED_OUT_DAYS) -> None:
        self._handed_out_s = handed_out_days * _DAY_S
        self._database = database_of(url)
        self.changes = Changes(self._database)
        self.vault = Vault(self._database, Seal(keys), self.changes)
        self.definitions = Revisions(self._database, self.vault, self.changes)
        self.keys = ApiKeys(self._database, self.changes)
        self.pops = Pops(self._database, self.changes)
        passwords = Passwords()
        self.users = Users(self._database, self.changes, passwords)
        self.signing_in = SigningIn(self._database, self.changes, self.users, passwords)
        self.campaigns = Campaigns(self._database, self.changes)
        self.dialer = DialerContacts(self._database)
        self.contacts = Contacts(self._database, self.changes)
        self.api_requests = ApiRequests(self._database)
        self.api_log = ApiLog(self._database, self.api_requests)
        self.steps = Steps(self._database)
        self.recordings = Recordings(self._database, self.changes)
        self.learnt = Learnt(self._database, self.changes)
        self._tending: tuple[asyncio.Task[None], ...] = ()

    @classmethod
    def open(cls, url: str, keys: Sequence[str] = (), *, handed_out_days: int = HANDED_OUT_DAYS) -> Self:
        """
        A store, to be entered with `async with`; an empty database or a missing file becomes one.

        Args:
            url: `sqlite:///PATH`, or `postgresql://USER@HOST/DATABASE`.

            keys: What the vault is sealed with, the newest first (`read_keys`). Without any, the
                store works and the vault refuses.

            handed_out_days: How long contacts are kept after they were handed out; 0 keeps them.

        Raises:
            SettingsError: There is no store of that kind.
        """
        return cls(url, keys, handed_out_days=handed_out_days)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """
        The store and the keys that the settings name, to be entered with `async with`.

        Raises:
            SettingsError: The database or a key cannot be used.
        """
        return cls(settings.database, keys_of(settings), handed_out_days=settings.handed_out_days)

    def __repr__(self) -> str:
        return f"Store({str(self._database)!r})"

    async def __aenter__(self) -> Self:
        """
        Raises:
            StoreOwned: Another process has the file.
            StoreOutdated: Its schema is another version's; says what to run.
            StoreError: The file cannot be used, and why.
        """
        await self._database.open()
        try:
            await self.changes.catch_up()
        except BaseException:
            await self._database.close()
            raise
        self._tending = (asyncio.create_task(self._tend()), asyncio.create_task(self._follow()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """
        Finish what was begun, and let another process have the file.

        A database that takes nothing is waited for no longer than five seconds.
        """
        tending, self._tending = self._tending, ()
        if not tending:
            return
        for task in tending:
            task.cancel()
        await asyncio.wait(tending)
        try:
            async with asyncio.timeout(_LAST_S) as limit:
                await self._flush()
        except TimeoutError:
            if not limit.expired():
                raise
            log.event("store.flush.failed", why=f"the database took nothing within {_LAST_S:g} s")
        finally:
            await self._database.close()

    async def tenants(self) -> tuple[str, ...]:
        """
        The names of all tenants, in the order in which they came.
        """
        async with self._database.read() as connection:
            rows = await connection.execute(select(tables.tenant.c.name).order_by(tables.tenant.c.id))
            return tuple(rows.scalars())

    def relay(self, tell: Callable[[str], None]) -> Callable[[str], None]:
        """
        Have other processes told by one more way, beside the database's own.

        Args:
            tell: Called with a channel when a change that concerns other processes has been committed here.

        Returns:
            To be called with a channel when another process told of one: the database is looked at then.
        """
        return self._database.relay(tell)

    def secrets(
        self, tenant: str, *, folder: Path | None = None, elsewhere: SecretStore | None = None
    ) -> StoreSecrets:
        """
        One tenant's secrets for dispatch: those in the vault, and elsewhere those that are not.

        Args:
            folder: Where the relative file names of its definitions begin.

            elsewhere: In place of the environment and files.
        """
        return StoreSecrets(self.vault, tenant, elsewhere=elsewhere or LocalSecrets(folder=folder))

    async def _tend(self) -> None:
        swept = -_SWEEP_S
        while True:
            await asyncio.sleep(_FLUSH_S)
            try:
                await self._flush()
                if time.monotonic() - swept >= _SWEEP_S:
                    await self.api_requests.sweep(_KEPT_S)
                    # Where there are more, the next round goes on with them.
                    if not await self._forgets_more():
                        swept = time.monotonic()
            except StoreError as error:
                # What was not written down is tried again next time, and when the store closes.
                log.event("store.flush.failed", why=str(error))

    async def _follow(self) -> None:
        """
        Take note of what other processes change, within a second of it.
        """
        why = ""
        while True:
            await self._database.told(CHANNEL)
            try:
                await self.changes.catch_up()
                why = ""
            except StoreError as error:
                # What this process knows goes on in force; it is told once for each reason.
                if why != str(error):
                    why = str(error)
                    log.event("store.unreachable", why=why)
                await asyncio.sleep(_AGAIN_S)

    async def _forgets_more(self) -> bool:
        if not self._handed_out_s:
            return False
        return await self.dialer.sweep(self._handed_out_s, most=_SWEPT) >= _SWEPT

    async def _flush(self) -> None:
        await self.keys.flush()
        await self.api_requests.flush()
