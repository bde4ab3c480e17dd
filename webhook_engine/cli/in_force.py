"""
The definitions that hold now: of a file, or of the store.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from webhook_engine.cli.asking import AskedStore
from webhook_engine.cli.inputs import BadInput, load
from webhook_engine.cli.opening import open_store_or_service, tenant_of
from webhook_engine.errors import DefinitionError, NotFound
from webhook_engine.process.running import Running

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.settings import Settings

Against = Annotated[
    Path | None,
    typer.Option(
        "--against",
        metavar="FILE",
        help="The definitions that hold now; those in force in the store where left out.",
        show_default=False,
    ),
]


async def in_force(settings: Settings, against: Path | None) -> Definitions:
    """
    The definitions that *against* names, or else those in force in the store.

    Raises:
        BadInput: Neither are there, or the process that runs here works by a file.
    """
    if against is not None:
        return load(against)
    async with open_store_or_service(settings) as store:
        running = Running.read(settings) if isinstance(store, AskedStore) else None
        if running is not None and running.definitions:
            raise BadInput(
                f"process {running.pid} works by {running.definitions}: name that with --against FILE"
            )
        try:
            return (await store.definitions.load(await tenant_of(store, settings))).definitions
        except (NotFound, DefinitionError) as error:
            raise BadInput(
                f"the store has no definitions in force ({error}): name them with --against FILE"
            ) from error
