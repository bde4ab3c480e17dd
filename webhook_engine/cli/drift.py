"""
`drift`: columns of responses that are no longer as they were; told, accepted and written out.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.text import Text

from webhook_engine.cli.asking import AskedStore
from webhook_engine.cli.console import as_long_as_read, counted, out, print_json, safe
from webhook_engine.cli.exits import Exit
from webhook_engine.cli.inputs import AsJson
from webhook_engine.cli.loop import run
from webhook_engine.cli.opening import open_store_or_service, tenant_of
from webhook_engine.cli.told import told
from webhook_engine.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

app = typer.Typer(
    help="Columns that webhooks select, and that responses no longer have, or have with values of another type.\n\n"
    "Example:  webhook-engine drift list",
    no_args_is_help=True,
)


@app.command("list")
@told
def list_(settings: Settings, as_json: AsJson = False) -> None:
    """
    Every column that has drifted, with what it was and since when; the exit code is 1 where there is one.

    Example:  webhook-engine drift list
    """
    found = run(_asked(settings, "findings"))
    with as_long_as_read():
        if as_json:
            print_json(found)
        elif not found:
            typer.echo("no column has drifted")
        else:
            _print(found)
    raise typer.Exit(Exit.FINDINGS if found else Exit.OK)


@app.command()
@told
def accept(
    settings: Settings,
    webhook: Annotated[str, typer.Argument(help="The webhook.", show_default=False)],
    column: Annotated[
        list[str],
        typer.Option(
            "--column",
            metavar="PATH",
            help="Only this column; may be given again. All that have drifted where left out.",
            show_default=False,
        ),
    ] = [],  # noqa: B006  # typer copies its defaults
    as_json: AsJson = False,
) -> None:
    """
    Say that what a webhook's responses look like now is right: other types are usual from now on, and a column that
    is not there need not be. Each process knows within seconds.

    Example:  webhook-engine drift accept "Contact lookup" --column name
    """
    found = run(_asked(settings, "accept", webhook=webhook, columns=column or None))
    if as_json:
        print_json(found)
    elif not found:
        which = f"of its columns {', '.join(column)} none" if column else "nothing of it"
        typer.echo(f"{webhook}: {which} has drifted")
    else:
        _print(found)
        typer.echo(f"{counted(len(found), 'column')} accepted")
    raise typer.Exit(Exit.OK if found else Exit.FINDINGS)


@app.command()
@told
def export(settings: Settings) -> None:
    """
    Write what is learnt of responses as JSON, for `check --recorded`.

    Example:  webhook-engine drift export | webhook-engine check integration.toml --recorded -
    """
    document = run(_exported(settings))
    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(document) + b"\n")
    sys.stdout.flush()


async def _asked(settings: Settings, what: str, **given: Any) -> Sequence[Mapping[str, Any]]:
    from webhook_engine.drift import stored
    from webhook_engine.store import Store

    async with open_store_or_service(settings) as store:
        tenant = await tenant_of(store, settings)
        if isinstance(store, AskedStore):
            asked: Sequence[Mapping[str, Any]] = await store.learnt(what, tenant, **given)
            return asked
        assert isinstance(store, Store)  # noqa: S101  # it is one or the other
        found = await getattr(stored, what)(store, tenant, **given)
        return [each.to_json() for each in found]


async def _exported(settings: Settings) -> dict[str, Any]:
    from webhook_engine.drift import stored
    from webhook_engine.store import Store

    async with open_store_or_service(settings) as store:
        tenant = await tenant_of(store, settings)
        if isinstance(store, AskedStore):
            return {tenant: await store.learnt("export", tenant)}
        assert isinstance(store, Store)  # noqa: S101  # it is one or the other
        return {tenant: await stored.learnt(store, tenant)}


def _print(findings: Sequence[Mapping[str, Any]]) -> None:
    console = out()
    for each in findings:
        console.print(
            Text(safe(f"{each['webhook']!r}: {each['told']} (since {each['since']})"), style="yellow")
        )
