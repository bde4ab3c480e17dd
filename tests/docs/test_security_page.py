"""
docs/security.md promises nothing that no test holds.
"""

import re

import pytest

from tests.docs.test_reliability_page import ROOT, names_in

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TABLE = PAGE[PAGE.index("| boundary |") :].split("\n\n")[0]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.splitlines()[2:]]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_boundary_is_held(row):
    """
    By at least one test, and each that is named is there.
    """
    _, promise, held_by = row
    names = re.findall(r"`([\w/.]+\.py)::(test_\w+)`", held_by)

    assert promise.endswith(".")
    assert names
    assert held_by.count("`") == 2 * len(names)
    for path, name in names:
        assert name in names_in(path), f"{path} has no {name}"


def test_each_test_that_the_page_names_is_there():
    """
    Outside of the table as well.
    """
    named = set(re.findall(r"`([\w/.]+\.py)::(test_\w+)`", PAGE))

    assert set() == {(path, name) for path, name in named if name not in names_in(path)}


def test_every_attack_of_the_suite_is_on_the_page():
    """
    What tests/attack/ tries belongs to a boundary.
    """
    tried = {
        f"{path.relative_to(ROOT)}::{name}"
        for path in (ROOT / "tests" / "attack").glob("test_*.py")
        for name in names_in(path.relative_to(ROOT))
        if name.startswith("test_")
    }

    assert set() == {each for each in tried if each not in PAGE}
