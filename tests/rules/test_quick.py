"""
A plain condition runs as the Python that it stands for.
"""

import pytest

from webhook_engine.rules.quick import conjuncts, quick
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
