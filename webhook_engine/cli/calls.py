"""
`calls`: recorded calls, written out and forgotten.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import orjson
import typer

from webhook_engine.cli.console import counted
from webhook_engine.cli.exits import Exit
from webhook_engine.cli.inputs import BadInput
from webhook_engine.cli.loop import run
from webhook_engine.cli.opening import open_store_or_service, tenant_of
from webhook_engine.cli.told import told
from webhook_engine.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(
    help="Recorded calls: write them out, or forget them. `record_events` of a tenant has them recorded.\n\n"
    "Example:  webhook-engine calls export > recorded.jsonl",
    no_args_is_help=True,
)

_AT_ONCE: Final = 100
_EVERY: Final = 10_000
"""More are never recorded."""

Last = Annotated[
    int | None,
    typer.Option("--last", metavar="NUMBER", min=1, help="Only so many, the last ones.", show_default=False),
]


@app.command()
@told
def export(
    settings: Settings,
    to: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Where to; standard output where left out.", show_default=False
        ),
    ] = None,
    last: Last = None,
) -> None:
    """
    Write recorded calls as JSON, one event with its responses on each line, the oldest first; no secret is in them.

    Example:  webhook-engine calls export --last 500 --out recorded.jsonl
    """
    lines = b"".join(orjson.dumps(each) + b"\n" for each in run(recorded(settings, last)))
    if to is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(lines)
        sys.stdout.flush()
        return
    try:
        # They are about people: for this user alone.
        to.touch(mode=0o600)
        to.write_bytes(lines)
    except OSError as error:
        raise BadInput(f"{to} cannot be written: {error.strerror}") from error


@app.command()
@told
def forget(settings: Settings) -> None:
    """
    Forget all recorded calls.

    Example:  webhook-engine calls forget
    """

    async def work() -> int:
        async with open_store_or_service(settings) as store:
            return await store.recordings.forget(await tenant_of(store, settings))

    count = run(work())
    typer.echo(f"{counted(count, 'recorded event')} forgotten")
    if not count:
        raise typer.Exit(Exit.FINDINGS)


async def recorded(settings: Settings, last: int | None) -> list[Mapping[str, object]]:
    """
    The last recorded calls, the newest last.

    Raises:
        BadInput: There are none; says how to have some.
    """
    most = min(last or _EVERY, _EVERY)
    found: list[Mapping[str, object]] = []
    async with open_store_or_service(settings) as store:
        tenant = await tenant_of(store, settings)
        before: int | None = None
        while len(found) < most:
            limit = min(_AT_ONCE, most - len(found))
            page = await store.recordings.page(tenant, limit=limit, before=before)
            found += page.calls
            before = page.before
            if before is None:
                break
    if not found:
        raise BadInput(
            "no call is recorded here: put record_events = 500 under [tenant], and let some happen"
        )
    return found[::-1]
