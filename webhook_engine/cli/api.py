"""
`api`: the XML API as a process of its own.
"""

from __future__ import annotations

import asyncio
import sys

from webhook_engine.cli.console import out, safe
from webhook_engine.cli.loop import run
from webhook_engine.cli.told import process_told
from webhook_engine.settings import Settings


@process_told
def api(settings: Settings) -> None:
    """
    Run the XML API alone, over the store here; `up` has it at /xml. Ctrl-C ends it.

    Example:  webhook-engine api --tls-certificate api.pem
    """
    from webhook_engine.process.logs import logging_to
    from webhook_engine.process.privacy import keep_private
    from webhook_engine.process.signals import ignore_signals
    from webhook_engine.process.telling import tell_unknown_settings
    from webhook_engine.process.xml import check_reachable

    check_reachable(settings)
    keep_private()
    with logging_to(sys.stderr, settings.log_format):
        tell_unknown_settings()
        run(_served(settings))
    ignore_signals()


async def _served(settings: Settings) -> None:
    from webhook_engine.process.api import serve
    from webhook_engine.process.signals import ended_by_signals

    def tell(url: str) -> None:
        out().print(safe(f"the XML API listens on {url}/xml, over {settings.database_name}"), markup=False)
        sys.stdout.flush()

    ended = asyncio.Event()
    with ended_by_signals(ended.set):
        await serve(settings, until=ended, on_started=tell)
