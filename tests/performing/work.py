"""
What the tests of this room share: deliveries, attempts, and somebody who performs them as told.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from webhook_engine.dispatch import Attempt, PreparedRequest, Route
from webhook_engine.performing import Performed
from webhook_engine.queue import Delivery
from webhook_engine.responses import Outcome, Response

PATIENCE_S = 20.0
"""How long a test waits for what must come; only a failure takes so long."""

CRM = "crm.example.com:443"
OUTCOMES = {200: Outcome.OK, 404: Outcome.REFUSED, 422: Outcome.REFUSED}


def delivery(event, *, target=CRM, webhook="CRM outcome", **facts):
    return Delivery(event_id=event, webhook=webhook, target=target, **facts)


def request(method="POST", url="https://crm.example.com/calls", **facts):
    route = {"deadline_s": facts.pop("deadline_s", 4.0), "safe": facts.pop("safe", False)}
    return PreparedRequest(route=Route(webhook="CRM outcome", method=method, **route), url=url, **facts)


def attempt(status=200, *, body=b"{}", headers=(), method="POST", prepared=None, **facts):
    response = Response(status=status, headers=tuple(headers), body=body)
    facts = {"number": 1, "sent": True, "took_s": 0.25, **facts}
    return Attempt(prepared=prepared or request(method), response=response, **facts)


def broken(error, *, sent=True, prepared=None, method="POST"):
    return Attempt(number=1, prepared=prepared or request(method), error=error, sent=sent)


def performed(status=200, *, headers=(), body=b"{}", **facts):
    """
    A response of that status, read as it is by default.
    """
    facts.setdefault("outcome", OUTCOMES.get(status, Outcome.TARGET_FAILED))
    return Performed(attempt=attempt(status, headers=headers, body=body), **facts)


class Clock:
    """
    A time that passes when it is told to.
    """

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@dataclass
class Worker:
    """
    Performs deliveries as `answers` says of their target, and holds those of a target in `held`.
    """

    answers: dict = field(default_factory=dict)
    """Target -> what is performed: a Performed, an exception, or a callable that is given the lease."""

    held: set = field(default_factory=set)
    started: list = field(default_factory=list)
    running: Counter = field(default_factory=Counter)
    most: Counter = field(default_factory=Counter)

    def __post_init__(self):
        self._changed = asyncio.Condition()
        self._gates = defaultdict(asyncio.Event)

    async def __call__(self, lease):
        self.started.append(lease)
        self.running[lease.target] += 1
        self.most[lease.target] = max(self.most[lease.target], self.running[lease.target])
        async with self._changed:
            self._changed.notify_all()
        try:
            if lease.target in self.held:
                await self._gates[lease.target].wait()
            else:
                await asyncio.sleep(0)
        finally:
            self.running[lease.target] -= 1
        answer = self.answers.get(lease.target, performed())
        answer = answer(lease) if callable(answer) else answer
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def let_go(self, target):
        self.held.discard(target)
        self._gates[target].set()

    async def until_started(self, count, target=None):
        def enough():
            return count <= sum(1 for lease in self.started if target in {None, lease.target})

        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(enough)


class Settled:
    """
    What was settled, and a wait for more of it.
    """

    def __init__(self):
        self.all = []
        self._changed = asyncio.Event()

    def __call__(self, lease, performed, settlement):
        self.all.append((lease, performed, settlement))
        self._changed.set()

    @property
    def events(self):
        return [lease.event_id for lease, _, _ in self.all]

    @property
    def settlements(self):
        return [settlement for _, _, settlement in self.all]

    async def until(self, count, target=None):
        async with asyncio.timeout(PATIENCE_S):
            while count > sum(1 for lease, _, _ in self.all if target in {None, lease.target}):
                self._changed.clear()
                await self._changed.wait()
