"""
Durable deliveries: from what an event starts to the queue, and from a lease to what it came to.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from webhook_engine.definitions.checks.http import authority_of, has_variable
from webhook_engine.definitions.words import WhenEmpty
from webhook_engine.dispatch.request import target_of
from webhook_engine.dispatch.signing import signing_secrets_of, stamped
from webhook_engine.errors import EmptyParameter, QueueError, TemplateError
from webhook_engine.line import PATIENCE_S
from webhook_engine.performing import HOLD_S, Performed, RetryPolicy, Schedule, is_gone
from webhook_engine.queue import Delivery, Order, Receipt
from webhook_engine.reading import judged, names_of
from webhook_engine.recent import Recent, RecentDeliveries
from webhook_engine.rules import Start, asks_for, follow
from webhook_engine.turns import in_turns
from webhook_engine.variables import CallEvent
from webhook_engine.versions import Version

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from webhook_engine.definitions import Webhook
    from webhook_engine.dispatch import Attempt, PreparedRequest
    from webhook_engine.line import Line, Lines
    from webhook_engine.performing import Holds
    from webhook_engine.queue import DeliveryQueue, Lease
    from webhook_engine.responses import Outcome, Response
    from webhook_engine.rules import RuleSet
    from webhook_engine.variables import Value
    from webhook_engine.versions import Versions

    Dispatch = Callable[..., Awaitable[Attempt]]
    Show = Callable[[Sequence[Start], CallEvent], None]
    Frozen = Mapping[str, object] | Callable[[], Mapping[str, object]]


_SHORT_TRIES: Final = 3
"""Retries after each of the webhook's `retry_on`."""


class Way(NamedTuple):
    """
    What is known of a durable webhook before any call.
    """

    line: Line

    target: str | None
    """Where it sends, whatever the call holds; None where that depends on the call."""

    may_skip: bool
    """Whether an empty value keeps the whole request back."""

    order: Order
    """Among those of one call."""


