"""
What an engine works with, from its opening to its end: the line itself is in `engine.py`.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Self

from webhook_engine.aside import Aside
from webhook_engine.definitions import read_file, read_folder
from webhook_engine.dispatch import LocalSecrets, SecretStore
from webhook_engine.drift import Drift
from webhook_engine.line import PATIENCE_S
from webhook_engine.performing.holds import Holds
from webhook_engine.performing.recorded import event_id_of
from webhook_engine.pops import PopBoard
from webhook_engine.ready import Ready
from webhook_engine.screens import Screens
from webhook_engine.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike
    from types import TracebackType

    from webhook_engine.definitions import Definitions
    from webhook_engine.deliveries import Deliveries
    from webhook_engine.dispatch import Attempt, Dispatcher
    from webhook_engine.dispatch.allowance import GroupLimit
    from webhook_engine.line import Line
    from webhook_engine.performing import Live, Performed, Performer, PerformerSettings, Settlement
    from webhook_engine.performing.recorded import Recorder
    from webhook_engine.queue import DeliveryQueue, Lease
    from webhook_engine.responses import AgentView
    from webhook_engine.rules import Start
    from webhook_engine.variables import CallContext, CallEvent
    from webhook_engine.versions import Versions


class Workings(ABC):
    """
    Opens what an engine needs, keeps it at hand, and closes it again.
    """

    def __init__(
        self,
        definitions: Definitions,
        *,
        secrets: SecretStore | None = None,
        limits: Limits | None = None,
        queue: DeliveryQueue | str | PathLike[str] | None = None,
        pops: PopBoard | None = None,
        performer: PerformerSettings | None = None,
        drift: Drift | None = None,
    ) -> None:
        """
        Args:
            definitions: Read by `from_file`, or built by `Definitions.build`.

            secrets: Where keys and passwords are looked up; the environment and
                files beside the definitions where left out.

            limits: What is granted to one request and its response.

            queue: Where durable deliveries wait: a file or the address of a PostgreSQL
                database, which the engine opens and closes, or a queue that is open already.

            pops: What agents have before them; a board of the engine's own where left out.

            performer: How many durable deliveries it takes in hand.

            drift: What responses looked like before; nothing where left out.
        """
        self._secrets = secrets or LocalSecrets(folder=definitions.folder)
        self._limits = limits or Limits()
        self._aside = Aside()
        self._file = None if queue is None or hasattr(queue, "put") else queue
        self.queue: DeliveryQueue | None = None if self._file is not None else queue  # type: ignore[assignment]  # it has `put`
        self.pops = pops or PopBoard()
        self.drift = drift or Drift()
        self._performer_settings = performer
        self._performer: Performer | None = None
        self._opened = AsyncExitStack()
        self._shown = Screens(self.pops, self._looked_up, self._keep)
        self._dispatcher: Dispatcher | None = None
        self._live: Live | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._is_stopping = False
        self._holds = Holds()
        self._versions: Versions | None = None
        self._recorder: Recorder | None = None
        self.redefine(definitions)

    @classmethod
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        secrets: SecretStore | None = None,
        limits: Limits | None = None,
        queue: DeliveryQueue | str | PathLike[str] | None = None,
        pops: PopBoard | None = None,
        performer: PerformerSettings | None = None,
    ) -> Self:
        """
        An engine for the definitions in a file, or in all files of a folder.

        Raises:
            DefinitionError: Every problem in them, each with its place.
        """
        from pathlib import Path

        found = Path(path)
        definitions = read_folder(found) if found.is_dir() else read_file(found)
        return cls(definitions, secrets=secrets, limits=limits, queue=queue, pops=pops, performer=performer)

    @property
    def secrets(self) -> SecretStore:
        """
        Where the keys and passwords of its definitions are looked up.
        """
        return self._secrets

    def ready(self, definitions: Definitions) -> Ready:
        """
        What `redefine` makes of definitions, made ahead; in another thread, so that no event loop waits for it.
        """
        return Ready.of(definitions, self._secrets, self._aside)

    def redefine(self, definitions: Definitions | Ready) -> None:
        """
        Let *definitions* hold from now on; requests that were made before stay as they are.
        """
        ready = definitions if isinstance(definitions, Ready) else self.ready(definitions)
        self.definitions, self._lines, self._rules, self._rooms, self._groups, standing = ready
        self._deliveries: Deliveries | None = None
        self._holds.redefine(standing)
        self._shown.redefine(self._lines, self._rules)
        self.drift.retain(self._lines.revision)
        if self._live is not None:
            self._live.breakers.resize()

    # --- A life ------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._closed = self._is_stopping = False
        if self._file is not None:
            from webhook_engine.queue import open_queue

            self.queue = await self._opened.enter_async_context(open_queue(self._file))
        if self.queue is not None:
            from webhook_engine.performing import Performer, PerformerSettings

            # A lease must outlast the longest request.
            longest_s = max([15.0, *(each.deadline_s or 0.0 for each in self.definitions.webhooks)])
            settings = self._performer_settings or PerformerSettings(deadline_s=longest_s + PATIENCE_S)
            await self._holds.open(self.queue)
            self._opened.push_async_callback(self._holds.close)
            self._performer = Performer(
                self.queue,
                self._perform,
                settings=settings,
                breakers=self._asking().breakers,
                on_settled=self._note_settled,
                groups=self._groups_at,
            )
            if (allowances := self._performer.allowances) is not None:
                self._dispatching().share(allowances.of_group)
            await self._opened.enter_async_context(self._performer)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def stop(self) -> None:
        """
        Take no delivery any more, and wait for those and the lookups under way; a second call cuts them off.
        """
        ending = self._shown.close() if self._is_stopping else self._shown.finish()
        self._is_stopping = True
        if self._performer is not None:
            await self._performer.stop()
        # A delivery's response may have begun lookups until now.
        await ending

    async def close(self) -> None:
        """
        Stop, and close every connection; what is still being asked ends with a sentence.

        Nothing can be asked afterwards, unless `async with` opens the engine again.
        """
        self._closed = True
        await self._opened.aclose()
        self._performer = None
        if self._file is not None:
            self.queue = None
        # Whoever opens a queue keeps in it anew what its deliveries name.
        self._versions = self._deliveries = None
        dispatcher, self._dispatcher = self._dispatcher, None
        self._live = self._loop = None
        if dispatcher is not None:
            await dispatcher.close()
        await self._shown.close()
        self._aside.close()

    # --- What the steps work with ------------------------------------------------------------------

    @abstractmethod
    async def _looked_up(self, line: Line, call: CallContext) -> tuple[AgentView, Attempt | None]:
        """
        A live request, whoever started it.
        """

    @abstractmethod
    async def _perform(self, lease: Lease) -> Performed:
        """
        A durable request whose turn it is.
        """

    @property
    def _made(self) -> Deliveries:
        if self._deliveries is None:
            from webhook_engine.deliveries import Deliveries
            from webhook_engine.versions import Versions

            if self._versions is None:
                self._versions = Versions(self._secrets)
            self._deliveries = Deliveries(self._lines, self._rules, self._holds, self._versions)
        return self._deliveries

    def _note_settled(self, lease: Lease, performed: Performed | None, _: Settlement) -> None:
        if performed is not None and performed.hold_s is not None:
            self._holds.note_released(lease.webhook)
        if self._recorder is not None and performed is not None and performed.attempt is not None:
            self._recorder.note_attempt(event_id_of(lease), lease.webhook, performed.attempt)

    async def _keep(self, starts: Sequence[Start], event: CallEvent) -> None:
        await self._made.put([(event, starts)], self.queue)

    def _slots(self, target: str) -> int | None:
        return self._rooms.get(target)

    def _groups_at(self, target: str) -> tuple[GroupLimit, ...]:
        return self._groups.get(target, ())

    def _asking(self, loop: asyncio.AbstractEventLoop | None = None) -> Live:
        if self._live is None or self._loop is not (loop or asyncio.get_running_loop()):
            from webhook_engine.performing import Breakers, Live

            self._live = Live(self._dispatching().dispatch, breakers=Breakers(slots=self._slots))
        return self._live

    def _dispatching(self) -> Dispatcher:
        loop = asyncio.get_running_loop()
        if self._closed:
            raise RuntimeError("this engine is closed")
        if self._dispatcher is None:
            from webhook_engine.dispatch import Dispatcher

            self._dispatcher, self._loop = Dispatcher(self._limits), loop
        elif self._loop is not loop:
            raise RuntimeError("this engine works in another event loop; make one engine for each loop")
        return self._dispatcher
