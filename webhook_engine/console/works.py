"""
What takes a while: deliveries that are replayed or dropped in bulk, with how far that is.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from webhook_engine import log
from webhook_engine.errors import NotFound, WebhookEngineError
from webhook_engine.queue import State

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.console.filters import Filter
    from webhook_engine.queue import DeliveryQueue

_STEP: Final = 500
"""Deliveries in one go: claims wait for no more than that."""

_KEPT: Final = 50
"""Works that are remembered."""

AT_ONCE: Final = 4
"""Works under way."""


class Deed(StrEnum):
    """
    What is done to many deliveries.
    """

    REPLAY = "replay"
    DROP = "drop"


# What is held first: it would move on with the first of its call that is dropped.
STATES: Final = {
    Deed.REPLAY: (State.DEAD,),
    Deed.DROP: (State.HELD, State.WAITING, State.AGAIN, State.READY),
}
"""In which states something can be done, where the filter names none."""

ALLOWED: Final = {
    Deed.REPLAY: frozenset({State.DEAD, State.DONE}),
    Deed.DROP: frozenset(STATES[Deed.DROP]),
}


@dataclass(slots=True, kw_only=True, eq=False)
class Work:
    """
    One of them, under way or over.
    """

    id: str
    deed: Deed
    told: str
    """Which deliveries, in words."""

    by: str
    begun: datetime
    chosen: Filter = field(repr=False)
    total: int | None = None
    """How many there were at the beginning; None where nobody counted, or not yet."""

    done: int = 0
    ended: datetime | None = None
    error: str = ""
    is_stopped: bool = False
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def share(self) -> float | None:
        """
        How far it is, from 0 to 1; None where nobody can tell.
        """
        if self.ended is not None:
            return 1.0
        return None if not self.total else min(1.0, self.done / self.total)


class Works:
    """
    The works of one console.
    """

    def __init__(self) -> None:
        self._works: dict[str, Work] = {}

    def find(self, ident: str) -> Work:
        """
        Raises:
            NotFound: There is none, or it is long over.
        """
        if ident not in self._works:
            raise NotFound("bulk replay or drop", ident)
        return self._works[ident]

    @property
    def recent(self) -> Sequence[Work]:
        """
        Those that are remembered, the newest first.
        """
        return list(reversed(self._works.values()))

    def begin(self, deed: Deed, chosen: Filter, queue: DeliveryQueue, *, by: str) -> Work | None:
        """
        Replay or drop every delivery that is meant, page after page, while others go on.

        Whoever asks for what is under way already gets that: a button that was pressed twice.

        Returns:
            None where as many are under way as may be.
        """
        # Nothing is awaited here: another request would find less under way than there is.
        under_way = [each for each in self._works.values() if each.ended is None]
        for each in under_way:
            if each.deed is deed and each.chosen == chosen:
                return each
        if len(under_way) >= AT_ONCE:
            return None
        work = Work(
            id=secrets.token_urlsafe(9),
            deed=deed,
            told=chosen.told() or "all",
            by=by,
            begun=datetime.now(UTC),
            chosen=chosen,
        )
        self._works[work.id] = work
        while len(self._works) > _KEPT:
            del self._works[next(key for key, each in self._works.items() if each.ended is not None)]
        work.task = asyncio.create_task(_run(work, queue))
        return work

    async def stop(self, work: Work) -> None:
        """
        Do no more of it; what is done stays done.
        """
        if work.task is not None and work.ended is None:
            work.is_stopped = True
            work.task.cancel()
            await asyncio.wait([work.task])

    async def tend(self, _: web.Application) -> AsyncIterator[None]:
        """
        For the application's `cleanup_ctx`.
        """
        yield
        for work in self._works.values():
            await self.stop(work)


async def _run(work: Work, queue: DeliveryQueue) -> None:
    act, chosen = _act(work.deed, queue), work.chosen
    states = STATES[work.deed] if chosen.state is None else (chosen.state,)
    try:
        work.total = await _total(queue, chosen, states)
        for state in states:
            after: str | None = None
            while True:
                page = await queue.list(state=state, **chosen.names, limit=_STEP, after=after)
                if page.deliveries:
                    work.done += await act([each.id for each in page.deliveries])
                after = page.after
                if after is None:
                    break
    except WebhookEngineError as error:
        work.error = str(error)
    finally:
        work.ended = datetime.now(UTC)
        log.event("deliveries.changed", what=work.deed, which=work.told, count=work.done, by=work.by)


def _act(deed: Deed, queue: DeliveryQueue) -> Callable[[list[str]], Awaitable[int]]:
    return queue.revive if deed is Deed.REPLAY else queue.drop


async def _total(queue: DeliveryQueue, chosen: Filter, states: Sequence[State]) -> int | None:
    """
    How many are meant, where the queue keeps that count anyway.
    """
    if {*chosen.stated} - {"target", "state"}:
        return None
    stats = await queue.stats()
    counts = stats.states if "target" not in chosen.stated else stats.targets.get(chosen.stated["target"], {})
    return sum(counts.get(state, 0) for state in states)
