"""
The whole line on one page: a call becomes a request, its response becomes what an agent sees.

    CallEvent --match--> Delivery --put--> [queue] --lease--> PreparedRequest --send--> Response --> settled
    CallContext --prepare--> URL                                       Browser Window: nothing is sent
    CallContext --prepare--> PreparedRequest --send--> Response --read--> Table --choose--> AgentView
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Self

from webhook_engine import log
from webhook_engine.aside import Aside
from webhook_engine.definitions import Definitions, read_file, read_folder
from webhook_engine.dispatch import LocalSecrets, PreparedRequest, SecretStore, admit
from webhook_engine.errors import WebhookEngineError, WrongType
from webhook_engine.line import (
    PATIENCE_S,
    Lines,
    Trial,
    failed,
    read,
    read_at_once,
    read_beside,
    revision_of,
    rooms_of,
    tell,
)
from webhook_engine.performing.holds import Holds, Standing
from webhook_engine.pops import PopBoard
from webhook_engine.rules import RuleSet
from webhook_engine.screens import Screens
from webhook_engine.settings import Limits
from webhook_engine.turns import in_turns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike
    from types import TracebackType

    from webhook_engine.deliveries import Deliveries
    from webhook_engine.dispatch import Attempt, Dispatcher
    from webhook_engine.line import Line
    from webhook_engine.performing import (
        Live,
        Performed,
        Performer,
        PerformerReport,
        PerformerSettings,
        Settlement,
    )
    from webhook_engine.queue import Delivery, DeliveryQueue, Lease
    from webhook_engine.responses import AgentView
    from webhook_engine.rules import Match, Start
    from webhook_engine.variables import CallContext, CallEvent, Value
    from webhook_engine.versions import Versions


class Ready(NamedTuple):
    """
    Definitions, and what an engine works with instead of them.
    """

    definitions: Definitions
    lines: Lines
    rules: RuleSet

    rooms: Mapping[str, int]
    """Target -> how many requests it may have under way."""

    standing: Mapping[str, Standing]
    """Durable webhook -> how it stands."""


class Engine:
    """
    Webhooks at the service of calls.

    An engine is a guest: it configures nothing outside itself, and closes what it opened. `open`, `render`
    and `match` work anywhere; `ask` and `notify` belong to one event loop, where `async with` opens the
    delivery queue, performs what is in it, and closes everything again.
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
    ) -> None:
        """
        Args:
            definitions: Read by `from_file`, or built by `Definitions.build`.

            secrets: Where keys and passwords are looked up; the environment and
                files beside the definitions where left out.

            limits: What is granted to one request and its response.

            queue: Where durable deliveries wait: a file, which the engine opens and
                closes, or a queue that is open already.

            pops: What agents have before them; a board of the engine's own where left out.

            performer: How many durable deliveries it takes in hand.
        """
        self._secrets = secrets or LocalSecrets(folder=definitions.folder)
        self._limits = limits or Limits()
        self._aside = Aside()
        self._file = None if queue is None or hasattr(queue, "put") else queue
        self.queue: DeliveryQueue | None = None if self._file is not None else queue  # type: ignore[assignment]  # it has `put`
        self.pops = pops or PopBoard()
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

    def ready(self, definitions: Definitions) -> Ready:
        """
        What `redefine` makes of definitions, made ahead; in another thread, so that no event loop waits for it.
        """
        return Ready(
            definitions,
            Lines(definitions, self._secrets, self._aside),
            RuleSet(definitions),
            rooms_of(definitions),
            {
                each.name: Standing(revision_of(each), each.enabled)
                for each in definitions.webhooks
                if each.is_durable
            },
        )

    def redefine(self, definitions: Definitions | Ready) -> None:
        """
        Let *definitions* hold from now on; requests that were made before stay as they are.
        """
        ready = definitions if isinstance(definitions, Ready) else self.ready(definitions)
        self.definitions, self._lines, self._rules, self._rooms, standing = ready
        self._deliveries: Deliveries | None = None
        self._holds.redefine(standing)
        self._shown.redefine(self._lines, self._rules)
        if self._live is not None:
            self._live.breakers.resize()

    # --- What an application asks for ------------------------------------------------------------

    def open(self, webhook: str, call: CallContext) -> str:
        """
        The address to open in the agent's browser; nothing is sent.

        Raises:
            NotFound: No webhook has that name.
            WrongType: It is sent from here, so it is asked, not opened.
            WebhookDisabled: Its definition says so.
            AgentRefused: The call's extension may not use it.
            TemplateError: A value cannot stand where the template puts it.
        """
        line = self._lines.of(webhook)
        if line.is_sent:
            raise WrongType(webhook, is_sent=True)
        self._lines.check_enabled(line)
        return self._lines.prepared(line, call, self._lines.values(line, call)).url

    async def ask(self, webhook: str, call: CallContext, *, test_values: bool = False) -> AgentView:
        """
        What an agent sees of a target system's answer, within the webhook's deadline.

        Whatever the target system, the network or a value does, the view says it in its
        `outcome` and `sentence`, with the cause in `error`.

        A target that keeps failing is left alone for a while, and the view says so at once. What never left,
        or a GET whose connection broke, is tried a second time. Agents who look up (GET) the same at the same
        time share one request, each within a deadline of their own. Where the webhook's `stale_s` allows it,
        an answer from before stands in for one that fails, and says how old it is.

        Args:
            test_values: Send the parameters' test values, where they have one; nothing from before stands in.

        Raises:
            NotFound: No webhook has that name.
            WrongType: It is a page for the browser, so it is opened, not asked.
        """
        line = self._lines.of(webhook, test_values=test_values)
        if not line.is_sent:
            raise WrongType(webhook, is_sent=False)
        view, _ = await self._looked_up(line, call)
        return view

    async def try_out(self, webhook: str, call: CallContext) -> Trial:
        """
        As `ask` with the test values, and everything else that an administrator wants to see of it. What is
        disabled can be tried out too.

        Raises:
            NotFound: No webhook has that name.
            WrongType: It is a page for the browser, so it is opened, not asked.
        """
        line = self._lines.of(webhook, test_values=True)
        if not line.is_sent:
            raise WrongType(webhook, is_sent=False)
        values: Mapping[str, Value] = {}
        try:
            values = self._lines.values(line, call)
            request = self._lines.prepared(line, call, values)
        except WebhookEngineError as error:
            return Trial(view=failed(line.name, error), values=values)
        until = asyncio.get_running_loop().time() + request.deadline_s
        attempt = await self._dispatching().dispatch(request)
        view = await read(line, attempt, values, until=until)
        masked = replace(attempt, prepared=request.masked())
        return Trial(view=view, values=values, request=masked.prepared, attempt=masked)

    def render(self, webhook: str, call: CallContext, *, test_values: bool = False) -> PreparedRequest:
        """
        What `open` would open or `ask` would send, without its secrets; nothing is sent.

        Raises:
            NotFound: No webhook has that name.
            WebhookEngineError: What would keep `ask` from sending it.
        """
        line = self._lines.of(webhook, test_values=test_values)
        return self._lines.prepared(line, call, self._lines.values(line, call)).masked()

    def match(self, event: CallEvent) -> Match:
        """
        What *event* starts, and why; nothing is done.
        """
        return self._rules.match(event)

    async def notify(self, event: CallEvent) -> tuple[Delivery, ...]:
        """
        Let something that happened to a call start what the rules say.

        Returns:
            The durable deliveries, once they are on the disk. Windows and live lookups go to `pops`.

        Raises:
            QueueUnavailable: The disk would not take them; nothing was accepted, so notify again later.
            QueueError: Durable deliveries need a queue, and this engine has none.
        """
        (deliveries,) = await self.notify_all((event,))
        return deliveries

    async def notify_all(self, events: Sequence[CallEvent]) -> tuple[tuple[Delivery, ...], ...]:
        """
        `notify` for many events, all or none of them, at the cost of one.
        """
        # By the definitions that hold now, whatever becomes of them meanwhile.
        rules, deliveries = self._rules, self._made
        started = [(event, rules.match(event).starts) async for event in in_turns(events)]
        made = await deliveries.put(started, self.queue)
        if self._shown.shows_something or not self.pops.is_empty:
            for event, starts in started:
                self.pops.note(event)
                self._shown.show(starts, event)
        return made

    async def run(self, webhook: str, event: CallEvent) -> tuple[Delivery, ...]:
        """
        Let an agent start one webhook, by a button or by a cell that leads to it.

        Where rules start it for this event too, their chains go on from its response; they need not.

        Returns:
            The durable delivery, once it is on the disk. A window or a lookup goes to `pops`.

        Raises:
            NotFound: No webhook has that name.
            WebhookDisabled: Its definition says so.
            AgentRefused: The call's extension may not use it.
            TemplateError: A value cannot stand where the template of a window puts it.
            QueueUnavailable: The disk would not take it.
            QueueError: It is durable, and this engine has no queue.
        """
        line = self._lines.of(webhook)
        self._lines.check_enabled(line)
        admit(event.call.extension, self.definitions.index.agents, webhook=webhook)
        if not line.is_sent:
            self.open(webhook, event.call)  # what keeps it from opening is told to whoever asked
        start = self._rules.start_by_hand(webhook, event)
        (made,) = await self._made.put([(event, (start,))], self.queue)
        self.pops.note(event)
        self._shown.show((start,), event)
        return made

    def report(self) -> PerformerReport | None:
        """
        What is under way and how each target is treated; None where no queue is open.
        """
        if self._performer is None:
            return None
        return replace(self._performer.report(), holds=self._holds.active())

    async def resume(self, webhook: str) -> int:
        """
        Let deliveries go that are kept back because their target was gone, although the webhook was not edited.

        Returns:
            How many deliveries waited for that.

        Raises:
            NotFound: No webhook has that name.
            WebhookDisabled: Its definition keeps it back.
            QueueUnavailable: The disk would not take it.
        """
        line = self._lines.of(webhook)
        self._lines.check_enabled(line)
        return await self._holds.resume(webhook)

    # --- A life ------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._closed = self._is_stopping = False
        if self._file is not None:
            from webhook_engine.queue import SqliteQueue

            self.queue = await self._opened.enter_async_context(SqliteQueue(self._file))
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
            )
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

    # --- The steps -------------------------------------------------------------------------------

    async def _looked_up(self, line: Line, call: CallContext) -> tuple[AgentView, Attempt | None]:
        """
        A live request, whoever started it.
        """
        try:
            self._lines.check_enabled(line)
            values = self._lines.values(line, call)
            request = self._lines.prepared(line, call, values)
        except WebhookEngineError as error:
            return failed(line.name, error), None
        loop = asyncio.get_running_loop()
        until = loop.time() + request.route.deadline_s
        attempt, age_s, now_failed, _ = await self._asking(loop).ask(request, stale_s=line.stale_s)
        view = read_at_once(line, attempt, values)
        if view is None:
            view = await read_beside(line, attempt, values, until=until)
        if age_s is not None:
            view = replace(view, sentence=f"{view.sentence} That is from {age_s:.0f} s ago.")
        if log.is_heard():
            tell(now_failed or attempt, view)
        return view, attempt

    def _note_settled(self, lease: Lease, performed: Performed | None, _: Settlement) -> None:
        if performed is not None and performed.hold_s is not None:
            self._holds.note_released(lease.webhook)

    async def _perform(self, lease: Lease) -> Performed:
        assert self.queue is not None  # noqa: S101  # the lease is one of its
        return await self._made.perform(lease, self.queue, self._dispatching().dispatch, self._shown.show)

    @property
    def _made(self) -> Deliveries:
        if self._deliveries is None:
            from webhook_engine.deliveries import Deliveries
            from webhook_engine.versions import Versions

            if self._versions is None:
                self._versions = Versions(self._secrets)
            self._deliveries = Deliveries(self._lines, self._rules, self._holds, self._versions)
        return self._deliveries

    async def _keep(self, starts: Sequence[Start], event: CallEvent) -> None:
        await self._made.put([(event, starts)], self.queue)

    def _slots(self, target: str) -> int | None:
        return self._rooms.get(target)

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
