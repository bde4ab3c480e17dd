"""
What was played, as the parts of a test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.definitions import Canned, Expectation
from webhook_engine.dispatch.mask import HIDDEN
from webhook_engine.errors import WebhookEngineError
from webhook_engine.rules import why
from webhook_engine.testing.rehearsal.performance import Way

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.dispatch import PreparedRequest
    from webhook_engine.responses.tree import Cell
    from webhook_engine.testing.rehearsal.answers import Answer, Answers
    from webhook_engine.testing.rehearsal.performance import Performance
    from webhook_engine.testing.rehearsal.stage import Stage
    from webhook_engine.testing.replay import Recorded

ROWS: Final = 20
"""Of an agent's view with more, no rows are expected."""

_MADE_ANEW: Final = frozenset({"webhook-id", "webhook-timestamp", "webhook-signature", "idempotency-key"})
"""Headers that are others whenever a request is made."""

_TELLING: Final = frozenset({"content-type", "location", "retry-after"})
"""Headers of a response that decide how it is read, where it sends the request, and when it is asked again."""


class CannotRetell(WebhookEngineError):
    """
    What happened cannot be told as a test that holds.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """
    Which of the webhooks that an event started is meant, and how its request was sent.
    """

    webhook: str
    event_id: str
    """Of its start: the event's own, or one made of it."""

    sent: Mapping[str, Any]
    """`{"method", "url", "body"}`, masked; empty where nothing was."""


