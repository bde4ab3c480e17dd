"""
Commands, as typed.
"""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from webhook_engine.cli import app as command_line

ROOT = Path(__file__).parents[2]


@pytest.fixture
def example():
    """
    The definitions of the demo.
    """
    return str(ROOT / "examples" / "integration.toml")


@pytest.fixture
def command(monkeypatch):
    """
    Runs `webhook-engine …`; a traceback fails the test.
    """

    def command(*words, stdin=None):
        monkeypatch.setattr("sys.argv", ["webhook-engine", *words])
        runner = CliRunner()
        with runner.isolation(input=stdin) as (stdout, stderr, _):
            code = 0
            try:
                command_line.run()
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
            sys.stdout.flush()
            return Result(code, stdout.getvalue().decode(), stderr.getvalue().decode())

    return command


class Result:
    """
    How a command ended and what it printed.
    """

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit {self.code}\n{self.out}\n{self.err}"
