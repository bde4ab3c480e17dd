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
from typing import TYPE_CHECKING, Self

from webhook_engine import log
from webhook_engine.definitions import Definitions, read_file, read_folder
from webhook_engine.dispatch import LocalSecrets, PreparedRequest, SecretStore
from webhook_engine.errors import QueueError, WebhookEngineError, WrongType
from webhook_engine.line import Lines, failed, is_short, read, tell, view_of
from webhook_engine.pops import PopBoard
from webhook_engine.rules import RuleSet
from webhook_engine.screens import Screens
from webhook_engine.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike
    from types import TracebackType

    from webhook_engine.deliveries import Deliveries
    from webhook_engine.dispatch import Attempt, Dispatcher
    from webhook_engine.line import Line
    from webhook_engine.performing import Live, Performed, Performer, PerformerReport, PerformerSettings
    from webhook_engine.queue import Delivery, DeliveryQueue, Lease
    from webhook_engine.responses import AgentView
    from webhook_engine.rules import Match, Start
    from webhook_engine.variables import CallContext, CallEvent


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

    def redefine(self, definitions: Definitions) -> None:
        """
        Let *definitions* hold from now on; requests that were made before stay as they are.
        """
        self.definitions = definitions
        self._lines = Lines(definitions, self._secrets)
        self._rules = RuleSet(definitions)
        self._deliveries: Deliveries | None = None
        self._shown.redefine(self._lines, self._rules)

    # --- What an application asks for ------------------------------------------------------------

    def open(self, webhook: str, call: CallContext) -> str:
        """
        The address to open in the agent's browser; nothing is sent.

        Raises:
            NotFound: No webhook has that name.
            WrongType: It is sent from here, so it is asked, not opened.
            AgentRefused: The call's extension may not use it.
            TemplateError: A value cannot stand where the template puts it.
        """
        line = self._lines.of(webhook)
        if line.is_sent:
            raise WrongType(webhook, is_sent=True)
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
        started = [(event, self._rules.match(event).starts) for event in events]
        made = tuple(self._made.of(starts, event) if starts else () for event, starts in started)
        if put := [delivery for deliveries in made for delivery in deliveries]:
            await self._put(put)
        for event, starts in started:
            self.pops.note(event)
            self._shown.show(starts, event)
        return made

    def report(self) -> PerformerReport | None:
        """
        What is under way and how each target is treated; None where no queue is open.
        """
        return None if self._performer is None else self._performer.report()

    # --- A life ------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._closed = False
        if self._file is not None:
            from webhook_engine.queue import SqliteQueue

            self.queue = await self._opened.enter_async_context(SqliteQueue(self._file))
        if self.queue is not None:
            from webhook_engine.performing import Performer, PerformerSettings

            # A lease must outlast the longest request.
            deadlines = [webhook.deadline_s or 0.0 for webhook in self.definitions.webhooks]
            settings = self._performer_settings or PerformerSettings(deadline_s=max([30.0, *deadlines]))
            self._performer = Performer(
                self.queue, self._perform, settings=settings, breakers=self._asking().breakers
            )
            await self._opened.enter_async_context(self._performer)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def stop(self) -> None:
        """
        Take no delivery any more, and wait for those under way; a second call cuts them off.
        """
        if self._performer is not None:
            await self._performer.stop()

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
        dispatcher, self._dispatcher = self._dispatcher, None
        self._live = self._loop = None
        if dispatcher is not None:
            await dispatcher.close()
        await self._shown.close()

    # --- The steps -------------------------------------------------------------------------------

    async def _looked_up(self, line: Line, call: CallContext) -> tuple[AgentView, Attempt | None]:
        """
        A live request, whoever started it.
        """
        try:
            values = self._lines.values(line, call)
            request = self._lines.prepared(line, call, values)
        except WebhookEngineError as error:
            return failed(line.name, error), None
        attempt, age_s, now_failed, _ = await self._asking().ask(request, stale_s=line.stale_s)
        view = view_of(line, attempt, values) if is_short(attempt) else await read(line, attempt, values)
        if age_s is not None:
            view = replace(view, sentence=f"{view.sentence} That is from {age_s:.0f} s ago.")
        if log.is_heard():
            tell(now_failed or attempt, view)
        return view, attempt

    async def _perform(self, lease: Lease) -> Performed:
        return await self._made.perform(lease, self._dispatching().dispatch, self._shown.show)

    @property
    def _made(self) -> Deliveries:
        if self._deliveries is None:
            from webhook_engine.deliveries import Deliveries

            self._deliveries = Deliveries(self._lines, self._rules)
        return self._deliveries

    async def _keep(self, starts: Sequence[Start], event: CallEvent) -> None:
        if put := self._made.of(starts, event):
            await self._put(put)

    async def _put(self, deliveries: Sequence[Delivery]) -> None:
        if self.queue is None:
            raise QueueError(
                "durable deliveries need a queue, and this engine has none: "
                'give it one, as in Engine.from_file(…, queue="deliveries.db"), and enter it by async with'
            )
        await self.queue.put(deliveries)

    def _asking(self) -> Live:
        if self._live is None or self._loop is not asyncio.get_running_loop():
            from webhook_engine.performing import Live

            self._live = Live(self._dispatching().dispatch)
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
