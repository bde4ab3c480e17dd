"""
docs/rules.md says what rules do.
"""

import re
from pathlib import Path

import pytest

from webhook_engine.errors import WebhookEngineError
from webhook_engine.explaining import Origin
from webhook_engine.rules import ChainLimits, LinkReason, Reason
from webhook_engine.rules.condition import Condition
from webhook_engine.templating import compile_expression

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")


def test_lists_every_reason_in_its_order():
    """
    A reason that nobody can look up explains nothing.
    """
    tables = PAGE.split("| `reason` | means |")[1:]

    assert [list(Reason), list(LinkReason)] == [
        re.findall(r"^\| `([a-z-]+)` \|", table.split("\n\n")[0], re.MULTILINE) for table in tables
    ]


@pytest.mark.parametrize(
    ("when", "becomes"), re.findall(r"^\| `(CALL_DURATION.*)` \| (\w+)", PAGE, re.MULTILINE)
)
def test_a_value_that_is_not_there_behaves_as_the_page_says(when, becomes):
    """
    Each row of the table.
    """
    condition = Condition.of(compile_expression(when, names={"CALL_DURATION"}))
    try:
        actual = "holds" if condition.asked({"CALL_DURATION": ""}) else "does"
    except WebhookEngineError:
        actual = "fails"

    assert becomes == actual


def test_lists_every_source_of_a_value():
    """
    In the order of the code.
    """
    table = PAGE.split("| `source` | the value |")[1].split("\n\n")[0]

    assert list(Origin) == re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)


def test_states_the_limits_in_force():
    """
    Figures drift; these do not.
    """
    limits = ChainLimits()

    assert f"at most {limits.webhooks:,} webhooks" in PAGE
    assert f"more than {limits.value_chars:,} characters" in PAGE
    assert (5, "five webhooks deep") == (limits.depth, re.search(r"five webhooks deep", PAGE)[0])


def test_the_piece_of_python_runs(capsys):
    """
    As it stands on the page.
    """
    [script] = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

    exec(script, {})

    assert "rule 'Keep the notes': it matches" in capsys.readouterr().out