class Deliveries:
    """
    What one tenant's durable webhooks send, and what follows from it.

    A delivery is written down as its event, its start and the version of the definitions; its request is made
    of these when it is first tried, with nothing else that could change, and kept where it must be tried again.
    """

    def __init__(self, lines: Lines, rules: RuleSet, holds: Holds, versions: Versions) -> None:
        self._lines = lines
        self._rules = rules
        self._holds = holds
        self._versions = versions
        self._version: Version | None = None
        self._ways: dict[str, Way | None] = {}
        self._recent = RecentDeliveries()

    def is_durable(self, start: Start) -> bool:
        """
        Whether *start* is written down before anything is sent.
        """
        return self._way(start.webhook) is not None

    async def put(
        self, started: Sequence[tuple[CallEvent, Sequence[Start]]], queue: DeliveryQueue | None
    ) -> tuple[tuple[Delivery, ...], ...]:
        """
        Puts the deliveries of those starts that are durable; for each event its own.

        What an empty value is to skip is none. A request that cannot be made is put all the same: the
        delivery dies with the reason, where an operator sees it.

        Raises:
            QueueUnavailable: Nothing was accepted.
            QueueError: There is no queue.
        """
        made = [self._of(starts, event) async for event, starts in in_turns(started)]
        flat = [delivery for deliveries in made for delivery, _ in deliveries]
        if flat:
            if queue is None:
                raise QueueError(
                    "durable deliveries need a queue, and this engine has none: "
                    'give it one, as in Engine.from_file(…, queue="deliveries.db"), and enter it by async with'
                )
            await self._versions.keep(self._current, queue)
            receipts = await queue.put(flat)
            self._remember(started, made, receipts)
        return tuple([tuple([delivery for delivery, _ in deliveries]) for deliveries in made])

    def _remember(
        self,
        started: Sequence[tuple[CallEvent, Sequence[Start]]],
        made: Sequence[Sequence[tuple[Delivery, Start]]],
        receipts: Sequence[Receipt],
    ) -> None:
        now = time.monotonic()
        told = iter(receipts)
        for (event, _), deliveries in zip(started, made, strict=True):
            for delivery, start in deliveries:
                # Of a duplicate, what was said first counts.
                if next(told) is Receipt.ACCEPTED:
                    self._recent.keep(Recent(start, event, delivery.reference, now))

    def _of(self, starts: Sequence[Start], event: CallEvent) -> list[tuple[Delivery, Start]]:
        found: list[tuple[Delivery, Start]] = []
        told: Mapping[str, object] | None = None
        for start in starts:
            way = self._way(start.webhook)
            if way is None:
                continue
            if told is None:
                told = event.source()
            delivery = self._delivery(way, start, event, told)
            if delivery is not None:
                found.append((delivery, start))
        return found

    def _delivery(
        self, way: Way, start: Start, event: CallEvent, told: Mapping[str, object]
    ) -> Delivery | None:
        reference: dict[str, object] = {
            "event": told,
            "start": start.to_json(),
            "version": self._current.name,
            "revision": way.line.revision,
        }
        target = way.target
        if target is None or way.may_skip:
            # Where it goes, or whether, is only known when the request is made.
            try:
                frozen = way.line.freezer.freeze(self._lines.values(way.line, start.call(event)))
            except EmptyParameter as error:
                if error.skips:
                    return None
            except TemplateError:
                # What is wrong is found again when it is performed, and recorded then.
                pass
            else:
                reference["frozen"] = frozen
                target = target_of(_beginning(frozen["url"]))
        sip_id = event.call.sip_id
        webhook = way.line.compiled.definition
        return Delivery(
            event_id=start.event_id,
            webhook=start.webhook,
            target=target or way.line.preparation.route.group or start.webhook,
            reference=reference,
            call=sip_id,
            order=way.order if sip_id else Order.NONE,
            hold_s=webhook.hold_s,
            expires_s=webhook.expires_s,
        )

    def _way(self, webhook: str) -> Way | None:
        """
        None where the webhook is not durable.
        """
        try:
            return self._ways[webhook]
        except KeyError:
            line = self._lines.of(webhook)
            definition = line.compiled.definition
            way = self._ways[webhook] = _way(line) if definition.is_durable else None
            return way

    @property
    def _current(self) -> Version:
        if self._version is None:
            self._version = Version(self._lines.definitions)
        return self._version

    # --- Performing ------------------------------------------------------------------------------

    async def perform(self, lease: Lease, queue: DeliveryQueue, dispatch: Dispatch, show: Show) -> Performed:
        """
        Sends one delivery and tells what came of it.

        Args:
            show: Given what a response leads to and an agent is to see.

        Raises:
            WebhookEngineError: Nothing could be sent, and why.
        """
        line = self._lines.of(lease.webhook)
        if (hold := self._holds.of(lease.webhook)) is not None:
            return Performed(hold_s=HOLD_S, held_because=hold.reason)
        recent = self._recent.take(lease.event_id, lease.webhook) or _read(lease)
        start, event = recent.start, recent.event
        request, frozen, made_of = await self._request(line, lease, recent, queue)
        attempt = await dispatch(request, number=lease.attempt, patience_s=PATIENCE_S)
        policy = policy_of(line.compiled.definition)
        if attempt.response is None:
            return Performed(attempt=attempt, policy=policy, frozen=frozen)
        links = self._rules.links
        needs_call = bool(line.compiled.rules) or any(map(links.get, start.rules))
        values = self._lines.values(line, start.call(event)) if needs_call else {}
        verdict, error = await judged(line, attempt, values)
        following: tuple[Start, ...] = ()
        if needs_call:
            following = await self._following(line, start, event, attempt.response, verdict.outcome)
            show([each for each in following if not self.is_durable(each)], event)
        performed = Performed(
            attempt=attempt,
            outcome=verdict.outcome,
            by_rule=not verdict.decided_by.startswith("default: "),
            decided_by=verdict.decided_by,
            sentence=verdict.sentence,
            error=error,
            follow=await self._followers(following, event, queue),
            policy=policy,
            frozen=frozen,
        )
        if is_gone(performed):
            await self._holds.note_gone(line.name, made_of)
        return performed

    async def _followers(
        self, following: Sequence[Start], event: CallEvent, queue: DeliveryQueue
    ) -> tuple[Delivery, ...]:
        if not following:
            return ()
        made = self._of(following, event)
        if made:
            await self._versions.keep(self._current, queue)
        return tuple([delivery for delivery, _ in made])

    async def _request(
        self, line: Line, lease: Lease, recent: Recent, queue: DeliveryQueue
    ) -> tuple[PreparedRequest, Frozen | None, str]:
        """
        The request, how it is kept for later tries where it is not kept already, and the webhook's revision
        that it was made of.

        What was made of a revision whose target is gone is made anew of the webhook as it was edited since:
        as it stands nobody wants it any more.
        """
        start, event, reference = recent.start, recent.event, recent.reference
        credentials = self._lines.credentials(line, event.call.extension)
        kept = lease.frozen or cast("Mapping[str, object] | None", reference.get("frozen"))
        made_of = str((lease.frozen or reference).get("revision", line.revision))
        version = reference.get("version")
        if self._holds.was_gone(line.name, made_of):
            kept = version = None
        frozen: Frozen | None = None
        if kept is None:
            if version is None or version == self._current.name:
                values = self._lines.values(line, start.call(event))
                request = line.preparation.prepare(values, credentials)
                made_of = line.revision
                frozen = partial(_frozen, line, values, made_of)
            else:
                # Today's credentials, in the request of the day on which it was accepted.
                then = await self._versions.lines(str(version), queue, webhook=lease.webhook)
                before = then.of(lease.webhook)
                frozen = kept = _frozen(before, then.values(before, start.call(event)), made_of)
        if kept is not None:
            request = line.freezer.thaw(kept, credentials)
        group = line.compiled.group
        secrets = signing_secrets_of(group, self._lines.secrets)
        stamp = stamped(request, delivery_id=lease.id, now=time.time(), secrets=secrets)
        return stamp, None if lease.frozen else frozen, made_of

    async def _following(
        self, line: Line, start: Start, event: CallEvent, response: Response, outcome: Outcome
    ) -> tuple[Start, ...]:
        names = await names_of(line, response) if asks_for(self._rules, start) else {}
        return follow(self._rules, start, event, outcome=outcome, names=names).starts


