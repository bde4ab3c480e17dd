"""
The `webhook-engine` command and what all its sub-commands share.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import NoReturn

import typer

from webhook_engine.cli import (
    api,
    calling,
    calls,
    campaign,
    check,
    deliveries,
    demo,
    doctor,
    drift,
    emit,
    explain,
    exporting,
    feed,
    holds,
    importing,
    key,
    migrating,
    read,
    record_test,
    render,
    replaying,
    send,
    up,
    user,
    vault,
)
from webhook_engine.cli.console import complain, drop
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
app.command("replay-draft")(replaying.replay_draft)
app.command("record-test")(record_test.record_test)
app.add_typer(calls.app, name="calls")
app.add_typer(drift.app, name="drift")
app.command()(up.up)
app.command()(up.worker)
app.command()(api.api)
app.command()(calling.call)
app.command()(feed.feed)
app.command()(emit.emit)
app.add_typer(deliveries.app, name="deliveries")
deliveries.app.command()(holds.holds)
deliveries.app.command()(holds.resume)
app.command("import")(importing.import_)
app.command("export")(exporting.export)
app.command()(migrating.migrate)
app.add_typer(campaign.app, name="campaign")
app.add_typer(key.app, name="key")
app.add_typer(user.app, name="user")
app.add_typer(vault.app, name="vault")


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
    _prepare_streams()
    try:
        _ran()
    finally:
        try:
            sys.stderr.flush()
        except (OSError, ValueError):
            # Nobody reads our complaints: that alone is no reason to end badly.
            drop(sys.stderr)


def _ran() -> None:
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except WebhookEngineError as error:
        complain(error)
        sys.exit(of_error(error))
    except SystemExit as ended:
        # typer and rich make an exit with 1 of it.
        if isinstance(ended.__context__, BrokenPipeError):
            _leave_the_pipe()
        raise
    except BrokenPipeError:
        _leave_the_pipe()
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            complain(f"the output could not be written: {error.strerror}")
            drop(sys.stdout)
            sys.exit(Exit.UNWRITABLE)
        if os.environ.get("WEBHOOK_ENGINE_TRACEBACK"):
            raise
        complain(
            f"this should not have happened ({type(error).__name__}: {error}). "
            "Please report it, with what WEBHOOK_ENGINE_TRACEBACK=1 in the environment adds"
        )
        sys.exit(Exit.BROKEN)


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def _prepare_streams() -> None:
    """
    Streams that take whatever is printed: what the locale cannot write is written out, as `\\u2026`.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  # open for as long as we are
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _leave_the_pipe() -> NoReturn:
    """
    End well: whoever read our output has seen enough.
    """
    drop(sys.stdout)
    sys.exit(Exit.OK)
