"""
How commands reach an XML API: its address, a tenant and a key that no command line shows.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from webhook_engine.cli.inputs import BadInput
from webhook_engine.settings import PREFIX

if TYPE_CHECKING:
    from webhook_engine.xml_api import Client

URL: Final = "https://127.0.0.1:8700/xml"
KEY: Final = f"{PREFIX}API_KEY"
"""The environment variable that holds a key of the tenant."""

Url = Annotated[str, typer.Option("--url", metavar="URL", help="Where the XML API is.")]
Tenant = Annotated[
    str,
    typer.Option(
        "--tenant", metavar="NAME", help="Whose the key is.", show_default=False, envvar=f"{PREFIX}TENANT"
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--api-key-file",
        metavar="FILE",
        help=f"A file with the key; {KEY} where left out.",
        show_default=False,
    ),
]
Authorities = Annotated[
    Path | None,
    typer.Option("--ca-file", metavar="FILE", help="Certificates to trust, as PEM.", show_default=False),
]
InsecureHttp = Annotated[
    bool, typer.Option("--insecure-http", help="Let the key travel in the open; for development alone.")
]


def client(
    url: str, tenant: str, *, key_file: Path | None, authorities: Path | None, insecure_http: bool
) -> Client:
    """
    The client of a command, to be entered with `async with`.

    Raises:
        BadInput: There is no key, or a file cannot be used.
        SettingsError: The address is not https.
    """
    from webhook_engine.xml_api import Client

    return Client(
        url, tenant=tenant, key=_key(key_file), tls=_trust(authorities), insecure_http=insecure_http
    )


def fields_of(fields: Iterator[str]) -> dict[str, str]:
    """
    What `--field NAME=VALUE` states.

    Raises:
        BadInput: One is written otherwise, or twice.
    """
    found: dict[str, str] = {}
    for field in fields:
        name, equals, value = field.partition("=")
        if not (name and equals) or name in found:
            raise BadInput(
                f"--field {field}: write it as NAME=VALUE, once, such as --field UserName=100-Euphoria"
            )
        found[name] = value
    return found


def _key(file: Path | None) -> str:
    if file is None:
        found = os.environ.get(KEY, "")
    else:
        try:
            found = file.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{file} cannot be read: {error}") from error
    if not found.strip():
        raise BadInput(f"no key: put it into the environment as {KEY}, or into a file for --api-key-file")
    return found.strip()


def _trust(file: Path | None) -> ssl.SSLContext | None:
    if file is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(file))
    except (OSError, ssl.SSLError) as error:
        raise BadInput(f"{file} cannot be used: {error.strerror or error}") from error
