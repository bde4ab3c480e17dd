"""
`export`: definitions from the store as a file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from webhook_engine.cli.inputs import BadInput
from webhook_engine.cli.loop import run
from webhook_engine.cli.opening import open_store_or_service, tenant_of
from webhook_engine.cli.told import told
from webhook_engine.errors import NotFound
from webhook_engine.settings import Settings


@told
def export(
    settings: Settings,
    to: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Where to; standard output where left out.", show_default=False
        ),
    ] = None,
    revision: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            min=1,
            max=2**31,
            help="An earlier revision than the one in force.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """
    Write the definitions in force as TOML, secrets as references only. `import` reads them back as the same.

    Example:  webhook-engine export --out integration.toml
    """
    text = run(_export(settings, revision))
    if to is not None:
        _write(to, text)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()


async def _export(settings: Settings, revision: int | None) -> str:
    from webhook_engine.definitions import write_toml

    async with open_store_or_service(settings) as store:
        tenant = await tenant_of(store, settings)
        try:
            return write_toml((await store.definitions.load(tenant, revision)).definitions)
        except NotFound as error:
            if revision is not None:
                raise
            of = f" of {tenant!r}" if tenant else ""
            raise BadInput(
                f"the store has no definitions{of} to export: `webhook-engine import FILE` puts them there, "
                "and a process that was started with a file works by that one"
            ) from error


def _write(path: Path, text: str) -> None:
    """
    All of it or nothing: what was there stays until the new text is on the disk.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            beside.write_text(text, encoding="utf-8", newline="\n")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from error
