"""
`check`: whether definitions read, what lint thinks of them, and whether their tests pass.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from webhook_engine.cli.checked import checked
from webhook_engine.cli.console import as_long_as_read, complain, counted, out, print_json, safe
from webhook_engine.cli.inputs import AsJson, BadInput

if TYPE_CHECKING:
    from webhook_engine.cli.checked import Report
    from webhook_engine.cli.recorded import RecordedFile


def check(
    files: Annotated[
        list[Path], typer.Argument(help="Definitions files, or folders of them.", show_default=False)
    ],
    only: Annotated[
        list[str],
        typer.Option(
            "--only",
            metavar="NAME",
            help="Run only tests whose name holds this; may be given again.",
            show_default=False,
        ),
    ] = [],  # noqa: B006  # typer copies its defaults
    junit: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Write the tests as JUnit XML too.", show_default=False),
    ] = None,
    coverage: Annotated[bool, typer.Option("--coverage", help="Tell what no test reaches.")] = False,
    recorded: Annotated[
        Path | None,
        typer.Option(
            "--recorded",
            metavar="FILE",
            help="Look at the columns of responses too: of recorded calls (`calls export`), or as they were "
            "learnt (`drift export`).",
            show_default=False,
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Again whenever a file changes, until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """
    Read definitions, report everything that is wrong or doubtful in them, all at once, and run their tests.
    Sends nothing.

    Example:  webhook-engine check integration.toml
    """

    if watch and recorded is not None and str(recorded) == "-":
        raise BadInput("--watch reads the file of --recorded again, and - can be read once: name a file")

    def look() -> list[Report]:
        responses = _recorded(recorded)
        return [checked(path, only=only, coverage=coverage, recorded=responses) for path in files]

    if watch:
        from webhook_engine.cli.watching import watch as keep_looking

        def again() -> list[Path]:
            beside = [] if recorded is None else [recorded]
            try:
                reports = look()
                _tell(reports, junit=junit, as_json=as_json)
            except BadInput as error:
                # A file that somebody is writing anew may be whole the next time.
                complain(error)
                return beside
            return [*(path for each in reports for path in each.answers), *beside]

        keep_looking(files, again)
    reports = look()
    if only and all(each.error is None and not each.tests for each in reports):
        raise BadInput(f"--only {', '.join(only)}: no test has that in its name")
    with as_long_as_read():
        _tell(reports, junit=junit, as_json=as_json)
    raise typer.Exit(max(each.exit for each in reports))


def _recorded(path: Path | None) -> RecordedFile | None:
    if path is None:
        return None
    from webhook_engine.cli.recorded import RecordedFile

    return RecordedFile.at(path)


def _tell(reports: list[Report], *, junit: Path | None, as_json: bool) -> None:
    # The file is written though nobody reads on, and what is in it is told though it cannot be.
    try:
        if junit is not None:
            _write_junit(junit, reports)
    finally:
        _print(reports, as_json=as_json)


def _print(reports: list[Report], *, as_json: bool) -> None:
    if as_json:
        print_json([each.to_json() for each in reports])
        return
    for each in reports:
        print_report(each)
    # Whoever watches through a pipe sees it at once.
    sys.stdout.flush()


def _write_junit(path: Path, reports: list[Report]) -> None:
    from webhook_engine.cli.junit import document_of

    try:
        path.write_bytes(document_of(reports))
    except OSError as error:
        raise BadInput(f"--junit {path}: cannot be written: {error.strerror}") from error


def print_report(report: Report) -> None:
    """
    One file's, for people.
    """
    if report.error is not None:
        complain(report.error)
        return
    console = out()
    for each in report.findings:
        console.print(Text(safe(str(each)), style="yellow"))
    for result in report.failed:
        console.print(Text(safe(f"{result.place}: FAILED {result.name}"), style="bold red"))
        for failure in result.failures:
            for line in str(failure).splitlines():
                console.print(Text(safe(f"  {line}")))
    for gap in report.gaps:
        console.print(Text(safe(f"not reached: {gap}"), style="cyan"))
    console.print(Text.assemble(f"{report.path}: {report.holds}: ", *_verdict(report)))


def _verdict(report: Report) -> list[tuple[str, str]]:
    parts = []
    if report.findings:
        parts.append((counted(len(report.findings), "finding"), "yellow"))
    if report.failed:
        parts.append((f"{counted(len(report.failed), 'test')} failed", "red"))
    if not parts:
        return [("ok", "green")]
    return [part for each in parts for part in ((", ", ""), each)][1:]
