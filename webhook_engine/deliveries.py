"""
Durable deliveries: from what an event starts to the queue, and from a lease to what it came to.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from webhook_engine.dispatch.request import target_of
from webhook_engine.dispatch.signing import signing_secrets_of, stamped
from webhook_engine.errors import EmptyParameter, TemplateError
from webhook_engine.line import PATIENCE_S, READ_AT_ONCE
from webhook_engine.performing import HOLD_S, Performed, RetryPolicy, Schedule, is_gone
from webhook_engine.queue import Delivery, Order
from webhook_engine.rules import Start, asks_for, follow
from webhook_engine.variables import CallEvent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from webhook_engine.definitions import Webhook
    from webhook_engine.dispatch import Attempt, PreparedRequest
    from webhook_engine.line import Line, Lines
    from webhook_engine.performing import Holds
    from webhook_engine.queue import Lease
    from webhook_engine.responses import Interpretation, Outcome, Response
    from webhook_engine.rules import RuleSet

    Dispatch = Callable[..., Awaitable[Attempt]]
    Show = Callable[[Sequence[Start], CallEvent], None]


_SHORT_TRIES: Final = 3
"""Retries after each of the webhook's `retry_on`."""


class Deliveries:
    """
    What one tenant's durable webhooks send, and what follows from it.
    """

    def __init__(self, lines: Lines, rules: RuleSet, holds: Holds) -> None:
        self._lines = lines
        self._rules = rules
        self._holds = holds

    def is_durable(self, start: Start) -> bool:
        """
        Whether *start* is written down before anything is sent.
        """
        return self._lines.of(start.webhook).compiled.definition.is_durable

    def of(self, starts: Sequence[Start], event: CallEvent) -> tuple[Delivery, ...]:
        """
        The deliveries of those of *starts* that are durable, as the queue takes them.

        The request is made here and kept, so that every attempt sends the same, whatever becomes
        of the definitions. One that cannot be made is put all the same: it dies with the reason,
        where an operator sees it. What an empty value is to skip is none.
        """
        durable = [start for start in starts if self.is_durable(start)]
        if not durable:
            return ()
        told = event.to_json()
        made = (self._delivery(start, event, told) for start in durable)
        return tuple(delivery for delivery in made if delivery is not None)

    def _delivery(self, start: Start, event: CallEvent, told: Mapping[str, object]) -> Delivery | None:
        line = self._lines.of(start.webhook)
        webhook = line.compiled.definition
        reference: dict[str, object] = {"event": told, "start": start.to_json(), "revision": line.revision}
        target = line.preparation.route.group or start.webhook
        try:
            frozen = line.freezer.freeze(self._lines.values(line, start.call(event)))
        except EmptyParameter as error:
            if error.skips:
                return None
        except TemplateError:
            # What is wrong is found again when it is performed, and recorded then.
            pass
        else:
            reference["frozen"] = frozen
            target = target_of(_beginning(frozen["url"]))
        return Delivery(
            event_id=start.event_id,
            webhook=start.webhook,
            target=target,
            reference=reference,
            call=event.call.sip_id,
            order=Order(webhook.order) if event.call.sip_id else Order.NONE,
            hold_s=webhook.hold_s,
            expires_s=webhook.expires_s,
        )

    async def perform(self, lease: Lease, dispatch: Dispatch, show: Show) -> Performed:
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
        told = cast("Mapping[str, Any]", lease.reference["event"])
        frozen, is_new = self._frozen(line, lease, told)
        request = self._request(line, lease, frozen, told)
        attempt = await dispatch(request, number=lease.attempt, patience_s=PATIENCE_S)
        policy = policy_of(line.compiled.definition)
        kept = frozen if is_new else None
        if attempt.response is None:
            return Performed(attempt=attempt, policy=policy, frozen=kept)
        start = Start.from_json(cast("Mapping[str, Any]", lease.reference["start"]))
        needs_call = bool(line.compiled.rules or any(map(self._rules.links.get, start.rules)))
        event = CallEvent.from_json(told) if needs_call else None
        found = await self._interpreted(line, attempt.response, start, event)
        following = (
            () if event is None else self._following(line, start, event, attempt.response, found.outcome)
        )
        if event is not None:
            show([each for each in following if not self.is_durable(each)], event)
        performed = Performed(
            attempt=attempt,
            outcome=found.outcome,
            by_rule=not found.decided_by.startswith("default: "),
            sentence=found.sentence,
            error=found.error,
            follow=() if event is None else self.of(following, event),
            policy=policy,
            frozen=kept,
        )
        if is_gone(performed):
            made_of = line.revision if is_new else lease.reference.get("revision", line.revision)
            await self._holds.note_gone(line.name, str(made_of))
        return performed

    def _frozen(self, line: Line, lease: Lease, told: Mapping[str, Any]) -> tuple[Mapping[str, object], bool]:
        """
        The request as it is kept, and whether it was only made now.

        What was made before the webhook's target was gone is made anew of the webhook as it was edited since:
        as it stands nobody wants it any more.
        """
        frozen = lease.frozen
        if frozen is None and not self._holds.was_gone(line.name, lease.reference.get("revision")):
            frozen = cast("Mapping[str, object] | None", lease.reference.get("frozen"))
        if frozen is not None:
            return frozen, False
        start = Start.from_json(cast("Mapping[str, Any]", lease.reference["start"]))
        call = start.call(CallEvent.from_json(told))
        return line.freezer.freeze(self._lines.values(line, call)), True

    def _request(
        self, line: Line, lease: Lease, frozen: Mapping[str, object], told: Mapping[str, Any]
    ) -> PreparedRequest:
        credentials = self._lines.credentials(line, told["call"].get("EXTENSION", ""))
        return stamped(
            line.freezer.thaw(frozen, credentials),
            delivery_id=lease.id,
            now=time.time(),
            secrets=signing_secrets_of(line.compiled.group, self._lines.secrets),
        )

    async def _interpreted(
        self, line: Line, response: Response, start: Start, event: CallEvent | None
    ) -> Interpretation:
        values = {} if event is None else self._lines.values(line, start.call(event))
        if len(response.body) <= READ_AT_ONCE:
            return line.interpreter.interpret(response, values)
        return await asyncio.to_thread(line.interpreter.interpret, response, values)

    def _following(
        self, line: Line, start: Start, event: CallEvent, response: Response, outcome: Outcome
    ) -> tuple[Start, ...]:
        names = line.interpreter.names_of(response) if asks_for(self._rules, start) else {}
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


def _beginning(url: object) -> str:
    """
    A kept URL up to the first secret in it.
    """
    return str(url[0] if isinstance(url, list | tuple) else url)
