"""
One process at work, from its start to its end, on one page.

    store, definitions --> Engine (delivery queue, agents' screens) --> service on a port
    a signal --> nothing new --> what runs ends --> screens saved --> files given back
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from webhook_engine import log
from webhook_engine.engine import Engine
from webhook_engine.errors import StoreError
from webhook_engine.process.admin import endpoints
from webhook_engine.process.beside_nats import beside_nats
from webhook_engine.process.board import BoardKeeper, restored, shared
from webhook_engine.process.editions import Edition, FileEditions, StoreEditions
from webhook_engine.process.ending import LAST_S, last
from webhook_engine.process.following import Following
from webhook_engine.process.learning import DriftKeeper
from webhook_engine.process.listening import fingerprint, listen
from webhook_engine.process.owning import claim
from webhook_engine.process.recording import Recording
from webhook_engine.process.running import Running, forget
from webhook_engine.process.signals import ended_by_signals
from webhook_engine.process.telling import advice, tell, tell_missing
from webhook_engine.process.tenant import Tenancy
from webhook_engine.process.xml import xml_api_of
from webhook_engine.queue import open_queue
from webhook_engine.service import SERVICE, Noting, make_app
from webhook_engine.store import Store, keys_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aiohttp.web import Application

    from webhook_engine.definitions import Definitions
    from webhook_engine.pops import PopBoard
    from webhook_engine.process.editions import Editions
    from webhook_engine.settings import Settings


_LOOK_S: Final = 0.02
"""Between two looks at whether the last request has been answered."""

_CUT_S: Final = 10.0
"""How long a process that is told twice waits for the disk; then it goes, and the next one finds what it left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """
    A process that takes events in.
    """

    url: str
    tenant: str

    definitions: str
    """Where they come from: `revision 3`, `integration.toml`."""

    webhooks: int
    rules: int

    took_s: float


