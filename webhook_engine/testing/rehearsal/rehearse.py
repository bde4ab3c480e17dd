"""
Tests of a rule set, run: what each expected, what came instead, and why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from webhook_engine.errors import InvalidCall
from webhook_engine.testing.rehearsal.answers import Answers, answer_of
from webhook_engine.testing.rehearsal.calls import events_of
from webhook_engine.testing.rehearsal.judging import Failure, Judge
from webhook_engine.testing.rehearsal.props import Scenery
from webhook_engine.testing.rehearsal.stage import Stage

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions, TestCase
    from webhook_engine.definitions.document.source import Source
    from webhook_engine.definitions.places import Path
    from webhook_engine.testing.rehearsal.answers import Answer
    from webhook_engine.testing.rehearsal.performance import Performance


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """
    What came of one test.
    """

    __test__ = False  # pytest would take the name for one of its own

    name: str
    source: Source
    path: Path
    """Where in it the test stands."""

    failures: tuple[Failure, ...] = ()
    took_s: float = 0.0
    performances: tuple[Performance, ...] = ()

    @property
    def place(self) -> str:
        """
        Its file and line; looked for when somebody asks, which of most tests nobody does.
        """
        return ":".join(str(each) for each in _place(self.source, self.path) if each)

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
        return _place(*self.definitions.index.places["test", case.name])

    async def play(self, case: TestCase) -> TestResult:
        """
        One of its tests.
        """
        began = perf_counter()
        source, path = self.definitions.index.places["test", case.name]
        try:
            answers, events = _answers(case, self.definitions), list(events_of(case, self.definitions))
        except _CannotBePlayed as error:
            failures = tuple(Failure(what=each) for each in error.reasons)
            return TestResult(name=case.name, source=source, path=path, failures=failures)
        except InvalidCall as error:  # a moment is too late: each value was read alone
            failures = (Failure(what=f"there can be no such call: {error}"),)
            return TestResult(name=case.name, source=source, path=path, failures=failures)
        stage = Stage(self._scenery, answers)
        try:
            for event in events:
                await stage.play(event)
        finally:
            await stage.close()
        return TestResult(
            name=case.name,
            source=source,
            path=path,
            failures=tuple(Judge(case, stage, events, answers).failures()),
            took_s=perf_counter() - began,
            performances=tuple(stage.performances),
        )


def _place(source: Source, path: Path) -> tuple[str, int]:
    return source.name, source.places.line(path) or 1


class _CannotBePlayed(Exception):  # it becomes the test's failures
    """
    What a test needs is not there.
    """

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


def _answers(case: TestCase, definitions: Definitions) -> Answers:
    found: dict[str, list[Answer]] = {}
    missing = []
    for place, canned in enumerate(case.responses):
        try:
            found.setdefault(canned.webhook, []).append(answer_of(canned, place, definitions.folder))
        except OSError as error:
            file = f"{error.filename}: the file of a response cannot be read: {error.strerror}"
            missing.append(f"response[{place + 1}]: {file}")
    if missing:
        raise _CannotBePlayed(missing)
    return Answers(found)
