"""
docs/templates.md says what templates do.
"""

import re
from pathlib import Path

import pytest

from webhook_engine.errors import UnsafeValue
from webhook_engine.templating import Bounds, Kind, compile_template
from webhook_engine.templating.filters import FILTERS, TESTS
from webhook_engine.templating.interpret import MOST_NESTED
from webhook_engine.variables import VARIABLES

PAGE = (Path(__file__).parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (url|json|xml|header|text) \| `(.*?)` \| `(.*?)` \| (.*?) \|$", PAGE, re.MULTILINE)
RENDERED = [row for row in ROWS if row[3].startswith("`")]
REFUSED = [row for row in ROWS if not row[3].startswith("`")]


def rendered(kind, template, value):
    """
    The template of the page with the value of the page.
    """
    compiled = compile_template(template.replace(r"\|", "|"), Kind[kind.upper()], names=set(VARIABLES))
    return compiled.render({"CALLERID_NAME": value})


@pytest.mark.parametrize(("kind", "template", "value", "becomes"), RENDERED)
def test_renders_what_the_page_says(kind, template, value, becomes):
    """
    Each row of the first table.
    """
    assert becomes.strip("`") == rendered(kind, template, value)


@pytest.mark.parametrize(("kind", "template", "value", "because"), REFUSED)
def test_refuses_what_the_page_says(kind, template, value, because):
    """
    Each row of the second table.
    """
    written_out = value.encode().decode("unicode_escape")

    with pytest.raises(UnsafeValue, match=re.escape(because)):
        rendered(kind, template, written_out)


def test_both_tables_were_read():
    """
    A row that does not parse is a row that is not tested.
    """
    assert len(RENDERED) == 12
    assert len(REFUSED) == 4


def test_lists_every_filter_and_test():
    """
    What is not on the page is refused by the sandbox.
    """
    section = PAGE.split("## Filters")[1].split("## Empty")[0]
    named = {name.split("(")[0] for name in re.findall(r"`([a-z][a-z0-9_]*(?:\([^`]*\))?)`", section)}

    assert {*FILTERS, "raw", *TESTS} == named - {"x", "is"}


def test_states_the_bounds_in_force():
    """
    Figures drift; these do not.
    """
    bounds = Bounds()
    for figure in (bounds.source_chars, bounds.output_chars, bounds.loop_steps, bounds.work_chars):
        assert f"{figure:,}" in PAGE
    assert f"nest at most {MOST_NESTED} deep" in PAGE
