"""
`migrate`: from files of one machine to a database of many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from webhook_engine.cli.console import out, safe
from webhook_engine.cli.inputs import BadInput
from webhook_engine.cli.loop import run
from webhook_engine.settings import Settings, is_postgresql

if TYPE_CHECKING:
    from webhook_engine.process.moving import Moved


def migrate(
    source: Annotated[str, typer.Option("--from", metavar="URL", help="sqlite:///FILE.", show_default=False)],
    target: Annotated[
        str,
        typer.Option(
            "--to", metavar="URL", help="postgresql://USER@HOST/DATABASE, empty.", show_default=False
        ),
    ],
) -> None:
    """
    Move everything from SQLite files into a PostgreSQL database: definitions with their history, secrets (sealed as
    they are), keys, users, dialer lists, recorded calls, and deliveries with their attempts. The files stay.

    What was ended goes on where it was when it is run again; no process starts on half of it.

    Example:  webhook-engine migrate --from sqlite:///webhook-engine.db --to postgresql://calls@db.example.com/calls
    """
    if is_postgresql(source) or not is_postgresql(target):
        raise BadInput("a move leads from sqlite:///FILE to postgresql://USER@HOST/DATABASE")
    moved = run(_moved(source, target))
    if moved.was_there:
        out().print(safe(f"{moved.source} was moved to {moved.target} before: nothing to do"))
        return
    for name, count in moved.rows.items():
        if count:
            out().print(safe(f"  {count:>9,}  {name}"))
    rows = sum(moved.rows.values())
    out().print(safe(f"{rows:,} rows moved from {moved.source} to {moved.target}, counted and compared"))
    key = Settings(database=source).usual_key_file
    typer.echo(
        f"The vault stays sealed with the same key ({key}, where you state no other): every process needs it. "
        f"Start none on {moved.source} any more: it would send what the others send.",
        err=True,
    )


async def _moved(source: str, target: str) -> Moved:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from webhook_engine.process.moving import move

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def note(doing: str, done: int, total: int) -> None:
            bar.update(task, description=doing, completed=done, total=total)

        return await move(source, target, note=note)
