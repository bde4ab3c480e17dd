"""
`check`: whether definitions read, and what lint thinks of them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from webhook_engine.cli.console import complain, counted, out, print_json, safe
from webhook_engine.cli.exits import Exit
from webhook_engine.cli.inputs import AsJson, load
from webhook_engine.errors import DefinitionError, Problem

if TYPE_CHECKING:
    from webhook_engine.definitions import Finding


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

    @property
    def exit(self) -> Exit:
        """
        What it means for the command.
        """
        if self.error is not None:
            return Exit.UNREADABLE
        return Exit.FINDINGS if self.findings else Exit.OK

    def to_json(self) -> dict[str, object]:
        """
        `{"file", "problems", "findings"}`.
        """
        problems = self.error.problems if self.error is not None else ()
        return {
            "file": str(self.path),
            "problems": [
                {"path": each.path, "line": each.line, "column": each.column, "message": each.message}
                for each in problems
            ],
            "findings": [asdict(each) for each in self.findings],
        }


def check(
    files: Annotated[
        list[Path], typer.Argument(help="Definitions files, or folders of them.", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """
    Read definitions and report everything that is wrong or doubtful in them, all at once.

    Example:  webhook-engine check integration.toml
    """
    reports = [_checked(path) for path in files]
    if as_json:
        print_json([each.to_json() for each in reports])
    else:
        for each in reports:
            _print(each)
    raise typer.Exit(max(each.exit for each in reports))


def _checked(path: Path) -> Report:
    from webhook_engine.definitions import Definitions, lint

    try:
        definitions = load(path)
    except DefinitionError as error:
        return Report(path=path, error=error)
    if definitions == Definitions():
        nothing = Problem(path="", message="defines nothing", source=str(path))
        return Report(path=path, error=DefinitionError([nothing]))
    holds = ", ".join(
        (
            counted(len(definitions.webhooks), "webhook"),
            counted(len(definitions.rules), "rule"),
            counted(len(definitions.tests), "test"),
        )
    )
    return Report(path=path, holds=holds, findings=lint(definitions))


def _print(report: Report) -> None:
    if report.error is not None:
        complain(report.error)
        return
    console = out()
    for each in report.findings:
        console.print(Text(safe(str(each)), style="yellow"))
    verdict = (counted(len(report.findings), "finding"), "yellow") if report.findings else ("ok", "green")
    console.print(Text.assemble(f"{report.path}: {report.holds}: ", verdict))
