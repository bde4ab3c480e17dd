"""
What a draft of the definitions would do otherwise with calls that were recorded; nothing is sent.

    recorded call --play--> performances of the current definitions --.
                  --play--> performances of the draft ----------------'--> Change, Change, ...
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

import orjson

from webhook_engine.definitions import Canned, CannedFault
from webhook_engine.errors import InvalidCall
from webhook_engine.responses.tree import MISSING
from webhook_engine.testing.rehearsal.answers import Answer, Answers
from webhook_engine.testing.rehearsal.differing import Difference, difference
from webhook_engine.testing.rehearsal.props import Scenery
from webhook_engine.testing.rehearsal.stage import Stage
from webhook_engine.variables import CallEvent

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.testing.rehearsal.performance import Performance

_OF_THE_TIME: Final = frozenset({"webhook-timestamp", "webhook-signature"})
"""Headers that are others whenever a request is made."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """
    Something that happened to a call, and what target systems answered then.
    """

    event: CallEvent
    responses: Mapping[str, Sequence[Answer]]
    """By webhook, in their order; without them a chain goes no further, and outcomes are not compared."""

    @classmethod
    def from_json(cls, document: str | bytes | Mapping[str, object]) -> Self:
        """
        An event as the service takes it, and beside it `"responses": {webhook: response or [response, …]}`.

        A response is `{"status", "headers", "body"}` or `{"fault"}`, as `answer_of` tells it.

        Raises:
            UnknownVariable: The call names a variable that there is not.
            InvalidCall: A part that is missing, unknown or wrong.
        """
        if not isinstance(document, Mapping):
            try:
                document = orjson.loads(document)
            except orjson.JSONDecodeError as error:
                raise InvalidCall("event", f"is no JSON: {error}") from None
        if not isinstance(document, Mapping):
            raise InvalidCall("event", "must be an object")
        event = CallEvent.from_json({key: value for key, value in document.items() if key != "responses"})
        stated = document.get("responses", {})
        if not isinstance(stated, Mapping):
            raise InvalidCall("responses", "must be an object of responses by webhook")
        return cls(event, {str(name): _answers(str(name), each) for name, each in stated.items()})


_KEYS: Final = frozenset({"status", "headers", "body", "body_base64", "fault", "left_out"})


def _answers(webhook: str, stated: Any) -> tuple[Answer, ...]:
    """
    Those up to the first that was left out: what came after it is no answer to what is asked first.
    """
    found = stated if isinstance(stated, list) else [stated]
    made = [_answer(webhook, each, place) for place, each in enumerate(found)]
    return tuple(answer for answer in takewhile(lambda each: each is not None, made) if answer is not None)


def _answer(webhook: str, stated: Any, place: int) -> Answer | None:
    where = f"responses[{webhook!r}]"
    if not isinstance(stated, Mapping) or not stated.keys() <= _KEYS:
        raise InvalidCall(where, 'must be an object of "status", "headers" and "body", or of "fault"')
    if (fault := stated.get("fault")) is not None:
        if fault not in tuple(CannedFault):
            raise InvalidCall(where, f"its fault must be one of {', '.join(CannedFault)}")
        return Answer(Canned(webhook=webhook, fault=CannedFault(fault)), place, (), b"")
    status, headers = stated.get("status", 200), stated.get("headers", {})
    if type(status) is not int or not 100 <= status <= 599:
        raise InvalidCall(where, "its status must be a number from 100 to 599")
    if not isinstance(headers, Mapping) or not all(isinstance(each, str) for each in headers.values()):
        raise InvalidCall(where, "its headers must be an object of texts")
    body = _body(where, stated)
    if "left_out" in stated:
        return None
    canned = Canned(webhook=webhook, status=status)
    return Answer(canned, place, tuple((str(name), str(value)) for name, value in headers.items()), body)


def _body(where: str, stated: Mapping[str, Any]) -> bytes:
    body, in_base64 = stated.get("body", ""), stated.get("body_base64", "")
    if not isinstance(body, str):
        raise InvalidCall(where, "its body must be text")
    try:
        return b64decode(in_base64, validate=True) if in_base64 else body.encode()
    except (ValueError, TypeError) as error:
        raise InvalidCall(where, f"its body_base64 is no base64: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    One webhook that one event would treat otherwise.
    """

    event: CallEvent
    webhook: str
    what: str
    """`starts`, `no longer starts` or `changes`."""

    differences: tuple[Difference, ...] = ()

    def lines(self) -> Iterator[str]:
        """
        What changes, both sides under each other.
        """
        yield f"event {self.event.id!r} ({self.event.moment}): {self.webhook!r} {self.what}"
        for each in self.differences:
            yield from (f"  {line}" for line in each.lines(expected="current", actual="draft"))

    def to_json(self) -> dict[str, object]:
        """
        `{"event", "moment", "webhook", "what", "differences": [{"place", "current", "draft"}]}`.
        """
        return {
            "event": self.event.id,
            "moment": str(self.event.moment),
            "webhook": self.webhook,
            "what": self.what,
            "differences": [
                {"place": each.place, "current": each.expected, "draft": each.actual}
                for each in self.differences
            ],
        }


