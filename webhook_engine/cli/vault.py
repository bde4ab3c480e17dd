"""
`vault`: secrets go in here, and out only with a request.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from webhook_engine.cli.console import counted, out, print_json, print_table
from webhook_engine.cli.inputs import AsJson, BadInput
from webhook_engine.cli.loop import run
from webhook_engine.cli.opening import open_store_or_service, tenant_of, whoever
from webhook_engine.cli.told import told
from webhook_engine.settings import Settings

if TYPE_CHECKING:
    from webhook_engine.store import VaultEntry

app = typer.Typer(
    help="Put secrets into the vault; nothing shows them again.\n\n"
    "Example:  webhook-engine vault set CRM/key < key.txt",
    no_args_is_help=True,
)

Name = Annotated[
    str, typer.Argument(help="The secret's name, as definitions refer to it.", show_default=False)
]

_LONGEST = 256 * 1024
"""Bytes; a secret has at most 65,536 characters."""


@app.command("set")
@told
def set_(settings: Settings, name: Name) -> None:
    """
    Seal a secret, read from standard input or asked for. It is never given on the command line.

    Example:  webhook-engine vault set CRM/key < key.txt
    """
    secret = _secret(name)

    async def work() -> None:
        async with open_store_or_service(settings, makes=True) as store:
            await store.vault.set(await tenant_of(store, settings), name, secret, by=whoever())

    run(work())
    out().print(f'{name} is sealed; definitions refer to it as {{ vault = "{name}" }}', markup=False)


def _secret(name: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(f"Secret for {name}", hide_input=True, confirmation_prompt=True, err=True))
    content = sys.stdin.buffer.read(_LONGEST)
    try:
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise BadInput(f"what is to be sealed as {name} is not UTF-8") from None


@app.command("list")
@told
def list_(settings: Settings, as_json: AsJson = False) -> None:
    """
    The names in the vault, who set each and when; not what they are.

    Example:  webhook-engine vault list
    """

    async def work() -> tuple[VaultEntry, ...]:
        async with open_store_or_service(settings) as store:
            return await store.vault.list(await tenant_of(store, settings))

    entries = run(work())
    if as_json:
        print_json([asdict(entry) for entry in entries])
        return
    rows = [
        [entry.name, f"{entry.set_at:%Y-%m-%d %H:%M}", entry.set_by, "yes" if entry.opens else "NO"]
        for entry in entries
    ]
    print_table(["name", "set", "by", "opens"], rows)


@app.command()
@told
def remove(settings: Settings, name: Name) -> None:
    """
    Forget a secret; a request that needs it is refused from now on.

    Example:  webhook-engine vault remove CRM/key
    """

    async def work() -> None:
        async with open_store_or_service(settings) as store:
            await store.vault.remove(await tenant_of(store, settings), name)

    run(work())
    out().print(f"{name} is forgotten", markup=False)


@app.command("new-key")
@told
def new_key(
    settings: Settings,
    prints: Annotated[
        bool, typer.Option("--print", help="Only print one, for WEBHOOK_ENGINE_KEY; write nothing.")
    ] = False,
) -> None:
    """
    Make a key to seal with, at the head of the key file; older ones stay in it to open what they sealed.

    Example:  webhook-engine vault new-key
    """
    from webhook_engine.store import add_key
    from webhook_engine.store import new_key as made

    if prints:
        typer.echo(made())
        return
    if settings.key is not None:
        raise BadInput(
            "the keys are in the setting key (WEBHOOK_ENGINE_KEY), so a key file would not be read: "
            "make one with --print and put it before the others there"
        )
    path = settings.usual_key_file
    older = add_key(path)
    out().print(f"{path} has a new key. Keep a copy apart from the database's copies.", markup=False)
    if older:
        out().print("Next: webhook-engine vault rotate")


@app.command()
@told
def rotate(settings: Settings) -> None:
    """
    Seal every secret of every tenant anew, under the newest key.

    Example:  webhook-engine vault rotate
    """

    async def work() -> int:
        async with open_store_or_service(settings) as store:
            return await store.vault.rotate()

    count = run(work())
    if not count:
        out().print("the vault holds no secret yet; there is nothing to seal anew")
        return
    are = "is" if count == 1 else "are"
    out().print(
        f"{counted(count, 'secret')} {are} sealed under the newest key; older ones are not needed any more"
    )
