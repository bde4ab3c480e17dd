"""
`emit`: call events in, from a file or a pipe.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from webhook_engine.cli.console import complain, counted, out, print_json
from webhook_engine.cli.exits import Exit
from webhook_engine.cli.inputs import AsJson, BadInput
from webhook_engine.cli.intake import Taken, intake, published
from webhook_engine.cli.lines import Lines, Told
from webhook_engine.cli.loop import run
from webhook_engine.cli.told import NATS, told
from webhook_engine.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO

    from webhook_engine.cli.intake import Intake
    from webhook_engine.cli.lines import WrongLine

_PART: Final = 256 * 1024
"""Bytes read at a time; of a pipe, what is there."""

_BATCH: Final = 500
"""Events handed in at a time."""


@told
def emit(
    settings: Settings,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Events as JSON, one on each line; - is standard input.", show_default=False
        ),
    ],
    definitions: Annotated[
        Path | None,
        typer.Option(
            "--definitions",
            metavar="FILE",
            help="What events start, where no process runs here; the store's where left out.",
            show_default=False,
        ),
    ] = None,
    nats: Annotated[str | None, NATS] = None,
    as_json: AsJson = False,
) -> None:
    """
    Hand call events to the process that runs here, or write their deliveries down for the next one that does.

    With --nats they are published to the tenant's subject instead, and taken by whichever process asks for them.

    A wrong line is told by its number and the others go in. The same event twice is one event, so a file that was
    interrupted is simply handed in again.

    Example:  webhook-engine emit calls.jsonl
    """
    from webhook_engine.settings_sources import nats_of_flag

    taken = run(_emitted(settings, file, definitions, nats_of_flag(nats)))
    if as_json:
        wrong = [{"line": each.line, "message": each.message} for each in taken.wrong]
        print_json({"events": taken.events, "deliveries": taken.deliveries, "wrong": wrong})
    else:
        lost = f"; {counted(len(taken.wrong), 'line')} wrong" if taken.wrong else ""
        deliveries = "1 delivery" if taken.deliveries == 1 else f"{taken.deliveries:,} deliveries"
        came = "published" if nats else f"in, {deliveries}"
        out().print(Text(f"{counted(taken.events, 'event')} {came}{lost}"))
    raise typer.Exit(Exit.FINDINGS if taken.wrong else Exit.OK)


async def _emitted(settings: Settings, file: Path, definitions: Path | None, nats: str | None) -> Taken:
    with ExitStack() as opened:
        stream, size = _open(file, opened)
        advance = opened.enter_context(Progress(size)).advance
        into_what = intake(settings, definitions) if nats is None else published(nats, settings)
        async with into_what as into:
            return await _handed_in(stream, into, advance, name=str(file))


async def _handed_in(stream: BinaryIO, into: Intake, advance: Callable[[int], None], *, name: str) -> Taken:
    lines = Lines()
    taken = Taken()
    while part := await asyncio.to_thread(_some_of, stream):
        await _hand_in(lines.of(part), into, taken, name)
        advance(len(part))
    await _hand_in(lines.last(), into, taken, name)
    return taken


async def _hand_in(found: Iterable[Told | WrongLine], into: Intake, taken: Taken, name: str) -> None:
    batch: list[Told] = []
    for each in found:
        if isinstance(each, Told):
            batch.append(each)
        else:
            _note_wrong([each], taken, name)
        if len(batch) >= _BATCH:
            await _take(batch, into, taken, name)
            batch = []
    if batch:
        await _take(batch, into, taken, name)


async def _take(batch: list[Told], into: Intake, taken: Taken, name: str) -> None:
    some = await into.take(batch)
    taken.events += some.events
    taken.deliveries += some.deliveries
    _note_wrong(some.wrong, taken, name)


def _note_wrong(wrong: Iterable[WrongLine], taken: Taken, name: str) -> None:
    for each in wrong:
        complain(f"{name}:{each.line}: {each.message}")
        taken.wrong.append(each)


def _open(file: Path, opened: ExitStack) -> tuple[BinaryIO, int | None]:
    if str(file) == "-":
        return sys.stdin.buffer, None
    try:
        stream = opened.enter_context(file.open("rb"))
        return stream, file.stat().st_size
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from error


def _some_of(stream: BinaryIO) -> bytes:
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    return read(_PART)


class Progress:
    """
    A bar on a terminal, nothing elsewhere.
    """

    def __init__(self, size: int | None) -> None:
        from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

        console = Console(stderr=True)
        columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=size)

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, size: int) -> None:
        """
        So many bytes are in.
        """
        self._bar.advance(self._task, size)
