"""
Every reason that a delivery can have is told to people, in the code and on the page.
"""

import re
from pathlib import Path

import pytest

from webhook_engine.performing.crashes import POISON
from webhook_engine.performing.holds import DISABLED, GONE
from webhook_engine.performing.reasons import REASONS
from webhook_engine.performing.settle import EXHAUSTED, TABLE, Way

PAGE = (Path(__file__).parents[2] / "docs" / "deliveries.md").read_text()


def test_each_reason_has_its_sentences_and_no_other():
    """
    Those of the table, of what crashes, of the queue, of operators, and of what is kept back.
    """
    ends = {line.name for line in TABLE if line.way in {Way.DEAD, Way.SHORT, Way.FEW}}

    assert ends | {POISON, EXHAUSTED, "expired", "dropped", "suspect", DISABLED, GONE} == set(REASONS)


@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS.keys())
def test_each_reason_is_on_the_page(reason):
    """
    Word by word: what happened, and what to do.
    """
    assert f"| `{reason.name}` | {reason.happened} | {reason.to_do} |\n" in PAGE


def test_the_page_has_no_reason_that_there_is_not():
    """
    A reason that was renamed would be looked for in vain.
    """
    [section] = re.findall(r"^## Why a delivery is dead.*?\n(.*?)(?=^## )", PAGE, re.DOTALL | re.MULTILINE)

    assert set(REASONS) == set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))


def test_sentences_are_sentences():
    """
    They end, and neither is left out.
    """
    for reason in REASONS.values():
        assert reason.happened.endswith(".")
        assert reason.to_do.endswith(".")
