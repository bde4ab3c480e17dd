"""
`up` and `worker`: the engine as a process.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from webhook_engine.cli.console import counted, safe
from webhook_engine.cli.loop import run
from webhook_engine.cli.told import worker_told
from webhook_engine.settings import Settings

if TYPE_CHECKING:
    from webhook_engine.worker import Started, Worker

Definitions = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE|DIR",
        help="Definitions to work by; edits count within a second. Those in the store where left out.",
        show_default=False,
    ),
]


@worker_told
def up(settings: Settings, definitions: Definitions = None) -> None:
    """
    Run everything in one process: events in, deliveries out, agents' screens, the Integration Centre and the XML
    API. Ctrl-C ends it.

    Example:  webhook-engine up integration.toml
    """
    _work(settings, definitions, pages=True)


@worker_told
def worker(settings: Settings, definitions: Definitions = None) -> None:
    """
    Run the worker and its event intake, without the pages of `up`. A signal ends it when its requests have ended.

    Example:  webhook-engine worker integration.toml
    """
    _work(settings, definitions, pages=False)


def _work(settings: Settings, definitions: Path | None, *, pages: bool) -> None:
    from webhook_engine.process.logs import logging_to
    from webhook_engine.process.privacy import keep_private
    from webhook_engine.process.signals import ignore_signals
    from webhook_engine.process.telling import tell_unknown_settings

    # Deliveries hold what callers said, and memory holds secrets.
    keep_private()
    with logging_to(sys.stderr, settings.log_format):
        tell_unknown_settings()
        run(_worked(settings, definitions, pages=pages))
    ignore_signals()


async def _worked(settings: Settings, definitions: Path | None, *, pages: bool) -> None:
    from webhook_engine.worker import Worker

    worker = Worker(settings, definitions=definitions, pages=pages)
    await worker.run(on_started=lambda started: _tell(worker, started))


def _tell(worker: Worker, started: Started) -> None:
    """
    Where it is and what to do next.
    """
    settings = worker.settings
    whose = f"{started.tenant}: " if started.tenant else ""
    holds = f"{counted(started.webhooks, 'webhook')}, {counted(started.rules, 'rule')}"
    lines = [
        f"webhook-engine listens on {started.url} (ready in {started.took_s:.1f} s)",
        f"  definitions  {whose}{started.definitions} ({holds})",
        f"  store        {settings.database_name}",
        f"  deliveries   {settings.database_name if settings.is_shared else settings.deliveries_path}",
        *([f"  nats         {_nats(settings)}"] if settings.nats else []),
        *[f"  {each}" for each in worker.advice()],
    ]
    # Whoever started us may not read what we say; the work goes on.
    with suppress(OSError):
        print("\n".join(map(safe, lines)), flush=True)


def _nats(settings: Settings) -> str:
    from webhook_engine.nats.connecting import shown

    return shown(str(settings.nats))
