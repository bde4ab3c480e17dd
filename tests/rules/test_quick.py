"""
A plain condition runs as the Python that it stands for.
"""

import pytest

from webhook_engine.errors import TemplateError
from webhook_engine.rules.condition import Condition
from webhook_engine.rules.quick import beginning, conjuncts, quick
from webhook_engine.templating import compile_expression

VALUES = {"A": 5, "B": "sales", "C": ""}
PLAIN = {
    "A == 5": True,
    "A != 5": False,
    "A < 5": False,
    "A <= 5": True,
    "A > 4": True,
    "A >= 6": False,
    "1 < A < 6": True,
    "A == -5": False,
    "B in ['sales', 'support']": True,
    "B not in ['sales', 'support']": False,
    "'ale' in B": True,
    "'x' not in B": True,
    "not C": True,
    "C or B": True,
    "C and B": False,
    "(A == 5 or B == 'x') and C == ''": True,
    "B == 'it\\'s \"sales\"\\n'": False,
}


@pytest.mark.parametrize(("source", "holds"), PLAIN.items(), ids=PLAIN.keys())
def test_it_holds_as_the_expression_does(source, holds):
    """
    Every operator there is, both ways.
    """
    expression = compile_expression(source, names=VALUES)

    assert (holds, holds) == (bool(quick(source)(VALUES)), bool(expression.evaluate(VALUES)))


@pytest.mark.parametrize("source", ["B | upper", "A + 1", "B ~ C", "B is defined", "B[0]", "A if B else C"])
def test_what_is_more_than_plain_is_left_alone(source):
    """
    The sandbox bounds it.
    """
    assert quick(source) is None


def test_parts_end_before_the_first_that_is_not_plain():
    """
    Those after it might never be asked.
    """
    assert ["A == 5", "B"] == [each.text for each in conjuncts("A == 5 and B and (C | upper) and A == 1")]


def test_an_expression_is_asked_only_where_its_plain_beginning_holds():
    """
    A thousand rules that each name their queue first cost one expression, not a thousand.
    """
    asked = []

    class Expression:
        source = "A == 5 and B == 'sales' and C | upper"

        def evaluate(self, values):
            asked.append(values)
            return True

    condition = Condition.of(Expression())

    assert not condition.quick(VALUES | {"A": 4})
    assert not condition.quick(VALUES | {"B": "x"})
    assert [] == asked
    assert condition.quick(VALUES)
    assert [VALUES] == asked


@pytest.mark.parametrize(
    "source", ["B | upper", "B | upper and A == 5", "A == 5 or B | upper", "not (A and B | upper)"]
)
def test_what_does_not_begin_plainly_is_asked_at_once(source):
    """
    The order of what `and` joins stays; nothing within another operator is taken out of it.
    """
    assert beginning(source) is None


MIXED = [
    "A == 5 and B | upper == 'SALES'",
    "A == 4 and B | upper == 'SALES'",
    "C and B | upper",
    "A < 'x' and B | upper",
    "B | upper and A < 'x'",
    "A == 5 and C == '' and (B | upper or A < 'x')",
]


@pytest.mark.parametrize("source", MIXED)
def test_the_two_in_turn_hold_as_the_whole_does(source):
    """
    Or fail as it does.
    """

    def outcome(ask):
        try:
            return bool(ask(VALUES))
        except (TypeError, TemplateError):
            return "fails"

    condition = Condition.of(compile_expression(source, names=VALUES))

    assert outcome(condition.asked) == outcome(condition.quick)
