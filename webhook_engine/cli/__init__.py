"""
The commands.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """
    The `webhook-engine` command.
    """
    try:
        # The commands bring typer and rich, which a library user never pays for.
        from webhook_engine.cli.app import run

        run()
    except KeyboardInterrupt:  # before there is anything to be interrupted
        sys.exit(130)
