"""
`campaign`: campaigns, their lists and who dials for them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from webhook_engine.cli.console import out, print_json, print_table
from webhook_engine.cli.inputs import AsJson
from webhook_engine.cli.loop import run
from webhook_engine.cli.opening import open_store_or_service, tenant_of, whoever
from webhook_engine.cli.told import told
from webhook_engine.settings import Settings

if TYPE_CHECKING:
    from webhook_engine.store import Campaign

app = typer.Typer(
    help="Make and list campaigns, and say who dials for them.\n\n"
    "Example:  webhook-engine campaign add SalesCampaign --list March --agent 100",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="The campaign's name.", show_default=False)]
Extension = Annotated[str, typer.Argument(help="An extension, such as 100.", show_default=False)]


@app.command()
@told
def add(
    settings: Settings,
    name: Name,
    list_: Annotated[
        list[str],
        typer.Option("--list", metavar="NAME", help="A list of it; may be given again.", show_default=False),
    ] = [],  # noqa: B006  # typer copies its defaults
    label: Annotated[
        list[str],
        typer.Option(
            metavar="TEXT", help="What Custom1 is called, then Custom2, to Custom5.", show_default=False
        ),
    ] = [],  # noqa: B006
    agent: Annotated[
        list[str],
        typer.Option(metavar="EXTENSION", help="Who dials for it; may be given again.", show_default=False),
    ] = [],  # noqa: B006
) -> None:
    """
    Make a campaign.

    Example:  webhook-engine campaign add SalesCampaign --list March --label Policy --agent 100
    """

    async def work() -> Campaign:
        async with open_store_or_service(settings, makes=True) as store:
            tenant = await tenant_of(store, settings)
            return await store.campaigns.add(
                tenant, name, lists=list_, labels=label, agents=agent, by=whoever()
            )

    made = run(work())
    out().print(f"{made.name} has {', '.join(made.lists) or 'no list yet'}", markup=False)


@app.command("add-list")
@told
def add_list(
    settings: Settings,
    name: Name,
    list_: Annotated[str, typer.Argument(metavar="LIST", help="The list's name.", show_default=False)],
) -> None:
    """
    Give a campaign a list.

    Example:  webhook-engine campaign add-list SalesCampaign April
    """

    async def work() -> None:
        async with open_store_or_service(settings) as store:
            await store.campaigns.add_list(await tenant_of(store, settings), name, list_)

    run(work())
    out().print(f"{name} has {list_}", markup=False)


@app.command()
@told
def assign(settings: Settings, name: Name, extension: Extension) -> None:
    """
    Let an extension dial for a campaign, beginning with the contacts that waited for it.

    Example:  webhook-engine campaign assign SalesCampaign 105
    """

    async def work() -> None:
        async with open_store_or_service(settings) as store:
            await store.campaigns.assign(await tenant_of(store, settings), name, extension)

    run(work())
    out().print(f"{extension} dials for {name}", markup=False)


@app.command()
@told
def unassign(settings: Settings, name: Name, extension: Extension) -> None:
    """
    Hand out no more contacts of a campaign to an extension.

    Example:  webhook-engine campaign unassign SalesCampaign 105
    """

    async def work() -> None:
        async with open_store_or_service(settings) as store:
            await store.campaigns.unassign(await tenant_of(store, settings), name, extension)

    run(work())
    out().print(f"{extension} dials for {name} no more", markup=False)


@app.command("list")
@told
def list_(settings: Settings, as_json: AsJson = False) -> None:
    """
    The campaigns, their lists and their agents.

    Example:  webhook-engine campaign list
    """

    async def work() -> tuple[Campaign, ...]:
        async with open_store_or_service(settings) as store:
            return await store.campaigns.list(await tenant_of(store, settings))

    found = run(work())
    if as_json:
        print_json([asdict(each) for each in found])
        return
    rows = [
        [each.name, ", ".join(each.lists), ", ".join(each.agents), ", ".join(filter(None, each.labels))]
        for each in found
    ]
    print_table(["name", "lists", "agents", "labels"], rows)
