"""
The settings of a command: options that several commands share, over the environment and the settings file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from webhook_engine.settings import Settings

_OPTIONS: dict[str, object] = {
    "settings_file": Annotated[
        Path | None,
        typer.Option(
            "--settings",
            metavar="FILE",
            help="The settings file; webhook-engine.toml here, if there is one, where left out.",
            show_default=False,
        ),
    ],
    "database": Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The store: sqlite:///webhook-engine.db, or postgresql://USER@HOST/DATABASE.",
            show_default=False,
        ),
    ],
    "key_file": Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file with the vault's keys.", show_default=False),
    ],
    "tenant": Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whose, where the store has several tenants.", show_default=False),
    ],
}

NATS = typer.Option(
    "--nats",
    metavar="URL",
    help="NATS: nats://HOST:4222, with commas between several servers.",
    show_default=False,
)

_OF_A_PROCESS: dict[str, object] = {
    "host": Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Where to listen; 127.0.0.1 where left out.", show_default=False
        ),
    ],
    "port": Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="8700 where left out; 0 takes any.", show_default=False),
    ],
    "tls_certificate": Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A PEM certificate, to listen with TLS.", show_default=False),
    ],
    "tls_key": Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Its key, where it is in a file of its own.", show_default=False),
    ],
    "trusted_proxies": Annotated[
        str | None,
        typer.Option(
            metavar="NETWORKS",
            help="Whose word counts that a request of the XML API came by HTTPS; with commas between them.",
            show_default=False,
        ),
    ],
    "insecure_http": Annotated[
        bool | None,
        typer.Option(
            "--insecure-http",
            help="Let the XML API take plain HTTP; for development alone.",
            show_default=False,
        ),
    ],
    "log_format": Annotated[
        str | None,
        typer.Option(
            metavar="FORM",
            help="json, text, or auto: text on a terminal, JSON elsewhere.",
            show_default=False,
        ),
    ],
}


def told(command: Callable[..., None]) -> Callable[..., None]:
    """
    A command that takes the settings first: on the command line it has the options that state them.
    """
    return _told(command, _OPTIONS)


def process_told(command: Callable[..., None]) -> Callable[..., None]:
    """
    The same for a command that runs as a process of its own.
    """
    return _told(command, _OPTIONS | _OF_A_PROCESS)


def worker_told(command: Callable[..., None]) -> Callable[..., None]:
    """
    The same for one that takes events in.
    """
    return _told(command, _OPTIONS | _OF_A_PROCESS | {"nats": Annotated[str | None, NATS]})


def _told(command: Callable[..., None], settings: dict[str, object]) -> Callable[..., None]:
    @wraps(command)
    def with_options(*_: object, settings_file: Path | None, **given: Any) -> None:
        flags = {name: given.pop(name) for name in settings if name != "settings_file"}
        command(Settings.load(settings_file, flags=flags), **given)

    _, *own = inspect.signature(command, eval_str=True).parameters.values()
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in settings.items()
    ]
    keyword_only = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
    # Typer reads what a command takes from here.
    signature = inspect.Signature([*keyword_only, *options])
    with_options.__signature__ = signature  # type: ignore[attr-defined]  # inspect looks for it
    with_options.__annotations__ = {name: each.annotation for name, each in signature.parameters.items()}
    return with_options
