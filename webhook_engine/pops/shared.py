"""
A board that several processes have: each takes the same steps in the same order.

    note, begin, show, …  -->  a step, written down after all others  -->  taken by every process, this one included

So an agent may be connected to any of them, come back to another one, and is told everything once and in order.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from webhook_engine import log
from webhook_engine.errors import WebhookEngineError
from webhook_engine.pops.board import PopBoard, Ticket
from webhook_engine.pops.view import view_json
from webhook_engine.variables import CallEvent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from webhook_engine.pops.bounds import PopBounds
    from webhook_engine.responses import AgentView

_AGAIN_S: Final = 0.5
"""Until steps that could not be written down are tried again."""

_LATE_S: Final = 10.0
"""What could not be written down for so long comes too late for an agent."""

_WAITING: Final = 10_000
"""Steps that wait to be written down, at most; then the oldest are let go."""

_AT_ONCE: Final = 500

_SAVE_S: Final = 30.0
"""Between two savings of the board for processes that come later."""

_LOST_S: Final = 300.0
"""A lookup that is still to come after so long is given up: its process has ended."""


class StepLog(Protocol):
    """
    Where steps are written down, one after the other, for all processes: `Store.steps`.
    """

    def append(self, tenant: str, documents: Sequence[bytes]) -> Awaitable[None]:
        """
        Have steps taken after those that are there, all or none.
        """

    def after(self, tenant: str, number: int) -> Awaitable[Sequence[_Step]]:
        """
        Steps after that one, in their order; none where there are no more.
        """

    def told(self) -> Awaitable[None]:
        """
        Returns when there may be more, and every second or so.
        """


class _Step(Protocol):
    @property
    def number(self) -> int: ...

    @property
    def at(self) -> datetime: ...

    @property
    def document(self) -> bytes: ...


class SharedBoard(PopBoard):
    """
    A `PopBoard` whose changes take place everywhere, a moment after they were asked for; entered, it takes steps.
    """

    def __init__(
        self,
        steps: StepLog,
        tenant: Callable[[], str],
        *,
        saved: Mapping[str, object],
        after: int,
        save: Callable[[int, Mapping[str, object]], Any] | None = None,
        bounds: PopBounds | None = None,
    ) -> None:
        """
        Args:
            tenant: Whose board it is.

            saved: The board as it was after the step *after*: `PopBoard().to_json()` for an empty one.

            save: Keeps the board as it is after a step, for processes that come later; awaited.

        Raises:
            ValueError: It was saved in another form than this release writes.
        """
        super().__init__(bounds=bounds, clock=lambda: self._now_s)
        from webhook_engine.pops.saving import restore_exactly

        restore_exactly(saved, self._desk)
        self._now_s = time.time()
        self._steps, self._tenant, self._save = steps, tenant, save
        self.step = after
        """The last one that was taken."""
        self._me = secrets.token_hex(8)
        self._asked = 0
        self._begun: dict[int, asyncio.Future[Ticket | None]] = {}
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._to_do = asyncio.Event()
        self._taking = asyncio.Lock()
        self._seen_waiting: dict[tuple[str, int], float] = {}
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    # --- What happens to calls, and what webhooks show ---------------------------------------------

    def note(self, event: CallEvent) -> None:
        self._ask("note", event=event.to_json())

    def open_window(
        self, event: CallEvent, webhook: str, url: str, *, parameter: str = "", moves: bool = True
    ) -> None:
        self._ask("window", event=event.to_json(), webhook=webhook, url=url, parameter=parameter, moves=moves)

    def begin(
        self, event: CallEvent, webhook: str, *, parameter: str = "", moves: bool = True
    ) -> asyncio.Future[Ticket | None]:
        number = self._ask("begin", event=event.to_json(), webhook=webhook, parameter=parameter, moves=moves)
        self._begun[number] = asyncio.get_running_loop().create_future()
        return self._begun[number]

    def show(self, ticket: Ticket, view: AgentView) -> bool:
        self._ask("show", pop=ticket.pop, number=ticket.number, view=view_json(view, self.bounds))
        return True

    def give_up(self, ticket: Ticket) -> bool:
        self._ask("give-up", pop=ticket.pop, number=ticket.number)
        return True

    def dismiss(self, agent: str, pop_id: str) -> bool:
        pop = self._desk.pile.get(pop_id)
        if pop is None or pop.agent != agent:
            return False
        self._ask("dismiss", agent=agent, pop=pop_id)
        return True

    def _ask(self, what: str, **given: object) -> int:
        self._asked += 1
        step = {"do": what, "by": self._me, "as": self._asked, **given}
        self._waiting.append((time.monotonic(), orjson.dumps(step)))
        if len(self._waiting) > _WAITING:
            self._let_go(*self._waiting.popleft())
        self._to_do.set()
        return self._asked

    def _let_go(self, _: float, document: bytes) -> None:
        self._answer(orjson.loads(document), None)

    # --- The steps ---------------------------------------------------------------------------------

    async def take(self) -> None:
        """
        Write down what was asked for here, and take every step that was written down.

        Raises:
            WebhookEngineError: They cannot be written or read now.
        """
        async with self._taking:
            while self._waiting:
                some = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
                try:
                    await self._steps.append(self._tenant(), [document for _, document in some])
                except BaseException:
                    self._waiting.extendleft(reversed(some))
                    raise
            while found := await self._steps.after(self._tenant(), self.step):
                for each in found:
                    self._take(each)

    def _take(self, step: _Step) -> None:
        self._now_s = step.at.timestamp()
        self.step = step.number
        try:
            given = orjson.loads(step.document)
            ticket = self._done(given)
        except (ValueError, KeyError, TypeError, WebhookEngineError) as error:
            # What one process cannot take none of them can, so all of them go on alike.
            log.event("pops.step.failed", number=step.number, why=str(error))
        else:
            self._answer(given, ticket)

    def _done(self, given: dict[str, Any]) -> Ticket | None:
        match given["do"]:
            case "note":
                super().note(CallEvent.from_json(given["event"]))
            case "window":
                super().open_window(_event(given), given["webhook"], given["url"], **_how(given))
            case "begin":
                begun = super().begin(_event(given), given["webhook"], **_how(given))
                return begun if isinstance(begun, Ticket) else None
            case "show":
                super().show_document(Ticket(given["pop"], given["number"]), given["view"])
            case "give-up":
                super().give_up(Ticket(given["pop"], given["number"]))
            case "dismiss":
                super().dismiss(given["agent"], given["pop"])
            case unknown:
                # A later version's, while processes are being replaced.
                log.event("pops.step.unknown", step=str(unknown))
        return None

    def _answer(self, given: dict[str, Any], ticket: Ticket | None) -> None:
        if given["by"] == self._me and (asked := self._begun.pop(given["as"], None)) and not asked.done():
            asked.set_result(ticket)

    # --- A life ------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """
        Raises:
            WebhookEngineError: The steps cannot be read.
        """
        await self.take()
        self._tasks = tuple(map(asyncio.create_task, (self._go_on(), self._listen(), self._tend())))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        try:
            await self.take()
        except WebhookEngineError as failed:
            log.event("pops.unsaved", why=str(failed))
        while self._begun:
            self._begun.popitem()[1].cancel()

    async def _go_on(self) -> None:
        why = ""
        while True:
            await self._to_do.wait()
            self._to_do.clear()
            try:
                await self.take()
                why = ""
            except WebhookEngineError as error:
                if why != str(error):
                    why = str(error)
                    log.event("pops.unshared", why=why)
                late = time.monotonic() - _LATE_S
                while self._waiting and self._waiting[0][0] < late:
                    self._let_go(*self._waiting.popleft())
                await asyncio.sleep(_AGAIN_S)
                self._to_do.set()

    async def _listen(self) -> None:
        while True:
            await self._steps.told()
            self._to_do.set()

    async def _tend(self) -> None:
        """
        Saves the board for others, and gives up what nobody looks up any more.
        """
        saved = self.step
        while True:
            await asyncio.sleep(_SAVE_S)
            self._give_up_lost()
            if self._save is None or self.step == saved:
                continue
            async with self._taking:
                step, made = self.step, self.snapshot()
            try:
                await self._save(step, await asyncio.to_thread(made))
                saved = step
            except WebhookEngineError as error:
                log.event("pops.unsaved", why=str(error))

    def _give_up_lost(self) -> None:
        now = time.monotonic()
        waiting = {(pop.id, pop.begun) for pop in self._desk.pile if pop.is_waiting}
        self._seen_waiting = {each: self._seen_waiting.get(each, now) for each in waiting}
        for (pop, number), since in self._seen_waiting.items():
            if now - since > _LOST_S:
                self.give_up(Ticket(pop, number))


def _event(given: dict[str, Any]) -> CallEvent:
    return CallEvent.from_json(given["event"])


def _how(given: dict[str, Any]) -> dict[str, Any]:
    return {"parameter": given["parameter"], "moves": given["moves"]}
