"""
The commands.
"""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """
    The `webhook-engine` command.
    """
    # The commands bring typer and rich, which a library user never pays for.
    from webhook_engine.cli.app import run

    run()
