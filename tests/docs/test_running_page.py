"""
docs/running.md says what a process does.
"""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from webhook_engine.cli.app import app
from webhook_engine.process.logs import LINES_PER_S
from webhook_engine.process.running import running_file
from webhook_engine.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
SOURCES = [
    path.read_text(encoding="utf-8")
    for folder in ("process", "drift", "performing", "pops", "service", "nats")
    for path in (ROOT / "webhook_engine" / folder).glob("*.py")
]
SOURCES += [(ROOT / "webhook_engine" / name).read_text(encoding="utf-8") for name in ("worker.py", "line.py")]


def test_lists_every_setting_with_its_variable_and_flag():
    """
    What `up --help` takes is what the page says.
    """
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (?:`(--[a-z-]+)`)? ?\|", PAGE, re.MULTILINE)
    shown = CliRunner().invoke(app, ["up", "--help"], env={"COLUMNS": "200"}).output

    assert [each.name for each in fields(Settings)] == [name for name, *_ in rows]
    assert [f"{PREFIX}{name.upper()}" for name, *_ in rows] == [variable for _, variable, _ in rows]
    assert [flag for *_, flag in rows if flag] == [flag for *_, flag in rows if flag and flag in shown]


def test_every_event_of_the_log_on_it_is_said_somewhere():
    """
    An event that nobody says is one that an operator waits for in vain.
    """
    table = PAGE[PAGE.index("| event | says |") :].split("\n\n")[0]
    events = set(re.findall(r"`([a-z]+\.[a-z_]+)`", table))

    assert len(events) > 12
    assert set() == {each for each in events if not any(f'"{each}"' in source for source in SOURCES)}


def test_the_numbers_and_names_are_those_of_the_code():
    """
    Lines in a second, and where the process leaves word.
    """
    assert f"at most {LINES_PER_S} lines" in PAGE
    assert f"`{running_file(Settings()).name}`" in PAGE
    assert f"`{Settings().deliveries_path}`" in PAGE
    assert f"`{Settings().usual_key_file}`" in PAGE


@pytest.mark.parametrize("command", re.findall(r"^webhook-engine ([a-z]+(?: [a-z]+)?)", PAGE, re.MULTILINE))
def test_every_command_shown_exists(command):
    """
    By its name.
    """
    found = typer.main.get_command(app)
    for word in command.split():
        if hasattr(found, "commands"):
            found = found.commands[word]
    assert found.name
