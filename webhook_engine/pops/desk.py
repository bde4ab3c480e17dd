"""
What stands on the agents' screens, and what is told of it: the steps of which a pop's life is made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from webhook_engine.definitions import Withdrawal
from webhook_engine.pops.directory import Directory
from webhook_engine.pops.mailboxes import Mailboxes
from webhook_engine.pops.news import PopMoved, PopWithdrawn
from webhook_engine.pops.pile import Pile

if TYPE_CHECKING:
    from webhook_engine.pops.bounds import PopBounds
    from webhook_engine.pops.calls import Call
    from webhook_engine.pops.pop import Pop


class Desk:
    """
    Calls, their open pops, and the agents' messages, changed together.
    """

    def __init__(self, bounds: PopBounds, epoch: str) -> None:
        self.pile = Pile()
        self.calls = Directory(bounds)
        self.mail = Mailboxes(bounds, epoch)
        self._bounds = bounds

    def settle(self, call: Call, transferred_from: str | None) -> None:
        for pop_id in list(call.pops.values()):
            # A pop that moves in may have crowded out one that is still to come.
            pop = self.pile.get(pop_id)
            if pop is None or (reason := call.objection(pop)) is None:
                continue
            if transferred_from in ("", pop.agent) and self._moves(call, pop):
                continue
            by = call.owner if reason in (Withdrawal.ANSWERED, Withdrawal.TRANSFERRED) else None
            self.withdraw(call, pop, reason, by)

    def _moves(self, call: Call, pop: Pop) -> bool:
        """
        Whether it could go along to the agent who has the call now; then it did.
        """
        if not pop.moves or call.owner_since is None:
            return False
        moved = replace(pop, agent=call.owner, when=call.owner_since)
        if moved.key in call.pops or call.objection(moved) is not None:
            return False
        self._remove(call, pop)
        self.mail.post(pop.agent, PopMoved(pop=pop.id, webhook=pop.webhook, to=call.owner).told())
        self.show(call, moved, moved_from=pop.agent)
        return True

    def show(self, call: Call, pop: Pop, moved_from: str | None = None) -> None:
        message = self.mail.post(pop.agent, pop.told(call.to_json(), moved_from))
        self.pile.put(pop, len(message.text))
        call.pops[pop.key] = pop.id
        while self.pile.count(pop.agent) > self._bounds.pops_per_agent:
            self._give_way(self.pile.of_agent(pop.agent)[0])
        while self.pile.size > self._bounds.pop_bytes:
            self._give_way(self._least_needed())

    def _least_needed(self) -> Pop:
        return next((each for each in self.pile if self.calls[each.call].ended), next(iter(self.pile)))

    def _give_way(self, pop: Pop) -> None:
        self.withdraw(self.calls[pop.call], pop, Withdrawal.FORGOTTEN)

    def withdraw(self, call: Call, pop: Pop, reason: Withdrawal, by: str | None = None) -> None:
        self._remove(call, pop)
        news = PopWithdrawn(pop=pop.id, webhook=pop.webhook, reason=reason.value, by=by)
        self.mail.post(pop.agent, news.told())

    def _remove(self, call: Call, pop: Pop) -> None:
        self.pile.remove(pop)
        del call.pops[pop.key]

    def forget(self, call: Call) -> None:
        for pop in [self.pile.get(each) for each in call.pops.values()]:
            if pop is not None:
                self.withdraw(call, pop, Withdrawal.FORGOTTEN)
        self.calls.forget(call)