@lru_cache(maxsize=1024)
def _policy(max_attempts: int, longest_wait_s: float, retry_on: tuple[int, ...]) -> RetryPolicy:
    uncounted = RetryPolicy().uncounted
    return RetryPolicy(
        max_attempts=max_attempts,
        schedule=Schedule(longest_s=longest_wait_s),
        uncounted=replace(uncounted, longest_s=min(uncounted.longest_s, longest_wait_s)),
        longest_hint_s=longest_wait_s,
        short_retries=dict.fromkeys(retry_on, _SHORT_TRIES),
    )


def policy_of(webhook: Webhook) -> RetryPolicy:
    """
    How often *webhook* is tried, and how soon, in numbers.
    """
    return _policy(webhook.max_attempts, webhook.longest_wait_s, webhook.retry_on)


def _frozen(line: Line, values: Mapping[str, Value], revision: str) -> Mapping[str, object]:
    return {**line.freezer.freeze(values), "revision": revision}


def _beginning(url: object) -> str:
    """
    A kept URL up to the first secret in it.
    """
    return str(url[0] if isinstance(url, list | tuple) else url)


def _way(line: Line) -> Way:
    definition = line.compiled.definition
    _, authority = authority_of(definition.url) or ("", "")
    return Way(
        line,
        None if not authority or has_variable(authority) else target_of(_origin(definition.url, authority)),
        any(each.when_empty is WhenEmpty.SKIP for each in definition.parameters),
        Order(definition.order),
    )


def _origin(url: str, authority: str) -> str:
    return url[: url.index(authority) + len(authority)]


def _read(lease: Lease) -> Recent:
    reference = lease.reference
    return Recent(
        Start.from_json(cast("Mapping[str, Any]", reference["start"])),
        CallEvent.from_json(cast("Mapping[str, Any]", reference["event"])),
        reference,
        0.0,
    )
