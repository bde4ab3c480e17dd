"""
The front door shows few names, and opening it costs little.
"""

import subprocess
import sys

import pytest

import webhook_engine


def test_shows_few_names():
    """
    Everything else is imported from its room.
    """
    assert [
        "CallContext",
        "CallEvent",
        "Engine",
        "Group",
        "Member",
        "Parameter",
        "Rule",
        "Webhook",
    ] == dir(webhook_engine)


@pytest.mark.parametrize("name", webhook_engine.__all__)
def test_every_name_leads_to_its_class(name):
    """
    A name that is shown is there.
    """
    assert name == getattr(webhook_engine, name).__name__


def test_a_name_that_is_not_there_is_named():
    """
    A typing error reads as one.
    """
    with pytest.raises(AttributeError, match="no attribute 'Enigne'"):
        _ = webhook_engine.Enigne


def test_knows_its_version():
    """
    For bug reports.
    """
    assert webhook_engine.__version__.count(".") == 2


def test_stating_a_call_loads_no_client():
    """
    An application that only states calls pays for no HTTP client, template engine or validator.
    """
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, webhook_engine; webhook_engine.CallContext(); print(*sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert "webhook_engine.variables.call" in loaded
    assert set() == {"aiohttp", "jinja2", "pydantic", "typer", "rich", "xmltodict", "phonenumbers"} & set(
        loaded
    )


def test_importing_the_engine_configures_nothing():
    """
    A guest leaves logging, signals and event loops as they were.
    """
    script = """
import asyncio, logging, signal
before = (list(logging.root.handlers), logging.root.level, [signal.getsignal(s) for s in (2, 15)],
          type(asyncio.get_event_loop_policy()))
import webhook_engine.engine, webhook_engine.cli.app
after = (list(logging.root.handlers), logging.root.level, [signal.getsignal(s) for s in (2, 15)],
         type(asyncio.get_event_loop_policy()))
assert before == after, (before, after)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_command_loads_what_it_needs():
    """
    One that only reads has no use for the wire, and its help none for templates.
    """
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, webhook_engine.cli.app; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert not {"aiohttp", "jinja2", "webhook_engine.performing", "webhook_engine.dispatch"} & set(loaded)


def test_a_worker_loads_what_it_works_with():
    """
    The Integration Centre is loaded by whoever serves it, cryptography by whoever has a key.
    """
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, webhook_engine.worker; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert "webhook_engine.service" in loaded
    assert set() == {"webhook_engine.console", "cryptography", "aiohttp_jinja2", "alembic", "nats"} & set(
        loaded
    )
