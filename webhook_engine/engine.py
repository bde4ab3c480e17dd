"""
The whole line on one page: a call becomes a request, its response becomes what an agent sees.

    CallEvent --match--> Delivery --put--> [queue] --lease--> PreparedRequest --send--> Response --> settled
    CallContext --prepare--> URL                                       Browser Window: nothing is sent
    CallContext --prepare--> PreparedRequest --send--> Response --read--> Table --choose--> AgentView

What it works with, and how that is opened and closed, is in `workings.py`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from webhook_engine import log
from webhook_engine.dispatch import PreparedRequest, admit
from webhook_engine.errors import WebhookEngineError, WrongType
from webhook_engine.failing import failed
from webhook_engine.reading import read_at_once, read_beside, tell
from webhook_engine.trying import Trial, try_out
from webhook_engine.turns import in_turns
from webhook_engine.workings import Workings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.dispatch import Attempt
    from webhook_engine.line import Line
    from webhook_engine.performing import Performed, PerformerReport
    from webhook_engine.performing.recorded import Recorder
    from webhook_engine.queue import Delivery, Lease
    from webhook_engine.responses import AgentView
    from webhook_engine.rules import Match
    from webhook_engine.variables import CallContext, CallEvent


class Engine(Workings):
    """
    Webhooks at the service of calls.

    An engine is a guest: it configures nothing outside itself, and closes what it opened. `open`, `render`
    and `match` work anywhere; `ask` and `notify` belong to one event loop, where `async with` opens the
    delivery queue, performs what is in it, and closes everything again.
    """

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
        or a GET (or what is `safe`) whose connection broke, is tried a second time. Agents who look up the same
        that way at the same time share one request, each within a deadline of their own. Where the webhook's
        `stale_s` allows it, an answer from before stands in for one that fails, and says how old it is.

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
        return await try_out(self._lines, webhook, call, self._dispatching().dispatch)

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
        started = [(event, rules.starts(event)) async for event in in_turns(events)]
        made = await deliveries.put(started, self.queue)
        if self._recorder is not None:
            self._recorder.note_events(events)
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

    def record(self, recorder: Recorder | None) -> None:
        """
        Have *recorder* told of events that are accepted, and of what comes of requests; None for nobody.
        """
        self._recorder = self._shown.recorder = recorder

    # --- The steps that are taken for others ------------------------------------------------------

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
        if view.rows and line.compiled.view.columns:
            self.drift.note(line.name, line.revision, view)
        if age_s is not None:
            view = replace(view, sentence=f"{view.sentence} That is from {age_s:.0f} s ago.")
        if log.is_heard():
            tell(now_failed or attempt, view)
        return view, attempt

    async def _perform(self, lease: Lease) -> Performed:
        assert self.queue is not None  # noqa: S101  # the lease is one of its
        return await self._made.perform(lease, self.queue, self._dispatching().dispatch, self._shown.show)
