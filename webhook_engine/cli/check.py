"""
`check`: whether definitions read, and what lint thinks of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from webhook_engine.cli.console import complain, out, print_json, safe
from webhook_engine.cli.exits import Exit
from webhook_engine.cli.inputs import AsJson, load
from webhook_engine.errors import DefinitionError

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions, Finding


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
    from webhook_engine.definitions import lint

    report: list[dict[str, object]] = []
    worst = Exit.OK
    for path in files:
        try:
            definitions = load(path)
        except DefinitionError as error:
            worst = Exit.UNREADABLE
            report += [_problem_row(path, error)] if as_json else []
            if not as_json:
                complain(error)
            continue
        findings = lint(definitions)
        worst = max(worst, Exit.FINDINGS) if findings else worst
        if as_json:
            report.append(
                {"file": str(path), "problems": [], "findings": [each.to_json() for each in findings]}
            )
        else:
            _print_findings(path, definitions, findings)
    if as_json:
        print_json(report)
    raise typer.Exit(worst)


def _problem_row(path: Path, error: DefinitionError) -> dict[str, object]:
    problems = [
        {"path": each.path, "line": each.line, "column": each.column, "message": each.message}
        for each in error.problems
    ]
    return {"file": str(path), "problems": problems, "findings": []}


def _print_findings(path: Path, definitions: Definitions, findings: tuple[Finding, ...]) -> None:
    console = out()
    for each in findings:
        console.print(Text.assemble((f"{each.code} ", "yellow"), safe(str(each))))
    counts = f"{len(definitions.webhooks)} webhooks, {len(definitions.rules)} rules, {len(definitions.tests)} tests"
    verdict = (f"{len(findings)} findings", "yellow") if findings else ("ok", "green")
    console.print(Text.assemble(f"{path}: {counts}: ", verdict))
