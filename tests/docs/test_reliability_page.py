"""
docs/reliability.md promises nothing that no test holds.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from webhook_engine.nats.intake import AT_ONCE
from webhook_engine.performing import PerformerSettings
from webhook_engine.process.logs import LINES_PER_S
from webhook_engine.queue import QueueSettings
from webhook_engine.queue.postgresql import PostgresqlSettings
from webhook_engine.settings import Limits
from webhook_engine.templating.bounds import Bounds

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| #")
]


@cache
def names_in(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, functions)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1][:60])
def test_each_promise_is_held(row):
    """
    By at least one test, and each that is named is there.
    """
    _, _, promise, held_by = row
    names = re.findall(r"`([\w/.]+\.py)::(test_\w+)`", held_by)

    assert promise.endswith(".")
    assert names
    assert held_by.count("`") == 2 * len(names)
    for path, name in names:
        assert name in names_in(path), f"{path} has no {name}"


def test_each_fault_of_the_list_has_a_row():
    """
    All forty; what is beside the list has none of its numbers.
    """
    numbers = [number for row in ROWS for number in row[0].split(", ")]

    assert set(range(1, 41)) == {int(number) for number in numbers if number != "–"}


PAGE = " ".join((ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        ("a lock is waited for up to five seconds", QueueSettings().locked_s == 5),
        ("Events are refused with the reason after five seconds", PostgresqlSettings().patience_s == 5),
        ("Tried again; five seconds at the most, and nobody else waits", Limits().dns_s == 5),
        ("Five seconds for connecting", Limits().connect_s == 5),
        ("take at most 2,500,000 steps", Bounds().effort == 2_500_000),
        ("At most two batches of 256 are on their way", AT_ONCE == 256),
        ("At most 100 lines of one event in a second", LINES_PER_S == 100),
        ("after the third time in a row", PerformerSettings().crashes == 3),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_is_promised_in_numbers_is_so_where_nothing_else_is_said(words, holds):
    """
    The tests that are named set some of them lower, for nobody to wait for them.
    """
    assert words in PAGE
    assert holds


def test_there_are_rows():
    """
    A page that is laid out otherwise would pass unread.
    """
    assert len(ROWS) > 30
