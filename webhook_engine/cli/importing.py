"""
`import`: definitions from files into the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from webhook_engine.cli.asking import AskedStore
from webhook_engine.cli.console import out, safe
from webhook_engine.cli.inputs import BadInput, File, load
from webhook_engine.cli.loop import run
from webhook_engine.cli.opening import open_store_or_service, tenant_of, whoever
from webhook_engine.cli.told import told
from webhook_engine.process.running import Running
from webhook_engine.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from webhook_engine.cli.opening import Administered
    from webhook_engine.definitions import Definitions
    from webhook_engine.store import Saved


@told
def import_(
    settings: Settings,
    file: File,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the history.")] = "",
) -> None:
    """
    Check definitions and make them the ones in force, as a new revision. Secrets in them go into the vault.

    Example:  webhook-engine import integration.toml
    """
    definitions = load(file)
    if not definitions.webhooks and not definitions.groups:
        raise BadInput(f"{file} defines nothing that could be imported")
    run(_import(settings, file, definitions, note))


async def _import(settings: Settings, file: Path, definitions: Definitions, note: str) -> None:
    from webhook_engine.store import vault_names

    async with open_store_or_service(settings, makes=True) as store:
        tenant = await _tenant(store, settings, file, definitions)
        saved = await store.definitions.save(tenant, definitions, by=whoever(), note=note)
        known = {entry.name for entry in await store.vault.list(tenant)}
        running = Running.read(settings) if isinstance(store, AskedStore) else None
    _tell(saved, definitions)
    if running is not None and running.definitions:
        typer.echo(
            f"process {running.pid} works by {running.definitions}, so this is not in force there: "
            "edit that, or start the process without it.",
            err=True,
        )
    if saved.sealed:
        out().print(Text(safe(f"moved into the vault: {', '.join(saved.sealed)}")))
        typer.echo(
            f"{file} still holds them: `webhook-engine export` writes it with references in their place.",
            err=True,
        )
    for name in vault_names(definitions):
        if name not in known:
            out().print(Text(safe(f"missing in the vault: {name}"), style="yellow"))


async def _tenant(store: Administered, settings: Settings, file: Path, definitions: Definitions) -> str:
    stated = definitions.tenant.name
    if stated and settings.tenant not in (None, stated):
        raise BadInput(f"{file} defines the tenant {stated!r}, not {settings.tenant!r}")
    return stated or await tenant_of(store, settings)


def _tell(saved: Saved, definitions: Definitions) -> None:
    whose = f"{saved.entry.tenant}: " if saved.entry.tenant else ""
    holds = f"{len(definitions.webhooks)} webhooks, {len(definitions.rules)} rules"
    what = "" if saved.is_new else ", as it was"
    out().print(Text(safe(f"{whose}revision {saved.entry.number}{what}: {holds}")))
