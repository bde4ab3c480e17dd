"""
When members used a group's webhooks last, and when that was refused: from the deliveries that are kept, and from
what agents looked up while this process ran.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson

from webhook_engine.errors import NotFound
from webhook_engine.pops import TableShown
from webhook_engine.responses import Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from aiohttp import web

    from webhook_engine.pops import Message, PopBoard
    from webhook_engine.queue import AttemptReport, DeliveryQueue, DeliveryReport

LOOKED_AT: Final = 200
"""Deliveries of each webhook that are looked at, the newest ones."""

WEBHOOKS: Final = 30
"""Webhooks of a group that are looked at."""

_OPENED: Final = 400
"""Deliveries that are read whole for one page."""

_REMEMBERED: Final = 20_000

_REFUSED: Final = frozenset({Outcome.REFUSED, Outcome.CREDENTIALS_EXPIRED})
_REASONS: Final = frozenset(
    {"agent-refused", "credentials-expired", "credentials-missing", "refused", "forbidden"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """
    One request that was made, or refused, in an agent's name.
    """

    at: datetime
    webhook: str
    outcome: str
    sentence: str = ""
    status: int | None = None

    delivery: str = ""
    """The id, where it was a delivery."""


@dataclass(slots=True)
class Last:
    """
    The latest of one agent.
    """

    use: Use | None = None
    """A request that was sent."""

    refusal: Use | None = None

    def take(self, use: Use, *, is_sent: bool, is_refused: bool) -> None:
        """
        Counts it where it is later than what is known.
        """
        if is_sent and (self.use is None or use.at > self.use.at):
            self.use = use
        if is_refused and (self.refusal is None or use.at > self.refusal.at):
            self.refusal = use


@dataclass(slots=True)
class Uses:
    """
    What agents asked live, which nobody writes down: remembered while the process runs.
    """

    _known: OrderedDict[tuple[str, str], Last] = field(default_factory=OrderedDict)

    def note(self, webhook: str, extension: str, use: Use, *, is_sent: bool = True) -> None:
        """
        Remember one request.
        """
        last = self._known.setdefault((webhook, extension), Last())
        self._known.move_to_end((webhook, extension))
        last.take(use, is_sent=is_sent, is_refused=use.outcome in _REFUSED)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def watch(self, board: PopBoard) -> Callable[[web.Application], AsyncIterator[None]]:
        """
        For the application's `cleanup_ctx`: lookups of agents' desktops are remembered.
        """

        async def watching(_: web.Application) -> AsyncIterator[None]:
            stop = board.listen(self._told)
            yield
            stop()

        return watching

    def _told(self, message: Message) -> None:
        if message.event != TableShown.event:
            return
        told: Mapping[str, Any] = orjson.loads(message.text)
        view = told["view"]
        use = Use(
            at=datetime.now(UTC),
            webhook=told["webhook"],
            outcome=view["outcome"],
            sentence=view["sentence"],
            status=view["status"],
        )
        self.note(use.webhook, message.agent, use, is_sent=bool(view["attempts"]))

    async def of(self, webhooks: Iterable[str], queue: DeliveryQueue | None) -> Mapping[str, Last]:
        """
        Extension -> the last use of these webhooks and the last refusal; those of whom nothing is known are left out.

        Raises:
            QueueError: The deliveries cannot be read now.
        """
        names = list(webhooks)[:WEBHOOKS]
        found: dict[str, Last] = {}
        for (webhook, extension), last in self._known.items():
            if webhook in names:
                mine = found.setdefault(extension, Last())
                for use in (last.use, last.refusal):
                    if use is not None:
                        mine.take(use, is_sent=use is last.use, is_refused=use is last.refusal)
        if queue is not None:
            await _add_delivered(found, names, queue)
        return found


async def _add_delivered(found: dict[str, Last], names: Iterable[str], queue: DeliveryQueue) -> None:
    left = _OPENED
    for webhook in names:
        seen: dict[str, set[bool]] = {}
        for report in (await queue.list(webhook=webhook, limit=LOOKED_AT)).deliveries:
            extension, is_refused = _extension(report), report.reason in _REASONS
            kinds = seen.setdefault(extension, set())
            # Of each agent the newest that went well and the newest that did not.
            if not extension or not report.attempts or is_refused in kinds or not left:
                continue
            kinds.add(is_refused)
            left -= 1
            await _add(found.setdefault(extension, Last()), report.id, queue)


async def _add(last: Last, delivery: str, queue: DeliveryQueue) -> None:
    try:
        report = await queue.show(delivery)
    except NotFound:
        return  # it went meanwhile
    for record in report.records:
        last.take(_use(report, record), is_sent="request" in record.detail, is_refused=_is_refused(record))


def _use(report: DeliveryReport, record: AttemptReport) -> Use:
    error = record.detail.get("error")
    said = record.detail.get("sentence") or (error.get("message", "") if isinstance(error, Mapping) else "")
    return Use(
        at=record.at,
        webhook=report.webhook,
        outcome=record.outcome,
        sentence=str(said),
        status=record.status,
        delivery=report.id,
    )


def _is_refused(record: AttemptReport) -> bool:
    return record.outcome in _REFUSED or record.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def _extension(report: DeliveryReport) -> str:
    event = report.reference.get("event")
    call = event.get("call") if isinstance(event, Mapping) else None
    return str(call.get("EXTENSION", "")) if isinstance(call, Mapping) else ""
