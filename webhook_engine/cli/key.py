"""
`key`: who may use the service and the XML API.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from webhook_engine.cli.console import out, print_json, print_table
from webhook_engine.cli.inputs import AsJson, BadInput
from webhook_engine.cli.loop import run
from webhook_engine.cli.opening import open_store_or_service, tenant_of, whoever
from webhook_engine.cli.told import told
from webhook_engine.errors import did_you_mean
from webhook_engine.settings import Settings

if TYPE_CHECKING:
    from webhook_engine.store import ApiKey, NewApiKey

app = typer.Typer(
    help="Make, list and remove API keys.\n\nExample:  webhook-engine key add CRM --scope events",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="The key's name.", show_default=False)]


@app.command()
@told
def add(
    settings: Settings,
    name: Name,
    scope: Annotated[
        list[str],
        typer.Option(
            metavar="SCOPE",
            help="What it may be used for: a part of the service, xml for the XML API, or one action of that; "
            "may be given again. Everything where left out.",
            show_default=False,
        ),
    ] = [],  # noqa: B006  # typer copies its defaults
) -> None:
    """
    Make a key and print it, alone on the last line. It is shown this once.

    Example:  webhook-engine key add CRM --scope events --scope ask
    """

    _check(scope)

    async def work() -> NewApiKey:
        async with open_store_or_service(settings, makes=True) as store:
            tenant = await tenant_of(store, settings)
            return await store.keys.add(tenant, name, scopes=scope, by=whoever())

    made = run(work())
    typer.echo("This key is shown once; whoever has it can use it.", err=True)
    typer.echo(made.secret)


def _check(scopes: list[str]) -> None:
    """
    Raises:
        BadInput: A scope that nothing asks for: the key would open nothing.
    """
    from webhook_engine.service.keys import Scope
    from webhook_engine.xml_api import PROVIDED_ACTIONS
    from webhook_engine.xml_api.keys import SCOPE

    known = [*(each.value for each in Scope), SCOPE]
    actions = [each.name for each in PROVIDED_ACTIONS]
    for scope in scopes:
        if scope not in (*known, *actions):
            meant = did_you_mean(scope, [*known, *actions])
            others = f"there are {', '.join(known)} and the XML API's actions"
            hint = f"did you mean {meant!r}?" if meant else others
            raise BadInput(f"there is no scope {scope!r}: {hint}")


@app.command("list")
@told
def list_(
    settings: Settings,
    removed: Annotated[bool, typer.Option("--removed", help="Also those that were removed.")] = False,
    as_json: AsJson = False,
) -> None:
    """
    What is known of the keys; not the keys themselves.

    Example:  webhook-engine key list
    """

    async def work() -> tuple[ApiKey, ...]:
        async with open_store_or_service(settings) as store:
            return await store.keys.list(await tenant_of(store, settings), removed=removed)

    keys = run(work())
    if as_json:
        print_json([asdict(key) for key in keys])
        return
    headings = ["name", "scopes", "created", "by", "last used", *(["removed"] if removed else [])]
    rows = [
        [
            key.name,
            ", ".join(key.scopes) or "everything",
            f"{key.created_at:%Y-%m-%d %H:%M}",
            key.created_by,
            f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else None,
            *([f"{key.removed_at:%Y-%m-%d %H:%M}" if key.removed_at else None] if removed else []),
        ]
        for key in keys
    ]
    print_table(headings, rows)


@app.command()
@told
def remove(settings: Settings, name: Name) -> None:
    """
    Refuse a key from now on.

    Example:  webhook-engine key remove CRM
    """

    async def work() -> None:
        async with open_store_or_service(settings) as store:
            await store.keys.remove(await tenant_of(store, settings), name, by=whoever())

    run(work())
    out().print(f"{name} is refused from now on", markup=False)
