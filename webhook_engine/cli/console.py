"""
What commands print: tables and colours for a person, plain text for a pipe, JSON for a program.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import orjson
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from webhook_engine.errors import DefinitionError, SettingsError, WebhookEngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from webhook_engine.dispatch import PreparedRequest
    from webhook_engine.responses import AgentView

OUTCOME_STYLE = {
    "ok": "green",
    "no-match": "yellow",
    "skipped": "yellow",
    "refused": "red",
    "target-failed": "red",
    "credentials-expired": "red",
}


def out() -> Console:
    """
    Standard output, as it is now: colours on a terminal, plain elsewhere.

    Only the terminal itself breaks long lines, so that an address can be copied as one.
    """
    return Console(soft_wrap=True, highlight=False)


def complain(error: WebhookEngineError | str) -> None:
    """
    An error on standard error: each problem on a line of its own.
    """
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    if isinstance(error, DefinitionError | SettingsError):
        lines = [str(each) for each in error.problems]
    else:
        lines = [str(error)]
    for line in lines:
        err.print(Text.assemble(("error: ", "bold red"), safe(line)))


def print_json(document: object) -> None:
    """
    One JSON document, indented, as UTF-8 whatever the locale says.
    """
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str) + b"\n"
    sys.stdout.flush()
    sys.stdout.buffer.write(text)
    sys.stdout.flush()


@contextmanager
def as_long_as_read() -> Iterator[None]:
    """
    What is printed within goes to whoever reads it; that they have seen enough is no verdict, and changes none.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        drop(sys.stdout)
    except SystemExit as ended:
        # rich makes an exit with 1 of it.
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        drop(sys.stdout)


def drop(stream: TextIO) -> None:
    """
    Have nothing left to flush, which would fail once more.
    """
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def counted(number: int, noun: str) -> str:
    """
    `1 rule`, `2 rules`.
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def safe(text: str) -> str:
    """
    Text that a terminal shows and does not obey: control characters are written out.
    """
    return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, indent: str = "") -> None:
    """
    Rows as a table on a terminal, as tab-separated lines in a pipe.
    """
    if not sys.stdout.isatty():
        for row in (headings, *rows):
            print(indent + "\t".join(_one_line(each) for each in row))
        return
    table = RichTable(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(Text(safe(heading)), overflow="fold")
    for row in rows:
        table.add_row(*(Text("–", style="dim") if each is None else Text(_one_line(each)) for each in row))
    out().print(Padding(table, (0, 0, 0, len(indent))), soft_wrap=False)


def _one_line(value: object) -> str:
    return "" if value is None else safe(str(value)).replace("\n", " ")


def print_request(request: PreparedRequest, *, indent: str = "") -> None:
    """
    A request as it goes out, secrets masked.
    """
    console = out()
    console.print(Text.assemble(indent, (request.method, "bold"), " ", safe(request.url)))
    for name, value in request.headers:
        console.print(Text.assemble(indent, (f"{name}: ", "cyan"), safe(value)))
    if request.body is not None:
        for line in safe(request.body.decode(errors="replace")).splitlines():
            console.print(Text(indent + line))


def print_view(view: AgentView, *, indent: str = "") -> None:
    """
    What an agent sees: the outcome, its sentence, the rows.
    """
    console = out()
    status = f" (status {view.status})" if view.status is not None else ""
    style = OUTCOME_STYLE.get(view.outcome, "")
    console.print(
        Text.assemble(
            indent, (str(view.outcome), f"bold {style}"), f"  {safe(view.sentence)}", (status, "dim")
        )
    )
    if view.columns and view.rows:
        print_table([column.label or column.path for column in view.columns], view.rows, indent=indent)
    for finding in view.findings:
        console.print(Text(f"{indent}finding: {safe(finding)}", style="yellow"))
