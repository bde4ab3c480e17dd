"""
Tests of a rule set, run: what each expected, what came instead, and why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Final

from webhook_engine.rules import explain, follow, why
from webhook_engine.testing.rehearsal.answers import Answers, answer_of
from webhook_engine.testing.rehearsal.calls import events_of
from webhook_engine.testing.rehearsal.expecting import differences
from webhook_engine.testing.rehearsal.props import Scenery
from webhook_engine.testing.rehearsal.stage import Stage

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions, Expectation, TestCase
    from webhook_engine.testing.rehearsal.answers import Answer
    from webhook_engine.testing.rehearsal.performance import Performance
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """
    What came of one test.
    """

    __test__ = False  # pytest would take the name for one of its own

    name: str
    place: str
    """Its file and line."""

    failures: tuple[Failure, ...] = ()
    took_s: float = 0.0
    performances: tuple[Performance, ...] = ()

    @property
    def passed(self) -> bool:
        """
        Whether everything was as expected.
        """
        return not self.failures

    def to_json(self) -> dict[str, object]:
        """
        `{"name", "place", "passed", "failures", "took_s"}`.
        """
        return {
            "name": self.name,
            "place": self.place,
            "passed": self.passed,
            "failures": [each.to_json() for each in self.failures],
            "took_s": round(self.took_s, 6),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What came of the tests of one set of definitions.
    """

    results: tuple[TestResult, ...]

    @property
    def failed(self) -> tuple[TestResult, ...]:
        """
        Those that did not pass.
        """
        return tuple(each for each in self.results if not each.passed)


def rehearse_now(definitions: Definitions, *, only: Collection[str] = ()) -> Report:
    """
    `rehearse` where no event loop runs.
    """
    reports: list[Report] = []

    async def kept() -> None:
        # asyncio.run writes its task's result out where it puts signals back, and a report is long.
        reports.append(await rehearse(definitions, only=only))

    asyncio.run(kept())
    return reports[0]


async def rehearse(definitions: Definitions, *, only: Collection[str] = ()) -> Report:
    """
    Plays the tests of *definitions*; nothing is sent, and no secret is read.

    Args:
        only: Parts of names; tests whose names hold none of them are left out.
    """
    rehearsal = Rehearsal(definitions)
    wanted = [case for case in definitions.tests if not only or any(part in case.name for part in only)]
    return Report(results=tuple([await rehearsal.play(case) for case in wanted]))


class Rehearsal:
    """
    Definitions, ready for their tests to be played one by one, in any order and any event loop.
    """

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self._scenery = Scenery.of(definitions)

    def place(self, case: TestCase) -> tuple[str, int]:
        """
        The file of one of its tests, "" for a text, and its line.
        """
        source, path = self.definitions.index.places["test", case.name]
        return source.name, source.places.line(path) or 1

    async def play(self, case: TestCase) -> TestResult:
        """
        One of its tests.
        """
        began = perf_counter()
        place = ":".join(str(each) for each in self.place(case) if each)
        try:
            answers = _answers(case, self.definitions)
        except OSError as error:
            what = f"{error.filename}: the file of a response cannot be read: {error.strerror}"
            return TestResult(name=case.name, place=place, failures=(Failure(what=what),))
        stage = Stage(self._scenery, answers)
        events = list(events_of(case, self.definitions))
        try:
            for event in events:
                await stage.play(event)
        finally:
            await stage.close()
        return TestResult(
            name=case.name,
            place=place,
            failures=tuple(_Judge(case, stage, events, answers).failures()),
            took_s=perf_counter() - began,
            performances=tuple(stage.performances),
        )


def _answers(case: TestCase, definitions: Definitions) -> Answers:
    found: dict[str, list[Answer]] = {}
    for place, canned in enumerate(case.responses):
        found.setdefault(canned.webhook, []).append(answer_of(canned, place, definitions.folder))
    return Answers(found)


class _Judge:
    """
    One test that was played.
    """

    def __init__(self, case: TestCase, stage: Stage, events: Sequence[CallEvent], answers: Answers) -> None:
        self._case, self._stage, self._events, self._answers = case, stage, events, answers
        self._left = list(stage.performances)
        self._order: list[int] = []

    def failures(self) -> Iterator[Failure]:
        """
        Everything that is not as expected, in the order of the test.
        """
        for number, wanted in enumerate(self._case.expect, start=1):
            yield from self._of(wanted, number)
        if self._case.in_order and (found := self._out_of_order()):
            yield found
        if not self._case.others:
            for each in self._left:
                yield self._unexpected(each)
        for answer in self._answers.unused():
            yield self._unused(answer)

    def _of(self, wanted: Expectation, number: int) -> Iterator[Failure]:
        candidates = [each for each in self._left if _is_about(wanted, each)]
        if wanted.absent:
            for each in candidates:
                self._left.remove(each)
                yield self._unexpected(each)
            return
        if not candidates:
            yield self._missing(wanted)
            return
        # Of several that start the same webhook, the one that is meant is the one that fits.
        found = [(each, differences(wanted, each)) for each in candidates]
        best, differs = min(found, key=lambda pair: len(pair[1]))
        self._left.remove(best)
        self._order.append(self._stage.performances.index(best))
        if differs:
            lines = tuple(line for each in differs for line in each.lines())
            what = f"expect[{number}] {wanted.webhook!r} is not as expected"
            came = self._came_to(best) if any(each.place in _OF_AN_ANSWER for each in differs) else ()
            yield Failure(what=what, lines=lines, because=(*self._because(best), *came))

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
        times = sum(_is_about(wanted, each) for each in self._stage.performances)
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


def _is_about(wanted: Expectation, performed: Performance) -> bool:
    return (
        wanted.webhook == performed.webhook
        and wanted.moment in (None, performed.moment)
        and wanted.after in (None, performed.after)
    )
