"""
An engine on which a test is played: the real one, but for the wire, the disk and the secrets.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.definitions import PopState, SettledAs
from webhook_engine.deliveries import Deliveries
from webhook_engine.dispatch import Dispatcher
from webhook_engine.engine import Engine
from webhook_engine.errors import WebhookEngineError
from webhook_engine.failing import failed
from webhook_engine.performing import Breakers, Live, LiveSettings, Performed
from webhook_engine.performing.judging import judge
from webhook_engine.performing.settle import Dead, Done, Retry
from webhook_engine.pops import PopBoard
from webhook_engine.queue import Lease
from webhook_engine.ready import Ready
from webhook_engine.rules import Start
from webhook_engine.screens import Screens
from webhook_engine.testing.rehearsal.answers import ASKING, Answers, CannedTransport, Unanswered
from webhook_engine.testing.rehearsal.performance import Fate, Performance
from webhook_engine.testing.rehearsal.props import Book, Scenery, StandIns, lease_of
from webhook_engine.variables import CallEvent
from webhook_engine.versions import Version, Versions

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.dispatch import Attempt
    from webhook_engine.dispatch.limits import Limiter
    from webhook_engine.dispatch.request import Route
    from webhook_engine.line import Line
    from webhook_engine.pops import Ticket
    from webhook_engine.pops.mailboxes import Message
    from webhook_engine.queue import Delivery
    from webhook_engine.responses import AgentView
    from webhook_engine.rules import RuleSet
    from webhook_engine.variables import CallContext

_TURNS: Final = 25
"""Turns of the loop without any news, after which lookups wait for an answer that does not come."""


class _Deliveries(Deliveries):
    """
    With the version of the definitions worked out once for all tests.
    """

    scenery: Scenery

    @property
    def _current(self) -> Version:
        return self.scenery.version


class _Dispatcher(Dispatcher):
    """
    Without limits: they are about time, and in a test none passes.
    """

    def __init__(self, transport: CannedTransport) -> None:
        super().__init__()
        self.transport = transport
        self._tokens = type(self._tokens)(transport)

    def _limiter(self, _: Route) -> Limiter | None:
        return None


class _Board(PopBoard):
    """
    A board that tells which pop a performance has.
    """

    stage: Stage

    def open_window(
        self, event: CallEvent, webhook: str, url: str, *, parameter: str = "", moves: bool = True
    ) -> str | None:
        performance = self.stage.performance(webhook, event, parameter)
        pop = super().open_window(event, webhook, url, parameter=parameter, moves=moves)
        if performance is not None:
            performance.pop, performance.begun = pop, True
            performance.request = self.stage.window(performance)
        return pop

    def begin(
        self, event: CallEvent, webhook: str, *, parameter: str = "", moves: bool = True
    ) -> Ticket | None:
        performance = self.stage.performance(webhook, event, parameter)
        ticket = super().begin(event, webhook, parameter=parameter, moves=moves)
        assert not isinstance(ticket, Future)  # a board of this process alone
        if performance is not None:
            performance.pop = ticket.pop if ticket is not None else None
            performance.begun = ticket is None
            if ticket is None:
                performance.error = "the call is over, or with somebody else: there is nobody to show it to"
        return ticket


class _Screens(Screens):
    """
    Screens that tell what a response leads to.
    """

    stage: Stage

    @property
    def under_way(self) -> int:
        """
        How many lookups have not ended.
        """
        return len(self._running)

    def show(self, starts: Sequence[Start], event: CallEvent) -> None:
        self.stage.note([each for each in starts if each.depth], event)
        super().show(starts, event)


class Stage(Engine):
    """
    Plays one test; made for it, and thrown away with it.
    """

    def __init__(self, scenery: Scenery, answers: Answers) -> None:
        self._scenery = scenery
        self._answers = answers
        self.performances: list[Performance] = []
        self.fates: dict[str, Fate] = {}
        self.book = Book()
        self._moment = 0
        board = _Board(clock=lambda: 0.0, epoch="test")
        board.stage = self
        self._deafen = board.listen(self._told)
        book: Any = self.book
        definitions = scenery.ready.definitions
        super().__init__(definitions, secrets=StandIns(definitions), queue=book, pops=board)
        self._shown: _Screens = _Screens(board, self._looked_up, self._keep)
        self._shown.stage = self
        self._shown.redefine(self._lines, self._rules)

    def ready(self, _: Definitions) -> Ready:
        """
        What all tests share.
        """
        return self._scenery.ready

    @property
    def rules(self) -> RuleSet:
        """
        The rules, for whoever explains.
        """
        return self._rules

    async def play(self, event: CallEvent) -> None:
        """
        One moment of the call, with everything that follows from it.
        """
        self._moment += 1
        self.note(self.match(event).starts, event)
        await self.notify(event)
        while True:
            await self._lookups()
            if not self.book.waiting:
                break
            await self._deliver(self.book.waiting.popleft())
        self._find_why()

    async def close(self) -> None:
        """
        The test is over; what agents see stays as it is then.
        """
        self._deafen()
        await super().close()

    def performance(self, webhook: str, event: CallEvent, parameter: str) -> Performance | None:
        """
        The one that begins now.
        """
        for each in self.performances:
            if (
                each.webhook == webhook
                and each.event is event
                and not each.begun
                and each.pop is None
                and (each.start.dynamic_parameter or "") == parameter
            ):
                return each
        return None

    def window(self, performance: Performance) -> Any:
        """
        The request that the agent's browser will make.
        """
        line, call = performance.line, performance.start.call(performance.event)
        return self._lines.prepared(line, call, self._lines.values(line, call))

    # --- What is written down ----------------------------------------------------------------------

    def note(self, starts: Sequence[Start], event: CallEvent) -> None:
        """
        These webhooks start.
        """
        for start in starts:
            self.performances.append(Performance(start, event, self._moment, self._lines.of(start.webhook)))

    def _told(self, message: Message) -> None:
        news = message.to_json()["data"]
        assert isinstance(news, dict)  # as the news are made
        fate = self.fates.setdefault(news["pop"], Fate())
        match message.event:
            case "withdrawn":
                fate.state, fate.because, fate.seen_by = PopState.WITHDRAWN, news["reason"], message.agent
            case "window" | "table":
                fate.state, fate.seen_by = PopState.OPEN, message.agent
            case "lookup":
                fate.state, fate.seen_by = PopState.WAITING, message.agent

    def _find_why(self) -> None:
        """
        For what was started and made no request, the reason.
        """
        for each in self.performances:
            each.fate = self.fates.get(each.pop or "", each.fate)
            if each.request is None and not each.error:
                each.error = self._why(each)

    def _why(self, performance: Performance) -> str:
        try:
            self._lines.check_enabled(performance.line)
            self.window(performance)
        except WebhookEngineError as error:
            view = failed(performance.webhook, error)
            performance.outcome, performance.sentence = view.outcome, view.sentence
            return str(error)
        return "nothing was asked of it"

    # --- Lookups -----------------------------------------------------------------------------------

    async def _looked_up(self, line: Line, call: CallContext) -> tuple[AgentView, Attempt | None]:
        performance = next(
            each
            for each in self.performances
            if each.line is line and not each.begun and each.start.call(each.event) == call
        )
        performance.begun = True
        ASKING.set(performance)
        view, attempt = await super()._looked_up(line, call)
        performance.view, performance.outcome, performance.sentence = view, view.outcome, view.sentence
        if attempt is not None:
            performance.response = attempt.response
            performance.request = performance.request or attempt.prepared
        elif view.error is not None:
            performance.error = str(view.error)
        return view, attempt

    async def _lookups(self) -> None:
        quiet = 0
        before = self._state()
        while self._shown.under_way > (parked := self._parked()) and quiet < _TURNS:
            await asyncio.sleep(0)
            now = self._state()
            # Whoever shares a request that is not answered waits with it.
            quiet = quiet + 1 if now == before and parked else 0
            before = now

    def _state(self) -> tuple[int, int, int]:
        return self._shown.under_way, len(self.performances), sum(each.sends for each in self.performances)

    def _parked(self) -> int:
        return sum(each.is_unanswered and not each.is_durable for each in self.performances)

    def _asking(self, loop: asyncio.AbstractEventLoop | None = None) -> Live:  # noqa: ARG002  # a stage has one loop
        if self._live is None:
            self._live = Live(
                self._dispatching().dispatch,
                breakers=Breakers(slots=self._slots),
                settings=LiveSettings(pause_s=0.0),
            )
        return self._live

    def _dispatching(self) -> Dispatcher:
        if self._dispatcher is None:
            self._dispatcher = _Dispatcher(CannedTransport(self._answers))
        return self._dispatcher

    # --- Deliveries --------------------------------------------------------------------------------

    @cached_property
    def _made(self) -> Deliveries:
        made = _Deliveries(self._lines, self._rules, self._holds, Versions(self._secrets))
        made.scenery = self._scenery
        return made

    async def _deliver(self, delivery: Delivery) -> None:
        """
        A delivery with all attempts that the test has answers for.
        """
        performance = self._performance_of(delivery)
        performance.begun = True
        ASKING.set(performance)
        number, failures, frozen = 1, 0, None
        while True:
            lease = lease_of(delivery, number, failures, frozen)
            performed = await self._tried(lease)
            if performed is None:
                return
            self._tell(performance, performed)
            if performed.hold_s is not None:
                performance.settled, performance.error = SettledAs.HELD, performed.held_because
                return
            settlement = judge(performed, lease, roll=0.0).settlement
            performance.settled = _SETTLED.get(type(settlement), SettledAs.RETRIED)
            if not (isinstance(settlement, Retry) and self._answers.next_is_new(delivery.webhook)):
                break
            number, failures = number + 1, failures + settlement.counted
            frozen = performed.frozen() if callable(performed.frozen) else performed.frozen or frozen
        if performance.settled is not SettledAs.RETRIED:
            await self._put_following(performed.follow, performance)

    async def _tried(self, lease: Lease) -> Performed | None:
        queue: Any = self.book
        try:
            return await self._made.perform(lease, queue, self._dispatching().dispatch, self._shown.show)
        except Unanswered:
            return None
        except WebhookEngineError as error:
            return Performed(error=error)

    def _tell(self, performance: Performance, performed: Performed) -> None:
        attempt = performed.attempt
        performance.response = attempt.response if attempt is not None else None
        if performed.outcome is not None:
            performance.outcome, performance.sentence = performed.outcome, performed.sentence
        elif (problem := performed.problem) is not None:
            view = failed(performance.webhook, problem)
            performance.outcome, performance.sentence = view.outcome, view.sentence
            if performance.request is None:
                performance.error = str(problem)

    async def _put_following(self, following: Sequence[Delivery], performance: Performance) -> None:
        for delivery in following:
            start: Any = delivery.reference["start"]
            self.note([Start.from_json(start)], performance.event)
        await self.book.put(following)

    def _performance_of(self, delivery: Delivery) -> Performance:
        return next(
            each
            for each in self.performances
            if each.start.event_id == delivery.event_id and each.webhook == delivery.webhook
        )


_SETTLED: Final[Mapping[type, SettledAs]] = {
    Done: SettledAs.DONE,
    Dead: SettledAs.DEAD,
    Retry: SettledAs.RETRIED,
}
