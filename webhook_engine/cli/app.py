"""
The `webhook-engine` command and what all its sub-commands share.
"""

from __future__ import annotations

import os
import sys

import typer

from webhook_engine.cli import check, demo, doctor, explain, read, render, send
from webhook_engine.cli.console import complain
from webhook_engine.cli.exits import Exit, of_error
from webhook_engine.errors import WebhookEngineError

app = typer.Typer(
    name="webhook-engine",
    help="From a call to a safe request, from the answer to a table an agent can use.",
    epilog="Start with:  webhook-engine demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (
    demo.demo,
    check.check,
    render.render,
    send.send,
    read.read,
    explain.explain,
    doctor.doctor,
):
    app.command()(command)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"webhook-engine {version('webhook-engine')}")
        raise typer.Exit


@app.callback()
def common(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and end."
    ),
) -> None:
    """
    From a call to a safe request, from the answer to a table an agent can use.
    """


def run() -> None:
    """
    Run the command line; an error of ours is a sentence and an exit code, never a traceback.
    """
    try:
        app()
    except WebhookEngineError as error:
        complain(error)
        sys.exit(of_error(error))
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing is left to flush.
        sys.stderr.close()
        sys.exit(Exit.OK)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except Exception as error:
        if os.environ.get("WEBHOOK_ENGINE_TRACEBACK"):
            raise
        complain(
            f"this should not have happened ({type(error).__name__}: {error}). "
            "Please report it, with what WEBHOOK_ENGINE_TRACEBACK=1 in the environment adds"
        )
        sys.exit(Exit.BROKEN)
