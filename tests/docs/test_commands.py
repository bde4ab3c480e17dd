"""
docs/commands.md lists every command and every exit code, and no other.
"""

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from webhook_engine.cli.app import app
from webhook_engine.cli.exits import Exit

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands


def test_lists_every_command():
    """
    A command nobody reads of is a command nobody finds.
    """
    assert list(COMMANDS) == re.findall(r"^\| `webhook-engine ([\w-]+)", PAGE, re.MULTILINE)


def test_lists_every_exit_code():
    """
    The numbers of the code, in its order.
    """
    assert [code.value for code in Exit] == [
        int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_help_shows_an_example(name):
    """
    The example is the part of a help page that is read.
    """
    result = CliRunner().invoke(app, [name, "--help"])

    assert 0 == result.exit_code
    assert f"webhook-engine {name}" in result.output.split("Usage:")[1]
    assert "Example:" in result.output
    assert "[]" not in result.output, "a word in brackets that was taken for a style"


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if hasattr(command, "commands")])
def test_names_what_a_group_of_commands_holds(name):
    """
    In the row of its group, in its order or not.
    """
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `webhook-engine {name}`"))
    words = set(re.findall(r"`([\w-]+)", row.split("|", 2)[2]))

    assert set(COMMANDS[name].commands) <= words
