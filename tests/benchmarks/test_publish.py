"""
The page holds what a run measured, and the run finds its places.
"""

import pytest

from benchmarks.__main__ import SUBJECTS
from benchmarks.publish import PAGE, filled


def test_the_page_has_a_place_for_every_subject_and_the_targets():
    """
    A subject without a place would be measured and never shown.
    """
    page = filled(PAGE.read_text(), {name: f"| {name} |" for name in (*SUBJECTS, "targets")})

    assert [] == [name for name in (*SUBJECTS, "targets") if f"| {name} |" not in page]


def test_a_table_takes_the_place_of_the_one_before():
    """
    Publishing twice leaves one table.
    """
    page = filled("before\n<!-- measured: a -->\n<!-- end -->\nafter", {"a": r"| \1 old |"})

    assert "before\n<!-- measured: a -->\n\n| new |\n\n<!-- end -->\nafter" == filled(page, {"a": "| new |"})


def test_a_place_that_is_missing_is_told():
    """
    A misspelt mark must not lose a table in silence.
    """
    with pytest.raises(ValueError, match="0 places for a"):
        filled("no marks", {"a": "| new |"})
