"""
One test that was played, judged: what is not as it expects, and why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from webhook_engine.rules import explain, follow, why
from webhook_engine.testing.rehearsal.matching import is_about, meant

if TYPE_CHECKING:
    from webhook_engine.definitions import Expectation, TestCase
    from webhook_engine.testing.rehearsal.answers import Answer, Answers
    from webhook_engine.testing.rehearsal.performance import Performance
    from webhook_engine.testing.rehearsal.stage import Stage
    from webhook_engine.variables import CallEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """
    One thing that is not as a test expects.
    """

    what: str
    """In one line."""

    lines: tuple[str, ...] = ()
    """Expected and actual beside each other."""

    because: tuple[str, ...] = ()
    """The trace of what decided."""

    def to_json(self) -> dict[str, object]:
        """
        `{"what", "lines", "because"}`.
        """
        return {"what": self.what, "lines": list(self.lines), "because": list(self.because)}

    def __str__(self) -> str:
        return "\n".join((self.what, *(f"  {each}" for each in (*self.lines, *self.because))))


class Judge:
    """
    One test that was played.
    """

    def __init__(self, case: TestCase, stage: Stage, events: Sequence[CallEvent], answers: Answers) -> None:
        self._case, self._stage, self._events, self._answers = case, stage, events, answers
        self._left = list(stage.performances)
        self._meant = meant(case.expect, stage.performances)
        self._order: list[int] = []

    def failures(self) -> Iterator[Failure]:
        """
        Everything that is not as expected, in the order of the test.
        """
        for place, wanted in enumerate(self._case.expect):
            yield from self._of(wanted, place)
        if self._case.in_order and (found := self._out_of_order()):
            yield found
        if not self._case.others:
            for each in self._left:
                yield self._unexpected(each)
        for answer in self._answers.unused():
            yield self._unused(answer)

    def _of(self, wanted: Expectation, place: int) -> Iterator[Failure]:
        if wanted.absent:
            # One that is expected elsewhere too: whichever stands first, it must not start here.
            for each in self._stage.performances:
                if is_about(wanted, each):
                    self._strike(each)
                    yield self._unexpected(each)
            return
        if place not in self._meant:
            yield self._missing(wanted)
            return
        best, differs = self._meant[place]
        self._strike(best)
        self._order.append(self._stage.performances.index(best))
        if differs:
            lines = tuple(line for each in differs for line in each.lines())
            what = f"expect[{place + 1}] {wanted.webhook!r} is not as expected"
            came = self._came_to(best) if any(each.place in _OF_AN_ANSWER for each in differs) else ()
            yield Failure(what=what, lines=lines, because=(*self._because(best), *came))

    def _strike(self, performed: Performance) -> None:
        """
        It is spoken of already.
        """
        if performed in self._left:
            self._left.remove(performed)

    def _out_of_order(self) -> Failure | None:
        if self._order == sorted(self._order):
            return None
        all_of_them = self._stage.performances
        actual = [all_of_them[index].webhook for index in sorted(self._order)]
        expected = [all_of_them[index].webhook for index in self._order]
        lines = (f"expected  {', '.join(expected)}", f"actual    {', '.join(actual)}")
        return Failure(what="the webhooks start in another order", lines=lines)

    def _unexpected(self, performed: Performance) -> Failure:
        moment = (
            f" at {performed.event.moment}" if len(self._events) == 1 else f" at moment {performed.moment}"
        )
        return Failure(
            what=f"{performed.webhook!r} starts{moment}, and the test does not expect it",
            because=tuple(self._because(performed)),
        )

    def _unused(self, answer: Answer) -> Failure:
        webhook = answer.canned.webhook
        traces = (*self._why_not(webhook), *self._requests(webhook))
        return Failure(
            what=f"response[{answer.place + 1}] for {webhook!r} was never asked for", because=traces
        )

    def _requests(self, webhook: str) -> Iterator[str]:
        """
        What a webhook asked for, where it starts.
        """
        for each in self._stage.performances:
            if each.webhook == webhook and each.error and not each.sends:
                yield f"it makes no request: {each.error}"
            elif each.webhook == webhook:
                yield f"it makes {each.sends:,} {'request' if each.sends == 1 else 'requests'}"

    def _missing(self, wanted: Expectation) -> Failure:
        where = f" at moment {wanted.moment}" if wanted.moment is not None else ""
        after = f" after {wanted.after!r}" if wanted.after is not None else ""
        times = sum(is_about(wanted, each) for each in self._stage.performances)
        if times:
            again = "once" if times == 1 else f"{times:,} times"
            what = f"{wanted.webhook!r} starts{where}{after} only {again}, and is expected more often"
        else:
            what = f"{wanted.webhook!r} does not start{where}{after}"
        return Failure(what=what, because=tuple(self._why_not(wanted.webhook)))

    def _why_not(self, webhook: str) -> Iterator[str]:
        for number, event in enumerate(self._events, start=1):
            trace = self._stage.match(event).trace
            for because in why(trace, webhook).because:
                yield f"{event.moment}, moment {number}: {because}" if len(self._events) > 1 else because
        for each in self._stage.performances:
            yield from self._links(each, webhook)

    def _links(self, performed: Performance, webhook: str) -> Iterator[str]:
        rules = self._stage.rules
        leads = any(
            link.then.webhook == webhook and link.compiled.after == performed.webhook
            for name in performed.start.rules
            for link in rules.links.get(name, ())
        )
        if not leads:
            return
        if performed.is_unanswered:
            yield f"{performed.webhook!r} leads to it, and no [[test.response]] says what that is answered"
        elif performed.outcome is not None:
            response = performed.response
            names = performed.line.interpreter.names_of(response) if response is not None else {}
            followed = follow(rules, performed.start, performed.event, outcome=performed.outcome, names=names)
            yield from map(str, explain(followed.trace))

    def _came_to(self, performed: Performance) -> Iterator[str]:
        if performed.outcome is not None and performed.response is not None:
            by = performed.decided_by(self._stage.rules.definitions)
            yield f"status {performed.response.status} is {performed.outcome}, decided by {by}: {performed.sentence}"

    def _because(self, performed: Performance) -> Iterator[str]:
        if performed.after is not None:
            yield f"started by the response of {performed.after!r}, for rule {performed.start.rule!r}"
        else:
            yield from why(self._stage.match(performed.event).trace, performed.webhook).because
        if performed.error:
            yield f"it makes no request: {performed.error}"


_OF_AN_ANSWER: Final = frozenset({"outcome", "ends", "attempts", "view", "pop"})
"""Where a difference follows from what was answered."""
