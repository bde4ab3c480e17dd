"""
A running console: what its handlers share.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from webhook_engine.console.advice import Advisor
from webhook_engine.console.assets import Assets
from webhook_engine.console.looking import as_looked_at
from webhook_engine.console.sessions import Sessions, user_of
from webhook_engine.console.simulation import Simulations
from webhook_engine.console.throttle import Throttle
from webhook_engine.console.trials import Trials
from webhook_engine.console.uses import Uses
from webhook_engine.console.visitor import Visitor
from webhook_engine.console.works import Works
from webhook_engine.definitions import Definitions
from webhook_engine.errors import NotFound, WebhookEngineError
from webhook_engine.service.stream import AgentStreams
from webhook_engine.store import Topic
from webhook_engine.store.revisions import Revision, RevisionEntry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import web
    from aiohttp_session import Session

    from webhook_engine.console.settings import ConsoleSettings
    from webhook_engine.engine import Engine
    from webhook_engine.store import Store

_PATIENCE_S = 3.0
_LOOK_S = 0.05

UserOf: TypeAlias = "Callable[[web.Request], Awaitable[Visitor | None] | Visitor | None]"
"""Who an embedding application says is there; None for nobody."""


class NotAllowed(WebhookEngineError):
    """
    A page that this visitor may not see, or a change that cannot be made here.
    """


class Console:
    """
    An engine, its store, and who may look at them.
    """

    def __init__(
        self, engine: Engine, store: Store, *, settings: ConsoleSettings, user_of: UserOf | None
    ) -> None:
        self.engine, self.store, self.settings = engine, store, settings
        self.user_of = user_of
        self.assets = Assets()
        self.sessions = Sessions(
            settings.session_key, store.signing_in, session_s=settings.session_s, https=settings.https
        )
        self.advisor = Advisor()
        self.trials = Trials()
        self.uses = Uses()
        self.works = Works()
        self.simulations = Simulations()
        self.streams = AgentStreams(engine.pops)
        self.looking = AgentStreams(engine.pops, shown=as_looked_at, backlog=self.streams.backlog)
        self._looked_at: tuple[tuple[str, int], Revision] | None = None
        self.throttle = Throttle(tries=settings.tries, longest_s=settings.longest_wait_s)
        self.changing = Throttle(tries=settings.tries, longest_s=settings.longest_wait_s)
        # Behind a proxy all machines look like one.
        self.machines = Throttle(tries=10 * settings.tries, longest_s=settings.longest_wait_s)

    @property
    def tenant(self) -> str:
        """
        Whose console it is.
        """
        stated = self.settings.tenant
        if stated is not None:
            return stated if isinstance(stated, str) else stated()
        return self.engine.definitions.tenant.name

    async def visitor(self, request: web.Request, session: Session) -> Visitor | None:
        """
        Who is there; None where nobody is signed in, or whoever was may not be any more.
        """
        if self.user_of is not None:
            found = self.user_of(request)
            return await found if isinstance(found, Awaitable) else found
        email, stamp = user_of(session)
        user = self.store.users.find(self.tenant, email) if email else None
        return Visitor.of(user) if user is not None and user.stamp == stamp else None

    async def revision(self) -> Revision:
        """
        The definitions in force, which may be none at all.
        """
        if self.settings.source:
            return Revision(entry=_nothing(self.tenant), definitions=self.engine.definitions)
        # The number counts on with every change, so that an unchanged one saves a look at the disk.
        seen = (self.tenant, self.store.changes.number(Topic.DEFINITIONS))
        if self._looked_at is None or self._looked_at[0] != seen:
            try:
                revision = await self.store.definitions.load(self.tenant)
            except NotFound:
                revision = Revision(entry=_nothing(self.tenant), definitions=Definitions())
            self._looked_at = (seen, revision)
        return self._looked_at[1]

    async def follow(self, _: web.Application) -> AsyncIterator[None]:
        """
        For the application's `cleanup_ctx`: the engine works with what the store has in force.
        """
        if not self.settings.follows or self.settings.source:
            yield
            return
        following = asyncio.create_task(self._follow())
        yield
        following.cancel()
        await asyncio.wait([following])

    async def stop(self, _: web.Application) -> None:
        """
        For the application's `on_shutdown`: agents' streams end, so that their browsers connect elsewhere.
        """
        self.streams.close()
        self.looking.close()

    def check_editable(self) -> None:
        """
        Raises:
            NotAllowed: The definitions are not the store's.
        """
        if self.settings.source:
            raise NotAllowed(f"the definitions are those of {self.settings.source}: edit them there")

    async def in_force(self, revision: Revision) -> None:
        """
        Have the engine work by *revision*; where somebody else tells it what holds, wait a moment for them.
        """
        if self.settings.source:
            return
        if self.settings.follows and revision.definitions != self.engine.definitions:
            self.engine.redefine(await asyncio.to_thread(self.engine.ready, revision.definitions))
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                while revision.definitions != self.engine.definitions:  # noqa: ASYNC110  # an engine tells nobody
                    await asyncio.sleep(_LOOK_S)

    async def _follow(self) -> None:
        async for revision in self.store.definitions.watch(self.tenant):
            await self.in_force(revision)


def _nothing(tenant: str) -> RevisionEntry:
    from datetime import UTC, datetime

    return RevisionEntry(tenant=tenant, number=0, saved_by="nobody", saved_at=datetime.fromtimestamp(0, UTC))
