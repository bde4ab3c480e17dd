"""
`demo`: the whole line, without any set-up.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from webhook_engine.cli.console import out, print_request, print_view, safe
from webhook_engine.cli.exits import Exit
from webhook_engine.cli.inputs import BadInput
from webhook_engine.cli.loop import run

if TYPE_CHECKING:
    from webhook_engine.demo.scenes import Played


def demo(
    serve: Annotated[
        bool, typer.Option("--serve", help="Only keep the demo's CRM running, to try other commands on it.")
    ] = False,
) -> None:
    """
    Play a handful of calls through examples/integration.toml against a bundled CRM. Ends by itself.

    Example:  webhook-engine demo
    """
    if serve:
        run(_keep_serving())
    elif not run(_play()):
        raise typer.Exit(Exit.FINDINGS)


async def _play() -> bool:
    from webhook_engine.demo import crm, scenes

    console = out()
    started = time.monotonic()
    async with scenes.stage() as (engine, port):
        moved = "" if port == crm.PORT else f" (port {crm.PORT} was taken)"
        console.print(
            f"A small CRM listens on 127.0.0.1:{port}{moved}; examples/integration.toml says how to use it."
        )
        played = []
        async for each in scenes.play(engine):
            played.append(each)
            _print(len(played), each)
    failed = [each.scene.title for each in played if not each.as_expected]
    for title in failed:
        console.print(Text(f"not as expected: {title}", style="bold red"))
    console.print()
    well, took_s = len(played) - len(failed), time.monotonic() - started
    console.print(f"{well} of {len(played)} scenes ended as they must, in {took_s:.1f} s.")
    console.print(
        Text(f"Next: {_command()} check examples/integration.toml, or README.md for twelve lines of Python.")
    )
    return not failed


def _command() -> str:
    """
    How this program is called from here: by its name alone where a shell finds it.
    """
    name = Path(sys.argv[0]).name
    return name if shutil.which(name) else os.path.relpath(sys.argv[0])


def _print(number: int, played: Played) -> None:
    console = out()
    console.print()
    console.print(Text(f"{number}. {played.scene.title}", style="bold"))
    if played.request is not None:
        print_request(played.request, indent="   > ")
    if played.refusal is not None:
        console.print(Text.assemble(("   not sent  ", "yellow"), safe(str(played.refusal))))
    elif played.view is not None:
        print_view(played.view, indent="   < ")
    else:
        console.print(Text("   opens in the agent's browser", style="green"))


async def _keep_serving() -> None:
    from webhook_engine.demo import crm

    async with crm.serve() as port:
        if port != crm.PORT:
            raise BadInput(
                f"port {crm.PORT}, where the example looks for the CRM, is taken by another program"
            )
        keys = " ".join(f"{name}={value}" for name, value in crm.AGENT_KEYS.items())
        out().print(f"A small CRM listens on 127.0.0.1:{port}; stop it with Ctrl-C. Its agents' keys: {keys}")
        await asyncio.Event().wait()