async def replay(
    draft: Definitions, calls: Iterable[Recorded], *, against: Definitions
) -> tuple[Change, ...]:
    """
    Every difference that *draft* would make to *calls*; nothing is sent, and no secret is read.

    Args:
        against: The definitions that hold now.
    """
    scenes = Scenery.of(against), Scenery.of(draft)
    found: list[Change] = []
    for each in calls:
        now, then = [await _played(each, scenery) for scenery in scenes]
        found.extend(_changes(each.event, now, then))
    return tuple(found)


_Key: TypeAlias = tuple[str, str | None, str | None]
"""Webhook, the one that led to it, and what was handed on."""

_Pair: TypeAlias = "tuple[Performance | None, Performance | None]"
"""What the current definitions make of a start, and what the draft makes of it."""


async def _played(recorded: Recorded, scenery: Scenery) -> dict[_Key, Performance]:
    stage = Stage(scenery, Answers(recorded.responses))
    try:
        await stage.play(recorded.event)
    finally:
        await stage.close()
    return {(each.webhook, each.after, each.start.dynamic_parameter): each for each in stage.performances}


def _changes(
    event: CallEvent, now: Mapping[_Key, Performance], then: Mapping[_Key, Performance]
) -> Iterator[Change]:
    for current, draft in _pairs(now, then):
        if draft is None:
            assert current is not None  # one of both there is
            yield Change(event=event, webhook=current.webhook, what="no longer starts")
        elif current is None:
            yield Change(event=event, webhook=draft.webhook, what="starts")
        elif differs := tuple(_differences(current, draft)):
            yield Change(event=event, webhook=current.webhook, what="changes", differences=differs)


def _pairs(now: Mapping[_Key, Performance], then: Mapping[_Key, Performance]) -> Iterator[_Pair]:
    """
    The same start on both sides; of a chain that hands on something else, the next one that the same webhook led to.
    """
    left: dict[tuple[str, str | None], list[Performance]] = {}
    for key, performed in then.items():
        if key not in now:
            left.setdefault(key[:2], []).append(performed)
    for key, performed in now.items():
        others = left.get(key[:2])
        yield performed, then.get(key) or (others.pop(0) if others else None)
    for each in left.values():
        yield from ((None, performed) for performed in each)


def _differences(now: Performance, then: Performance) -> Iterator[Difference]:
    facts, others = _facts(now), _facts(then)
    for place in dict.fromkeys((*facts, *others)):
        if found := difference(place, facts.get(place, MISSING), others.get(place, MISSING)):
            yield found


def _facts(performed: Performance) -> dict[str, object]:
    """
    Everything about a performance that a draft can change, by its place.
    """
    facts: dict[str, object] = {"way": str(performed.way)}
    if (handed := performed.start.dynamic_parameter) is not None:
        facts["DYNAMIC_PARAMETER"] = handed
    if (request := performed.request) is not None:
        facts |= {"method": request.method, "url": request.url}
        for name, value in request.headers:
            if name.lower() not in _OF_THE_TIME:
                facts[f"headers.{name.lower()}"] = str(value)
        if request.body is not None:
            facts["body"] = request.body.decode(errors="replace")
    elif performed.error:
        facts["error"] = performed.error
    if not performed.is_unanswered and performed.outcome is not None:
        facts |= {"outcome": str(performed.outcome), "sentence": performed.sentence}
    if performed.settled is not None:
        facts["ends"] = str(performed.settled)
    if (view := performed.view) is not None and not performed.is_unanswered:
        facts["columns"] = [column.heading for column in view.columns]
        facts["rows"] = [list(row) for row in view.rows]
    return facts
