"""
`doctor`: whether this machine, and a definitions file, are ready.
"""

from __future__ import annotations

import asyncio
import platform
import ssl
import sys
from dataclasses import asdict, fields
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer
from rich.text import Text

from webhook_engine.cli.console import counted, out, print_json, safe
from webhook_engine.cli.exits import Exit
from webhook_engine.cli.inputs import AsJson, load
from webhook_engine.cli.loop import run
from webhook_engine.cli.nats_health import look_at_nats
from webhook_engine.cli.queue_health import look_at_deliveries
from webhook_engine.cli.store_health import Diagnosis, look_at_store
from webhook_engine.cli.told import NATS, told
from webhook_engine.errors import DispatchError
from webhook_engine.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook_engine.definitions import Definitions, Group, Member, OAuth2, SecretRef, Webhook
    from webhook_engine.dispatch import EgressPolicy

_STYLE = {"ok": "green", "note": "yellow", "wrong": "bold red"}


@told
def doctor(
    settings: Settings,
    file: Annotated[
        Path | None,
        typer.Argument(help="Definitions whose secrets and targets to look at too.", show_default=False),
    ] = None,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Bring the store to this version's schema, close its files to others, and make what NATS lacks.",
        ),
    ] = False,
    nats: Annotated[str | None, NATS] = None,
    as_json: AsJson = False,
) -> None:
    """
    Look at this machine, store and deliveries, and what a definitions file needs: secrets, certificates, addresses.

    Example:  webhook-engine doctor integration.toml
    """
    from webhook_engine.settings_sources import nats_of_flag

    nats = nats_of_flag(nats)
    definitions = load(file) if file is not None else None
    found = [*_machine(), *run(look_at_store(settings, definitions, fix=fix))]
    found += run(look_at_deliveries(settings, fix=fix))
    if (address := nats or settings.nats) is not None:
        found += run(look_at_nats(address, settings, definitions, fix=fix))
    found += _definitions(definitions) if definitions is not None else ()
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        for each in found:
            out().print(
                Text.assemble(
                    (f"{each.verdict:<6}", _STYLE[each.verdict]), f"{each.subject}: {safe(each.detail)}"
                )
            )
    raise typer.Exit(Exit.FINDINGS if any(each.verdict == "wrong" for each in found) else Exit.OK)


def _machine() -> Iterator[Diagnosis]:
    yield Diagnosis("ok", "webhook-engine", metadata.version("webhook-engine"))
    yield Diagnosis("ok", "python", f"{platform.python_version()} at {sys.executable}")
    yield _aiohttp()
    if util.find_spec("uvloop"):
        yield Diagnosis("ok", "uvloop", metadata.version("uvloop"))
    else:
        yield Diagnosis(
            "note", "uvloop", "not installed; pip install 'webhook-engine[speed]' makes requests faster"
        )
    yield Diagnosis("ok", "openssl", ssl.OPENSSL_VERSION)
    roots = ssl.create_default_context().cert_store_stats()["x509_ca"]
    if roots:
        yield Diagnosis("ok", "certificates", f"{roots} authorities are trusted")
    else:
        yield Diagnosis(
            "wrong",
            "certificates",
            "no authority is trusted, so no https target can be; install ca-certificates",
        )


def _aiohttp() -> Diagnosis:
    version = metadata.version("aiohttp")
    numbers = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    if numbers < (3, 14, 3):
        return Diagnosis(
            "wrong", "aiohttp", f"{version} can be made to read past its buffers; install 3.14.3 or later"
        )
    return Diagnosis("ok", "aiohttp", version)


def _definitions(definitions: Definitions) -> Iterator[Diagnosis]:
    counts = ", ".join(
        (
            counted(len(definitions.groups), "group"),
            counted(len(definitions.webhooks), "webhook"),
            counted(len(definitions.agents), "agent"),
        )
    )
    yield Diagnosis("ok", "definitions", counts)
    yield from _secrets(definitions)
    yield from _authorities(definitions)
    yield from run(_targets(definitions))


def _secrets(definitions: Definitions) -> Iterator[Diagnosis]:
    from webhook_engine.dispatch import LocalSecrets

    secrets = LocalSecrets(folder=definitions.folder)
    for group in definitions.groups:
        for owner, name, reference in _references(group):
            if reference.kind == "vault":
                continue  # the store's to know
            subject = f"{name} of {owner}"
            try:
                secrets.resolve(reference)
            except DispatchError as error:
                yield Diagnosis("wrong", subject, str(error))
            else:
                yield Diagnosis("ok", subject, f"is where {reference!r} says")


def _references(group: Group) -> Iterator[tuple[str, str, SecretRef]]:
    """
    Every secret of a group and its members: whose, which, where.
    """
    from webhook_engine.definitions import SecretRef

    holders: list[tuple[str, Group | OAuth2 | Member]] = [(group.name, group)]
    holders += [(group.name, group.oauth2)] if group.oauth2 else []
    holders += [(f"{member.extension} in {group.name}", member) for member in group.members]
    for owner, holder in holders:
        for each in fields(holder):
            value = getattr(holder, each.name)
            for reference in value if isinstance(value, tuple) else (value,):
                if isinstance(reference, SecretRef):
                    yield owner, each.name, reference


def _authorities(definitions: Definitions) -> Iterator[Diagnosis]:
    for group in definitions.groups:
        if group.ca_file is None:
            continue
        path = (definitions.folder or Path()) / group.ca_file
        try:
            ssl.create_default_context(cafile=path)
        except (OSError, ssl.SSLError) as error:
            yield Diagnosis("wrong", f"authorities of {group.name}", f"{path} cannot be used: {error}")
        else:
            yield Diagnosis("ok", f"authorities of {group.name}", str(path))


async def _targets(definitions: Definitions) -> list[Diagnosis]:
    from webhook_engine.dispatch import EgressPolicy

    policy = EgressPolicy(definitions.allowed_networks)
    places = sorted({place for webhook in definitions.webhooks for place in _places(webhook)})
    return list(await asyncio.gather(*(_target(policy, host, port) for host, port in places)))


def _places(webhook: Webhook) -> Iterator[tuple[str, int]]:
    """
    The hosts and ports that we connect to for a webhook; a page for the browser has none.
    """
    if not webhook.type.is_sent:
        return
    parts = urlsplit(webhook.url)
    port = 443 if parts.scheme == "https" else 80
    for host in webhook.hosts or (parts.netloc,):
        name, colon, stated = host.rpartition(":")
        # The colons of an IPv6 address stand in brackets.
        yield (name, int(stated)) if colon and stated.isdigit() else (host, port)


async def _target(policy: EgressPolicy, host: str, port: int) -> Diagnosis:
    subject = f"target {host}:{port}"
    try:
        async with asyncio.timeout(5):
            found = await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), port)
    except (OSError, UnicodeError, TimeoutError) as error:
        return Diagnosis("wrong", subject, f"the name leads nowhere: {str(error) or 'no answer in 5 s'}")
    addresses = sorted({str(entry[4][0]) for entry in found})
    refused = {address: why for address in addresses if (why := policy.denied(address))}
    if len(refused) == len(addresses):
        address, why = next(iter(refused.items()))
        return Diagnosis("wrong", subject, f"{address} {why}; allowed_networks could admit it")
    return Diagnosis("ok", subject, f"is at {', '.join(each for each in addresses if each not in refused)}")