class Worker:
    """
    The engine, its store and its service as a process of their own.
    """

    def __init__(self, settings: Settings, *, definitions: Path | None = None, pages: bool = True) -> None:
        """
        Args:
            definitions: A file or folder to work by, watched for edits; the store's own where left out.

            pages: Whether the Integration Centre is served too.
        """
        self.settings = settings
        self._has_pages = pages
        self._path = definitions
        self._told = 0
        self._failure: BaseException | None = None
        self._keeper: BoardKeeper | None = None
        self._stop = asyncio.Event()
        self._cut = asyncio.Event()

    def stop(self) -> None:
        """
        End when what is under way has ended; told twice, at once.
        """
        self._told += 1
        self._stop.set()
        if self._told > 1:
            self._cut.set()

    async def run(self, *, on_started: Callable[[Started], None] | None = None) -> None:
        """
        Work until the process is told to end.

        Raises:
            StoreOwned: Another process has the store; it is named.
            SettingsError: It cannot listen there, or it is not clear whose work it is to do.
            DefinitionError: The definitions to begin with cannot be used.
            WebhookEngineError: A file cannot be used, and why.
        """
        began = time.monotonic()
        async with AsyncExitStack() as opened:
            opened.enter_context(ended_by_signals(self.stop))
            self.store = await opened.enter_async_context(Store.from_settings(self.settings))
            forget(self.settings)  # what a process that was killed left behind
            edition = await self._begin()
            own_key = secrets.token_urlsafe(32)
            self.tenancy = Tenancy(self.store, edition, own_key=own_key)
            board = await self._board(opened)
            self._queue = await opened.enter_async_context(open_queue(self.settings.deliveries))
            await self._claim(edition)
            self.engine = Engine(
                edition.definitions,
                secrets=self.tenancy,
                queue=self._queue,
                pops=board,
            )
            shared = self.settings.is_shared
            self.recording = Recording(self.store, self.engine, self.tenancy, is_shared=shared)
            _at_the_end(opened, self.recording.save, of="recorded calls")
            await self.recording.begin()
            self._following = Following(
                self.store, self.engine, self.tenancy, self.recording, claim=self._claim
            )
            schemas = DriftKeeper(self.store, self.engine.drift, self.tenancy)
            _at_the_end(opened, schemas.save, of="what was learnt of responses")
            await schemas.begin()
            await opened.enter_async_context(self.engine)
            noting = Noting(self.store.api_requests, lambda: self.tenancy.name)
            more = endpoints(self.store, self._tenants, is_own=self.tenancy.is_own)
            self.app = make_app(self.engine, keys=self.tenancy, more=more, noting=noting)
            self.app.add_subapp("/xml", xml_api_of(self.store, self.settings, current=self._current))
            if self._has_pages:
                self._add_console(self.app)
            runner, url = await listen(self.app, self.settings)
            self._url = url
            opened.push_async_callback(runner.cleanup)
            opened.callback(forget, self.settings)
            self._leave_word(own_key)
            keeping = () if self._keeper is None else (self._keeper.run(),)
            beside = beside_nats(
                self.settings, self.store, self.engine, self.app[SERVICE], tenant=lambda: self.tenancy.name
            )
            following = self._following.run(self._editions)
            running = (following, self.recording.run(), schemas.run(), *keeping, *beside)
            tending = [asyncio.create_task(each) for each in running]
            for task in tending:
                task.add_done_callback(self._note_end)
            self._say_started(url, edition, time.monotonic() - began, on_started)
            await self._stop.wait()
            await self._end(tending)
        if self._failure is not None:
            raise self._failure
        log.event("worker.ended", pid=os.getpid())

    async def _board(self, opened: AsyncExitStack) -> PopBoard:
        """
        What agents have before them: this process's own, or on a database of many the board of all.
        """
        if self.settings.is_shared:
            board = await shared(self.store, self.tenancy.name, lambda: self.tenancy.name)
            return await opened.enter_async_context(board)
        own = await restored(self.store, self.tenancy.name)
        self._keeper = BoardKeeper(self.store, own, self.tenancy)
        _at_the_end(opened, partial(_saved, self._keeper), of="screens")
        return own

    def _leave_word(self, own_key: str) -> None:
        Running(
            pid=os.getpid(),
            url=self._url,
            key=own_key,
            fingerprint=fingerprint(self.settings),
            # A name that is no UTF-8 is no JSON either.
            definitions=os.fsencode(self._path or "").decode(errors="backslashreplace"),
        ).write(self.settings)

    def advice(self) -> tuple[str, ...]:
        """
        What to do next, in plain words.
        """
        next_steps = advice(self.store, self.tenancy.name, self.engine.definitions)
        return (*next_steps, self._console_advice()) if self._has_pages else next_steps

    def _console_advice(self) -> str:
        from webhook_engine.console import first_administrator_link

        link = first_administrator_link(self.store, self._url, tenant=self.tenancy.name)
        if link is None:
            return f"The Integration Centre is at {self._url}/"
        return f"The Integration Centre's first administrator: {link} (works once)"

    def _add_console(self, app: Application) -> None:
        # A worker without pages has no use for what draws them.
        from webhook_engine.console import ConsoleSettings, add_console, session_key_of

        settings = ConsoleSettings(
            tenant=lambda: self.tenancy.name,
            source=str(self._path or ""),
            follows=False,
            session_key=session_key_of(keys_of(self.settings)),
        )
        add_console(app, self.engine, self.store, settings=settings)

    async def _tenants(self) -> tuple[str, ...]:
        return (self.tenancy.name,)

    def _current(self) -> tuple[str, Definitions]:
        return self.tenancy.name, self.engine.definitions

    # --- The beginning -----------------------------------------------------------------------------

    async def _begin(self) -> Edition:
        tenant = self.settings.tenant
        self._editions: Editions
        if self._path is None:
            self._editions = StoreEditions(self.store, tenant=tenant)
        else:
            tenants = await self.store.tenants()
            only = tenants[0] if len(tenants) == 1 else ""
            self._editions = FileEditions(self._path, tenant=tenant, otherwise=only)
        edition = await self._editions.first()
        if edition.tenant:
            # Keys and secrets that were set before any tenant had a name become this one's.
            await self.store.pops.save(edition.tenant)
        return edition

    def _say_started(
        self, url: str, edition: Edition, took_s: float, on_started: Callable[[Started], None] | None
    ) -> None:
        started = Started(
            url=url,
            tenant=edition.tenant,
            definitions=edition.source,
            webhooks=len(edition.definitions.webhooks),
            rules=len(edition.definitions.rules),
            took_s=took_s,
        )
        self._following.begun()
        tell("worker.started", edition, pid=os.getpid(), url=url, took_s=round(took_s, 3))
        tell_missing(self.store, self.tenancy.name, self.engine.definitions)
        if on_started is not None:
            on_started(started)

    async def _claim(self, edition: Edition) -> None:
        """
        Raises:
            SettingsError: The deliveries are another tenant's.
        """
        await claim(self._queue, edition.tenant, where=self.settings.database_name)

    # --- While it runs -----------------------------------------------------------------------------

    def _note_end(self, task: asyncio.Task[None]) -> None:
        """
        Something that should run as long as the process has failed: end well, and let the process be started anew.
        """
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = error
            self._stop.set()

    # --- The end -----------------------------------------------------------------------------------

    async def _end(self, tending: list[asyncio.Task[None]]) -> None:
        log.event("worker.stopping", pid=os.getpid())
        self.app[SERVICE].stop()
        for task in tending:
            task.cancel()
        draining = asyncio.create_task(self._drained(tending))
        cut = asyncio.create_task(self._cut.wait())
        await asyncio.wait({draining, cut}, return_when=asyncio.FIRST_COMPLETED)
        if draining.done():
            cut.cancel()
            await draining
            return
        log.event("worker.cut", pid=os.getpid())
        # Whatever the disk does, a process that is told twice goes.
        asyncio.get_running_loop().call_later(_CUT_S, os._exit, 128 + signal.SIGTERM)
        await self.engine.stop()
        draining.cancel()
        await asyncio.wait([draining])

    async def _drained(self, tending: list[asyncio.Task[None]]) -> None:
        # What one of them has begun with the store it finishes, where that takes it.
        _, hanging = await asyncio.wait(tending, timeout=LAST_S)
        if hanging:
            log.event("worker.hanging", tasks=len(hanging), after_s=LAST_S)
        await self.engine.stop()
        await self._answered()

    async def _answered(self) -> None:
        """
        Waits until nobody waits for an answer; health is told meanwhile.
        """
        service = self.app[SERVICE]
        while service.asks.taken or service.bytes.taken:  # noqa: ASYNC110  # nobody tells when they are 0
            await asyncio.sleep(_LOOK_S)


def _at_the_end(opened: AsyncExitStack, exchange: Callable[[], Awaitable[None]], *, of: str) -> None:
    opened.push_async_callback(last, exchange, of=of, within_s=LAST_S)


async def _saved(keeper: BoardKeeper) -> None:
    try:
        await keeper.save()
    except StoreError as error:
        # What is on screens is worth less than a process that ends.
        log.event("pops.unsaved", why=str(error))