class Telling:
    """
    What was played, as the parts of a test.
    """

    def __init__(self, stage: Stage, answers: Answers, recorded: Recorded, meant: Meant | None) -> None:
        self._stage, self._answers, self._recorded, self._meant = stage, answers, recorded, meant
        self._about = [*stage.performances] if meant is None else [self._meant_one(meant)]
        self.left_out: list[str] = []
        self._hides = HIDDEN in str(recorded.event.to_json())
        self._asked = tuple(_expressions(stage.rules.definitions))
        others = [each.webhook for each in stage.performances if each not in self._about]
        self.has_others = bool(others)
        if others:
            names = ", ".join(map(repr, dict.fromkeys(others)))
            self.left_out.append(f"Left out: {names}, which the same event starts.")
        if meant is not None:
            self._compare(self._about[0], meant.sent)

    def name(self) -> str:
        """
        What the test is called where nobody says.
        """
        event = self._recorded.event
        whose = repr(self._meant.webhook) if self._meant is not None else "what starts"
        return f"{whose} at {event.moment}, as on {event.at:%Y-%m-%d %H:%M:%S}"

    def _meant_one(self, meant: Meant) -> Performance:
        for each in self._stage.performances:
            if each.webhook == meant.webhook and each.start.event_id == meant.event_id:
                return each
        event = self._recorded.event
        traced = why(self._stage.match(event).trace, meant.webhook).because
        because = "; ".join(map(str, traced)) or "no rule starts it, and no recorded response leads to it"
        raise CannotRetell(f"by these definitions the event does not start {meant.webhook!r}: {because}")

    def _compare(self, performed: Performance, sent: Mapping[str, Any]) -> None:
        """
        Says where these definitions make another request than was sent.
        """
        request = performed.request
        if request is None or not sent:
            return
        body = None if request.body is None else request.body.decode(errors="replace")
        for place, then, now in (
            ("method", sent.get("method"), request.method),
            ("URL", sent.get("url"), request.url),
            ("body", None if sent.get("truncated") else sent.get("body"), body),
        ):
            if then is not None and not _is_same(str(then), now or ""):
                # An attempt hides the secrets of its own webhook; the call may have held another one's.
                was = "another one" if self._hides else repr(str(then)[:500])
                self.left_out.append(f"When it was sent, its {place} was {was}.")

    # --- Responses ---------------------------------------------------------------------------------

    def responses(self) -> Iterator[Canned]:
        """
        What was answered to the webhooks that the test is about, and to those that led to them.
        """
        about = [name for each in self._about for name in (*each.start.chain, each.webhook)]
        for webhook in dict.fromkeys(about):
            told = self._recorded.responses.get(webhook, ())[: self._answers.given.get(webhook, 0)]
            for answer in told:
                yield self._canned(answer)
            if not told and self._is_asked(webhook):
                self.left_out.append(f"Left out: what {webhook!r} was answered, which is not known in full.")

    def _is_asked(self, webhook: str) -> bool:
        return any(each.webhook == webhook and each.is_unanswered for each in self._stage.performances)

    def _canned(self, answer: Answer) -> Canned:
        canned = answer.canned
        if canned.fault is not None:
            return Canned(webhook=canned.webhook, fault=canned.fault)
        headers = {name: value for name, value in answer.headers if self._tells(name.lower())}
        try:
            body = answer.body.decode()
        except UnicodeDecodeError as error:
            raise CannotRetell(f"the response of {canned.webhook!r} is no text: {error}") from error
        if HIDDEN in body:
            self.left_out.append(f"{canned.webhook!r} repeated a secret; {HIDDEN} is in its place.")
        return Canned(webhook=canned.webhook, status=canned.status, headers=headers, body=body or None)

    def _tells(self, header: str) -> bool:
        """
        Whether something is decided by a header of a response, by its name in lower case.
        """
        return header in _TELLING or any(header in each for each in self._asked)

    # --- Expectations ------------------------------------------------------------------------------

    def expectations(self) -> Iterator[Expectation]:
        """
        One for each webhook that the test is about.
        """
        for each in self._about:
            yield self._expectation(each)

    def _expectation(self, performed: Performance) -> Expectation:
        known: dict[str, Any] = {"webhook": performed.webhook, "after": performed.after}
        if (request := performed.request) is not None:
            known["url"] = request.url
            if performed.way is not Way.WINDOW:
                known |= {"method": request.method, "headers": _headers(performed, request)}
                known["body"] = None if request.body is None else request.body.decode(errors="replace")
        if not performed.is_unanswered and performed.outcome is not None:
            known |= {"outcome": performed.outcome, "sentence": performed.sentence or None}
            known["attempts"] = performed.sends
        if performed.settled is not None:
            known["ends"] = performed.settled
        if performed.view is not None and not performed.is_unanswered:
            known |= self._table(performed)
        return Expectation(**known)

    def _table(self, performed: Performance) -> dict[str, Any]:
        view = performed.view
        if view is None or not view.columns:
            return {}
        columns = tuple(column.heading for column in view.columns)
        if len(view.rows) > ROWS:
            self.left_out.append(f"Left out: the {len(view.rows):,} rows of {performed.webhook!r}.")
            return {"columns": columns}
        return {"columns": columns, "rows": tuple(tuple(map(_cell, row)) for row in view.rows)}


def _expressions(definitions: Definitions) -> Iterator[str]:
    """
    What outcomes and chains ask of responses.
    """
    for webhook in definitions.webhooks:
        for outcome in webhook.outcomes:
            yield from (each for each in (outcome.when, outcome.say) if each)
    for rule in definitions.rules:
        for link in rule.then:
            yield from (each for each in (link.when, link.value) if each)


def _headers(performed: Performance, request: PreparedRequest) -> dict[str, str]:
    """
    What somebody wrote, and what proves who asks; what every request carries anyway says nothing.
    """
    stated = {each.name.lower() for each in performed.line.compiled.definition.headers}
    told = [(str(name), str(value)) for name, value in request.headers]
    return {
        name: value
        for name, value in told
        if name.lower() not in _MADE_ANEW and (name.lower() != "accept" or "accept" in stated)
    }


def _cell(cell: Cell) -> Any:
    if cell is None:
        return {"absent": True}
    return {"present": True} if isinstance(cell, Decimal) else cell


def _is_same(then: str, now: str) -> bool:
    """
    Whether a masked text is the same as one with stand-ins, whatever was hidden.
    """
    first, *rest = then.split(HIDDEN)
    if not rest:
        return then == now
    if not now.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        at = now.find(part, at) + len(part)
        if at < len(part):
            return False
    return now.endswith(rest[-1])
