"""
The pops of one tenant: what call events and lookups do to what agents have before them.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from webhook_engine.definitions import Withdrawal
from webhook_engine.pops.bounds import PopBounds
from webhook_engine.pops.calls import DECIDING, KEPT, Call, when_of
from webhook_engine.pops.desk import Desk
from webhook_engine.pops.news import Snapshot
from webhook_engine.pops.pop import Pop
from webhook_engine.pops.view import view_json
from webhook_engine.variables import Moment

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable, Mapping
    from typing import Self

    from webhook_engine.pops.mailboxes import Message
    from webhook_engine.responses import AgentView
    from webhook_engine.variables import CallContext, CallEvent


@dataclass(frozen=True, slots=True)
class Ticket:
    """
    A lookup that was begun, to be shown when it arrives.
    """

    pop: str
    number: int
    """Among the lookups of this pop; an older one never replaces a newer one."""


class PopBoard:
    """
    Every agent's open pops, and the messages that tell their screens.

    A pop is one webhook that shows one agent something about one call; where a
    webhook is started with several values, one pop for each. It is shown once,
    updated in place, moved with the call, and withdrawn. Nothing here waits or
    sends: a board belongs to one thread, and tells its listeners at once.
    """

    def __init__(
        self,
        *,
        bounds: PopBounds | None = None,
        clock: Callable[[], float] = time.time,
        epoch: str | None = None,
    ) -> None:
        """
        Args:
            clock: Seconds; only for forgetting calls whose end was never told.

            epoch: Names this start of the board in the ids of its messages; drawn
                where left out, and never to be used twice.
        """
        self.bounds = bounds or PopBounds()
        self._clock = clock
        self._desk = Desk(self.bounds, epoch or secrets.token_hex(4))

    @property
    def is_empty(self) -> bool:
        """
        Whether it knows of no call.
        """
        return not len(self._desk.calls)

    # --- What happens to calls --------------------------------------------------------------------

    def note(self, event: CallEvent) -> None:
        """
        Take in what happened to a call: pops of agents who do not have it now are moved or withdrawn.

        The same event twice is one event, and events may come in any order.
        """
        self._noted(event)

    def _noted(self, event: CallEvent) -> Call | None:
        now_s = self._clock()
        call = self._desk.calls.of(event, now_s)
        if call is not None and call.is_news(event.id, self.bounds.events_per_call):
            transferred_from = call.learn(event, self.bounds.events_per_call)
            if event.moment in DECIDING:
                self._desk.calls.learnt(call)
                self._desk.settle(call, transferred_from)
            if self._desk.calls.is_crowded(now_s):
                for old in self._desk.calls.too_many(now_s, spared=call):
                    self._desk.forget(old)
        return call

    # --- What webhooks show -----------------------------------------------------------------------

    def open_window(
        self, event: CallEvent, webhook: str, url: str, *, parameter: str = "", moves: bool = True
    ) -> str | None:
        """
        Open a page for the agent of the event, unless this webhook has one open for this call.

        Asked for by hand (the event is `manual`), it opens again, and the one before is withdrawn.

        Args:
            parameter: The DYNAMIC_PARAMETER of this start.

            moves: Whether another agent may be shown it after a transfer. An
                address that holds this agent's own key may not be.

        Returns:
            The id of the pop; None where nothing is shown: the call is elsewhere
            or over, the event started this before, or it names no agent.
        """
        found = self._started(event, webhook, parameter, moves, url=url)
        if found is None:
            return None
        call, pop, is_open = found
        if is_open and event.moment is Moment.MANUAL:
            self._desk.withdraw(call, pop, Withdrawal.ASKED_AGAIN)
            pop, is_open = replace(pop, id=self._desk.mail.next_id(), url=url, view=None), False
        if not is_open:
            self._desk.show(call, pop)
        return pop.id

    def begin(
        self, event: CallEvent, webhook: str, *, parameter: str = "", moves: bool = True
    ) -> Ticket | Future[Ticket | None] | None:
        """
        Say that a lookup for the agent of the event is on its way.

        Args:
            parameter, moves: As for `open_window`. What was looked up with this
                agent's own credentials should not move.

        Returns:
            What `show` asks for; None where there is no use in looking: the call
            is elsewhere or over, the event started this before, or it names no agent.
            A board that several processes have tells it a moment later.
        """
        found = self._started(event, webhook, parameter, moves)
        if found is None:
            return None
        call, pop, is_open = found
        if is_open:
            pop = replace(pop, begun=pop.begun + 1)
            self._desk.pile.put(pop)
        else:
            self._desk.show(call, pop)
        return Ticket(pop.id, pop.begun)

    def show(self, ticket: Ticket, view: AgentView) -> bool:
        """
        Show what a lookup found, to whoever has its pop by now.

        Returns:
            False where it came too late and was dropped: the pop was withdrawn, or shows a newer lookup.
        """
        return self.show_document(ticket, view_json(view, self.bounds))

    def show_document(self, ticket: Ticket, document: Mapping[str, object]) -> bool:
        """
        The same, of a view as `view_json` makes it.
        """
        pop = self._desk.pile.get(ticket.pop)
        if pop is None or ticket.number <= pop.shown:
            return False
        updated = replace(pop, url=None, view=document, shown=ticket.number)
        if document == pop.view:
            self._desk.pile.put(updated)
        else:
            self._desk.show(self._desk.calls[pop.call], updated)
        return True

    def give_up(self, ticket: Ticket) -> bool:
        """
        A lookup came to nothing that an agent should see: its pop is withdrawn if it shows nothing else.
        """
        pop = self._desk.pile.get(ticket.pop)
        if pop is None or not pop.is_waiting or ticket.number < pop.begun:
            return False
        self._desk.withdraw(self._desk.calls[pop.call], pop, Withdrawal.NOTHING)
        return True

    def dismiss(self, agent: str, pop_id: str) -> bool:
        """
        The agent has closed it; it is closed on all their screens.
        """
        pop = self._desk.pile.get(pop_id)
        if pop is None or pop.agent != agent:
            return False
        self._desk.withdraw(self._desk.calls[pop.call], pop, Withdrawal.DISMISSED)
        return True

    def _started(
        self, event: CallEvent, webhook: str, parameter: str, moves: bool, url: str | None = None
    ) -> tuple[Call, Pop, bool] | None:
        """
        The call, and the pop that this start is for: an open one, or one that is not shown yet.
        """
        call = self._noted(event)
        start = _start(event.id, webhook, parameter)
        agent = event.call.extension
        if call is None or not agent or not call.is_news(start, self.bounds.events_per_call):
            return None
        pop = Pop(
            id=self._desk.mail.next_id(),
            call=call.id,
            webhook=webhook,
            agent=agent,
            parameter=parameter,
            when=when_of(event),
            moves=moves,
            kept=event.moment in KEPT,
            url=url,
            begun=1 if url is None else 0,
        )
        if call.objection(pop) is not None:
            return None
        open_one = self._desk.pile.get(call.pops.get(pop.key, ""))
        if open_one is None:
            return call, pop, False
        merged = replace(
            open_one,
            when=max(open_one.when, pop.when),
            moves=open_one.moves and moves,
            kept=open_one.kept or pop.kept,
        )
        self._desk.pile.put(merged)
        return call, merged, True

    # --- What agents see --------------------------------------------------------------------------

    def open_pops(self, agent: str) -> tuple[Pop, ...]:
        """
        What this agent has before them.
        """
        return self._desk.pile.of_agent(agent)

    def call_at(self, agent: str, call_id: str = "") -> CallContext | None:
        """
        What is known of a call that this agent has, or has something open of; with them as its agent.

        Args:
            call_id: As messages name it; the latest call that they have and that goes on where left out.

        Returns:
            None where there is no such call.
        """
        if call_id:
            call = self._desk.calls.get(call_id)
            return call.as_of(agent) if call is not None and call.is_at(agent) else None
        theirs = [each for each in self._desk.calls if each.is_at(agent)]
        on_it = [each for each in theirs if each.ended is None and each.owner == agent]
        found = (on_it or theirs)[-1:]
        return found[0].as_of(agent) if found else None

    def since(self, agent: str, last_id: str | None = None) -> tuple[Message, ...]:
        """
        What a stream of this agent has to be told before it goes on.

        Returns:
            The messages after *last_id*, none twice. One `Snapshot` of everything
            that is open where there is no such id, or the log no longer reaches it.
        """
        missed = None if last_id is None else self._desk.mail.missed(agent, last_id)
        if missed is not None:
            return missed
        shown = [pop.told(self._desk.calls[pop.call].to_json()) for pop in self._desk.pile.of_agent(agent)]
        snapshot = Snapshot(pops=[{"event": each.event, **each.data} for each in shown])
        return (self._desk.mail.aside(agent, snapshot.told()),)

    def listen(self, listener: Callable[[Message], None]) -> Callable[[], None]:
        """
        Have every message from now on told to *listener*, in order, as it arises.

        Returns:
            What ends it.
        """
        return self._desk.mail.listen(listener)

    # --- What is kept across a restart ------------------------------------------------------------

    def to_json(self) -> dict[str, object]:
        """
        Everything a board knows, as JSON-ready values for `from_json`.
        """
        return self.snapshot()()

    def snapshot(self) -> Callable[[], dict[str, object]]:
        """
        What makes `to_json` of the board as it is now: taken in a moment, and made in any thread.
        """
        from webhook_engine.pops.saving import Seen

        return Seen.of(self._desk).to_json

    @classmethod
    def from_json(
        cls,
        document: Mapping[str, object],
        *,
        bounds: PopBounds | None = None,
        clock: Callable[[], float] = time.time,
        epoch: str | None = None,
    ) -> Self:
        """
        The board that was saved. Lookups that were running then are withdrawn.

        Streams resume from ids of before; an id that the saved board had not given out yet leads to a snapshot.

        Raises:
            ValueError: It was saved in another form than this release writes.
        """
        from webhook_engine.pops.saving import restore

        board = cls(bounds=bounds, clock=clock, epoch=epoch)
        restore(document, board._desk)
        return board


def _start(event_id: str, webhook: str, parameter: str) -> str:
    """
    Names a start of a webhook, in no more than a few hundred characters: many are remembered.
    """
    start = f"{event_id}\0{webhook}\0{parameter}"
    if len(start) <= _LONG:
        return start
    return f"{event_id}\0{blake2b(start.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


_LONG = 300
