"""
`replay-draft`: what a draft of the definitions would do otherwise with calls that were recorded.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from webhook_engine.cli.calls import Last, recorded
from webhook_engine.cli.console import as_long_as_read, complain, counted, out, print_json, safe
from webhook_engine.cli.exits import Exit
from webhook_engine.cli.in_force import Against, in_force
from webhook_engine.cli.inputs import AsJson, BadInput, load, read_bytes
from webhook_engine.cli.loop import run
from webhook_engine.cli.told import told
from webhook_engine.settings import Settings

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.testing.replay import Change, Recorded


@told
def replay_draft(
    settings: Settings,
    draft: Annotated[Path, typer.Argument(help="The draft: a file, or a folder.", show_default=False)],
    against: Against = None,
    calls: Annotated[
        Path | None,
        typer.Option(
            "--calls",
            metavar="FILE",
            help="Recorded events, one as JSON on each line; those that are recorded here where left out.",
            show_default=False,
        ),
    ] = None,
    last: Last = None,
    most: Annotated[int, typer.Option("--most", min=0, help="How many differences are shown.")] = 20,
    as_json: AsJson = False,
) -> None:
    """
    Play recorded calls through a draft and through the definitions that hold now, and report every difference
    in which webhooks start, in their requests, and in what the recorded responses come to. Sends nothing.

    Example:  webhook-engine replay-draft draft.toml --against integration.toml --calls recorded.jsonl
    """
    loaded = load(draft)
    played = (
        recorded_in(calls, read_bytes(calls))[-last if last else 0 :]
        if calls is not None
        else _recorded(settings, last)
    )
    changes = _replayed(loaded, run(in_force(settings, against)), played)
    with as_long_as_read():
        if as_json:
            print_json({"events": len(played), "changes": [each.to_json() for each in changes]})
        else:
            _print(changes, len(played), most)
    raise typer.Exit(Exit.FINDINGS if changes else Exit.OK)


def _recorded(settings: Settings, last: int | None) -> list[Recorded]:
    from webhook_engine.testing.replay import Recorded

    return [Recorded.from_json(each) for each in run(recorded(settings, last))]


def recorded_in(path: Path, content: bytes) -> list[Recorded]:
    """
    The recorded calls in a file.

    Raises:
        BadInput: A line that cannot be read, each of them named; or there is none.
    """
    from webhook_engine.testing.replay import Recorded
    from webhook_engine.variables.errors import VariableError

    found, wrong = [], 0
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append(Recorded.from_json(line))
        except VariableError as error:
            complain(f"{path}:{number}: {error}")
            wrong += 1
    if wrong:
        raise BadInput(f"{path}: {counted(wrong, 'line')} cannot be read; nothing was looked at")
    if not found:
        raise BadInput(f"{path} holds no calls")
    return found


def _replayed(draft: Definitions, current: Definitions, played: list[Recorded]) -> tuple[Change, ...]:
    from webhook_engine.testing.replay import replay

    found: list[Change] = []

    async def replayed() -> None:
        found.extend(await replay(draft, played, against=current))

    asyncio.run(replayed())
    return tuple(found)


def _print(changes: tuple[Change, ...], events: int, most: int) -> None:
    console = out()
    for each in changes[:most]:
        for line in each.lines():
            console.print(Text(safe(line)))
    if len(changes) > most:
        console.print(f"… and {len(changes) - most:,} more; --most shows them, or --json")
    for (webhook, what), number in sorted(Counter((each.webhook, each.what) for each in changes).items()):
        console.print(Text(safe(f"{webhook!r} {what} in {counted(number, 'event')}"), style="yellow"))
    verdict = f"{counted(len(changes), 'difference')}" if changes else "no difference"
    console.print(f"{counted(events, 'event')}: {verdict}")
