"""
What an event starts for agents: windows at once, and lookups that arrive while the call goes on.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from webhook_engine import log
from webhook_engine.definitions.words import Authentication, Level
from webhook_engine.errors import NotFound, WebhookEngineError
from webhook_engine.pops import Ticket
from webhook_engine.reading import names_of
from webhook_engine.responses import Outcome
from webhook_engine.rules import asks_for, follow

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Awaitable, Callable, Sequence

    from webhook_engine.definitions import CompiledWebhook
    from webhook_engine.dispatch import Attempt
    from webhook_engine.line import Line, Lines
    from webhook_engine.performing.recorded import Recorder
    from webhook_engine.pops import PopBoard
    from webhook_engine.responses import AgentView
    from webhook_engine.rules import RuleSet, Start
    from webhook_engine.variables import CallContext, CallEvent


class Screens:
    """
    Puts on a board what events start for agents.
    """

    def __init__(
        self,
        pops: PopBoard,
        ask: Callable[[Line, CallContext], Awaitable[tuple[AgentView, Attempt | None]]],
        keep: Callable[[Sequence[Start], CallEvent], Awaitable[None]],
    ) -> None:
        """
        Args:
            ask: Sends a live request, and tells what came of it; None for the attempt where nothing was sent.

            keep: Writes down what is durable among the starts it is given.
        """
        self._pops = pops
        self._ask = ask
        self._keep = keep
        self._running: set[asyncio.Task[None]] = set()
        self.recorder: Recorder | None = None

    def redefine(self, lines: Lines, rules: RuleSet) -> None:
        """
        Let these hold for what is started from now on.
        """
        self._lines, self._rules = lines, rules
        self.shows_something = not all(each.is_durable for each in lines.definitions.webhooks)
        """Whether an event can lead to anything that an agent sees."""

    def show(self, starts: Sequence[Start], event: CallEvent) -> None:
        """
        Opens the windows among *starts*, and begins the lookups; what is durable is somebody else's.
        """
        for start in self._known(starts):
            line = self._lines.of(start.webhook)
            webhook = line.compiled.definition
            if webhook.is_durable:
                continue
            if not webhook.enabled:
                log.event("webhook.skipped", webhook=line.name, rule=start.rule, why="disabled")
            elif not line.is_sent:
                self._open(line, start, event)
            else:
                self._begin(line, start, event)

    def _known(self, starts: Sequence[Start]) -> list[Start]:
        """
        Those whose webhooks are still defined: definitions may change while an event is written down, or asked for.
        """
        found = []
        for start in starts:
            try:
                self._lines.of(start.webhook)
            except NotFound:
                log.event("webhook.skipped", webhook=start.webhook, rule=start.rule, why="gone")
            else:
                found.append(start)
        return found

    async def finish(self) -> None:
        """
        Waits for the lookups that are under way, and for what they begin; each has its own deadline.
        """
        while self._running:
            await asyncio.wait(tuple(self._running))

    async def close(self) -> None:
        """
        Ends the lookups that are still under way.
        """
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _open(self, line: Line, start: Start, event: CallEvent) -> None:
        call = start.call(event)
        try:
            url = self._lines.prepared(line, call, self._lines.values(line, call)).url
        except WebhookEngineError as error:
            log.event("window.refused", webhook=line.name, rule=start.rule, why=str(error))
            return
        self._pops.open_window(
            event, line.name, url, parameter=start.dynamic_parameter or "", moves=may_move(line.compiled)
        )

    def _begin(self, line: Line, start: Start, event: CallEvent) -> None:
        begun = self._pops.begin(
            event, line.name, parameter=start.dynamic_parameter or "", moves=may_move(line.compiled)
        )
        if begun is None:
            return
        task = asyncio.get_running_loop().create_task(self._look_up(line, start, event, begun))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _look_up(
        self, line: Line, start: Start, event: CallEvent, begun: Ticket | Future[Ticket | None]
    ) -> None:
        rules = self._rules
        ticket = begun if isinstance(begun, Ticket) else await begun
        if ticket is None:
            return
        try:
            view, attempt = await self._ask(line, start.call(event))
        except BaseException:
            self._pops.give_up(ticket)
            raise
        if self.recorder is not None and attempt is not None:
            self.recorder.note_attempt(event.id, line.name, attempt)
        if view.outcome is Outcome.SKIPPED:
            self._pops.give_up(ticket)
        else:
            self._pops.show(ticket, view)
        if not any(map(rules.links.get, start.rules)):
            return
        response = None if attempt is None else attempt.response
        names = {} if response is None or not asks_for(rules, start) else await names_of(line, response)
        followed = follow(rules, start, event, outcome=view.outcome, names=names)
        if following := self._known(followed.starts):
            self.show(following, event)
            await self._kept(following, event)

    async def _kept(self, starts: Sequence[Start], event: CallEvent) -> None:
        try:
            await self._keep(starts, event)
        except WebhookEngineError as error:
            # Nobody waits for what a lookup leads to: whoever reads the log is the only one to tell.
            names = ", ".join(start.webhook for start in starts)
            facts = {"webhooks": names, "event": event.id, "why": str(error)}
            logging.getLogger(log.NAME).warning("chain.lost", extra=facts)


def may_move(compiled: CompiledWebhook) -> bool:
    """
    Whether another agent may be shown what was made for this one: not where it took this agent's own credentials.
    """
    group = compiled.group
    return group is None or group.authentication is Authentication.NONE or group.level is not Level.USER
