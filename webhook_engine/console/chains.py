"""
What the responses to one event led to: its chains, read again from what is kept of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.dispatch import LocalSecrets
from webhook_engine.errors import NotFound
from webhook_engine.line import Lines
from webhook_engine.queue import delivery_id
from webhook_engine.reading import names_of
from webhook_engine.responses import Outcome, Response
from webhook_engine.rules import RuleSet, follow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.console.trials import Trials
    from webhook_engine.definitions import Definitions, Then
    from webhook_engine.engine import Engine
    from webhook_engine.queue import AttemptReport, DeliveryReport
    from webhook_engine.rules import FollowTrace, Start
    from webhook_engine.variables import CallEvent

MOST: Final = 50
"""Webhooks of one event whose responses are looked for; a chain may fan out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """
    One webhook with a chain, and what its response led to.
    """

    start: Start

    links: Sequence[tuple[str, Then]]
    """(rule, `then`) of each link that waits for this webhook."""

    trace: FollowTrace | None = None
    """What became of each link; None where no response is kept."""

    why: str = ""
    """Why there is no trace, as half a sentence."""

    delivery: str = ""
    """The delivery whose response it was."""

    is_test: bool = False
    """Whether the response is that of the webhook's last test, as a lookup's own is not kept."""

    is_cut: bool = False
    """Whether only the beginning of the response was kept, so that a link may come out another way."""


class Chains:
    """
    The chains of events, by the rules in force.
    """

    def __init__(self, engine: Engine, trials: Trials) -> None:
        self._queue, self._trials = engine.queue, trials
        self._definitions: Definitions = engine.definitions
        self._rules = RuleSet(engine.definitions)
        self._lines = Lines(engine.definitions, LocalSecrets())

    async def of(self, starts: Sequence[Start], event: CallEvent) -> tuple[Led, ...]:
        """
        Every webhook with a chain that the event came to, those that it began with first.
        """
        found: list[Led] = []
        coming = list(starts)
        looked_at = 0
        while coming and looked_at < MOST:
            start, looked_at = coming.pop(0), looked_at + 1
            if not (links := self._links(start)):
                continue
            led, following = await self._led(start, links, event)
            found.append(led)
            coming += following
        return tuple(found)

    def _links(self, start: Start) -> list[tuple[str, Then]]:
        return [
            (link.rule, link.then)
            for rule in start.rules
            for link in self._rules.links.get(rule, ())
            if link.compiled.after == start.webhook
        ]

    async def _led(
        self, start: Start, links: Sequence[tuple[str, Then]], event: CallEvent
    ) -> tuple[Led, tuple[Start, ...]]:
        if not self._definitions.webhook(start.webhook).is_durable:
            return await self._as_tested(start, links, event)
        report = await self._report(start)
        if report is None:
            return Led(start=start, links=links, why="no delivery of it is kept"), ()
        record = next((each for each in reversed(report.records) if "response" in each.detail), None)
        if record is None:
            why = "it has no response yet" if not report.records else "no attempt of it had a response"
            return Led(start=start, links=links, why=why, delivery=report.id), ()
        response, is_cut = _response(record)
        trace, following = await self._followed(start, event, response, _outcome(record))
        return Led(start=start, links=links, trace=trace, delivery=report.id, is_cut=is_cut), following

    async def _report(self, start: Start) -> DeliveryReport | None:
        if self._queue is None:
            return None
        try:
            return await self._queue.show(delivery_id(start.event_id, start.webhook))
        except NotFound:
            return None

    async def _as_tested(
        self, start: Start, links: Sequence[tuple[str, Then]], event: CallEvent
    ) -> tuple[Led, tuple[Start, ...]]:
        tried = self._trials.last(start.webhook)
        if tried is None or tried.response is None:
            return Led(start=start, links=links, why="the response to a lookup is not kept"), ()
        outcome = tried.trial.view.outcome
        trace, following = await self._followed(start, event, tried.response, outcome)
        return Led(start=start, links=links, trace=trace, is_test=True), following

    async def _followed(
        self, start: Start, event: CallEvent, response: Response, outcome: Outcome
    ) -> tuple[FollowTrace, tuple[Start, ...]]:
        names = await names_of(self._lines.of(start.webhook), response)
        found = follow(self._rules, start, event, outcome=outcome, names=names)
        return found.trace, found.starts


def _response(record: AttemptReport) -> tuple[Response, bool]:
    """
    The response as far as it was written down, and whether that is only its beginning.
    """
    kept: Mapping[str, Any] = record.detail["response"]  # type: ignore[assignment]  # as `detail_of` writes it
    response = Response(
        status=int(kept["status"]),
        headers=tuple((str(name), str(value)) for name, value in kept.get("headers", {}).items()),
        body=str(kept.get("body", "")).encode(),
    )
    return response, bool(kept.get("truncated"))


def _outcome(record: AttemptReport) -> Outcome:
    """
    What the attempt came to; where the queue has a word of its own for it, no outcome of a response.
    """
    return Outcome(record.outcome) if record.outcome in set(Outcome) else Outcome.TARGET_FAILED
