"""
Which ways of a template a rendering goes.
"""

import pytest

from webhook_engine.templating import Kind, compile_template
from webhook_engine.templating.branches import branches_of

NAMES = {"A", "B", "C"}

WAYS = {
    "tokens alone": ("{A}{B}", {"A": "1"}, []),
    "an expression without a choice": ("{{ A | upper }}", {"A": "1"}, []),
    "if": ("{% if A %}x{% endif %}", {"A": "1"}, [("if A", True)]),
    "if that does not hold": ("{% if A %}x{% endif %}", {"A": ""}, [("if A", False)]),
    "else": ("{% if A %}x{% else %}y{% endif %}", {"A": ""}, [("if A", False)]),
    "elif": ("{% if A %}x{% elif B %}y{% endif %}", {"A": "", "B": "1"}, [("elif B", True)]),
    "none of both": ("{% if A %}x{% elif B %}y{% endif %}", {"A": "", "B": ""}, [("elif B", False)]),
    "within another": (
        "{% if A %}{% if B %}x{% endif %}{% endif %}",
        {"A": "1", "B": ""},
        [("if A", True), ("if B", False)],
    ),
    "in a loop": (
        "{% for each in A %}{% if each == B %}x{% endif %}{% endfor %}",
        {"A": ["1", "2"], "B": "2"},
        [("if each == B", True), ("if each == B", False)],
    ),
    "a choice": ("{{ A if B else C }}", {"A": "1", "B": "1", "C": "1"}, [("A if B else C", True)]),
    "the other choice": ("{{ A if B else C }}", {"A": "1", "B": "", "C": "1"}, [("A if B else C", False)]),
    "a choice in a filter": (
        "{{ (A if B else C) | upper }}",
        {"A": "1", "B": "", "C": "1"},
        [("(A if B else C) | upper", False)],
    ),
    "a choice in a condition": (
        "{% if (A if B else C) %}x{% endif %}",
        {"A": "1", "B": "1", "C": ""},
        [("if (A if B else C)", True), ("if (A if B else C)", True)],
    ),
    "as far as it comes": ("{% if A %}{{ 1 // 0 }}{% endif %}", {"A": "1"}, [("if A", True)]),
}


@pytest.mark.parametrize(("source", "values", "expected"), WAYS.values(), ids=WAYS.keys())
def test_the_ways_that_are_taken(source, values, expected):
    """
    Each where its condition holds, or the other one.
    """
    branches = branches_of(source, Kind.TEXT, names=NAMES)

    taken = branches.taken(values)
    assert sorted(expected) == sorted((each.written, each.holds) for each in taken)
    assert taken <= set(branches.all)


COUNTS = {
    "if": ("{% if A %}x{% endif %}", [True, False]),
    "elif": ("{% if A %}x{% elif B %}y{% endif %}", [True, True, False]),
    "a choice": ("{{ A if B else C }}", [True, False]),
    "a choice without another": ("{{ A if B }}", [True]),
    "two in one expression": ("{{ (A if B else C) ~ (A if C else B) }}", [True, False, True, False]),
}


@pytest.mark.parametrize(("source", "ways"), COUNTS.values(), ids=COUNTS.keys())
def test_every_way_is_one(source, ways):
    """
    An if without an else has both; each is told apart from the others of the same expression.
    """
    branches = branches_of(source, Kind.TEXT, names=NAMES).all

    assert sorted(ways) == sorted(each.holds for each in branches)
    assert len(ways) == len(set(branches))


def test_a_branch_says_where_it_stands():
    """
    Line and column of what decides.
    """
    (one, other) = branches_of("a\n  {{ A if B else C }}", Kind.TEXT, names=NAMES).all

    assert (2, 3) == (one.line, one.column) == (other.line, other.column)


def test_nothing_of_it_is_in_what_is_sent():
    """
    The marks are in a tree of their own; an author cannot name them.
    """
    source = "{% if A %}x{% else %}y{% endif %}"
    branches_of(source, Kind.TEXT, names=NAMES).taken({"A": "1"})

    assert "x" == compile_template(source, Kind.TEXT, names=NAMES).render({"A": "1"})
