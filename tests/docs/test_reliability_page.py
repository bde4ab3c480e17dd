"""
docs/reliability.md promises nothing that no test holds.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

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


def test_there_are_rows():
    """
    A page that is laid out otherwise would pass unread.
    """
    assert len(ROWS) > 30
