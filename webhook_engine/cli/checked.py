"""
What `check` finds in one file or folder: mistakes, doubts, and tests that fail.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from webhook_engine.cli.console import counted
from webhook_engine.cli.exits import Exit
from webhook_engine.cli.inputs import load
from webhook_engine.errors import DefinitionError, Problem

if TYPE_CHECKING:
    from collections.abc import Collection

    from webhook_engine.cli.recorded import RecordedFile
    from webhook_engine.definitions import Definitions, Finding
    from webhook_engine.testing.rehearsal import TestResult
    from webhook_engine.testing.rehearsal.gap import Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What was found in one file or folder.
    """

    path: Path
    holds: str = ""
    """How much of what it defines."""

    error: DefinitionError | None = None
    findings: tuple[Finding, ...] = ()
    tests: tuple[TestResult, ...] = ()
    gaps: tuple[Gap, ...] = ()
    """What no test reaches; only where that was asked for."""

    answers: tuple[Path, ...] = ()
    """The files that hold responses of its tests."""

    @property
    def failed(self) -> tuple[TestResult, ...]:
        """
        The tests that did not pass.
        """
        return tuple(each for each in self.tests if not each.passed)

    @property
    def exit(self) -> Exit:
        """
        What it means for the command.
        """
        if self.error is not None:
            return Exit.UNREADABLE
        return Exit.FINDINGS if self.findings or self.failed else Exit.OK

    def to_json(self) -> dict[str, object]:
        """
        `{"file", "problems", "findings", "tests", "unreached"}`.
        """
        problems = self.error.problems if self.error is not None else ()
        return {
            "file": str(self.path),
            "problems": [
                {"path": each.path, "line": each.line, "column": each.column, "message": each.message}
                for each in problems
            ],
            "findings": [asdict(each) for each in self.findings],
            "tests": [each.to_json() for each in self.tests],
            "unreached": [each.to_json() for each in self.gaps],
        }


def checked(
    path: Path,
    *,
    only: Collection[str] = (),
    coverage: bool = False,
    recorded: RecordedFile | None = None,
) -> Report:
    """
    Reads what is at *path*, lints it and runs its tests.

    Args:
        recorded: What holds responses whose columns are looked at too.

        only: Parts of the names of the tests that are run; all where there are none.

        coverage: Whether to tell what no test reaches.
    """
    from webhook_engine.definitions import Definitions, lint
    from webhook_engine.testing.rehearsal import rehearse_now

    try:
        definitions = load(path)
    except DefinitionError as error:
        return Report(path=path, error=error)
    if definitions == Definitions():
        nothing = Problem(path="", message="defines nothing", source=str(path))
        return Report(path=path, error=DefinitionError([nothing]))
    spots = None
    if recorded is not None:
        from webhook_engine.cli.recorded import spots_in

        spots = spots_in(recorded, definitions)
    results = rehearse_now(definitions, only=only).results if definitions.tests else ()
    gaps: tuple[Gap, ...] = ()
    if coverage:
        from webhook_engine.testing.rehearsal.coverage import unreached

        gaps = unreached(definitions, results)
    return Report(
        path=path,
        holds=_holds(definitions, len(results)),
        findings=lint(definitions, spots),
        tests=results,
        gaps=gaps,
        answers=_answers(definitions),
    )


def _answers(definitions: Definitions) -> tuple[Path, ...]:
    folder = definitions.folder or Path()
    return tuple(
        folder / each.file for test in definitions.tests for each in test.responses if each.file is not None
    )


def _holds(definitions: Definitions, played: int) -> str:
    tests = counted(len(definitions.tests), "test")
    return ", ".join(
        (
            counted(len(definitions.webhooks), "webhook"),
            counted(len(definitions.rules), "rule"),
            tests if played == len(definitions.tests) else f"{played:,} of {tests}",
        )
    )
