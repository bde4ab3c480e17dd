"""
Conditions of rules and outcomes: names stand bare, and the answer is a value.
"""

from decimal import Decimal

import pytest

from webhook_engine.errors import RenderError, TemplateSyntaxError, TemplateTooLarge
from webhook_engine.templating import Bounds, compile_expression

NAMES = ("CALL_DIR", "CALL_QUEUE", "CALL_DURATION", "CALLERID_NUMBER", "response", "status", "rows")
CALL = {"CALL_DIR": "incoming", "CALL_QUEUE": "Sales", "CALL_DURATION": 75, "CALLERID_NUMBER": "0821234567"}


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("CALL_DIR == 'incoming' and CALL_QUEUE in ['Sales', 'Support']", True),
        ("CALL_DIR == 'outgoing' or CALL_DURATION > 100", False),
        ("not CALL_QUEUE", False),
        ("CALL_DURATION", 75),
        ("CALL_QUEUE | lower", "sales"),
        ("CALLERID_NUMBER | e164", "+27821234567"),
        ("CALLERID_NUMBER.startswith('08')", True),
        ("60 < CALL_DURATION <= 75", True),
        ("response.Error is defined", True),
        ("response.results is defined", False),
        ("response.items[0].price * 2", Decimal("3.0")),
        ("response.items | length == rows", True),
        ("status == 200 and response['Error'] == 'No'", True),
        ("'x' if CALL_QUEUE else 'y'", "x"),
        ("none", None),
    ],
)
def test_says_what_it_says(source, result):
    """
    In the language of templates.
    """
    expression = compile_expression(source, names=NAMES, country="ZA")
    response = {"Error": "No", "items": [{"price": Decimal("1.5")}]}

    assert result == expression.evaluate({**CALL, "response": response, "status": 200, "rows": 1})


def test_knows_what_it_asks_for():
    """
    So that a rule can be held against what is known at its moment.
    """
    expression = compile_expression("CALL_DIR == 'incoming' and response.CALL_QUEUE", names=NAMES)

    assert {"CALL_DIR", "response"} == expression.variables
    assert "CALL_DIR == 'incoming' and response.CALL_QUEUE" == expression.source


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("CALL_DIRR == 'x'", "there is no variable CALL_DIRR: did you mean CALL_DIR?"),
        ("CALL_DIR = 'x'", ""),
        ("CALL_DIR ==", "the expression is not finished"),
        ("", "expected an expression"),
        ("{CALL_DIR} == 'x'", ""),
        ("CALL_DIR | raw", "raw stands last"),
        ("CALL_DIR }}{{ CALL_QUEUE", "this is not one expression"),
        ("CALL_DIR }}x{{ CALL_QUEUE", "this is not one expression"),
        ("CALL_DIR, CALL_QUEUE", None),
        ("CALL_DIR %}", ""),
        ("'a", ""),
        ("# comment", ""),
    ],
)
def test_what_is_no_expression_is_refused_when_read(source, problem):
    """
    One expression, of known names.
    """
    if problem is None:
        assert ("incoming", "Sales") == compile_expression(source, names=NAMES).evaluate(CALL)
        return
    with pytest.raises(TemplateSyntaxError) as caught:
        compile_expression(source, names=NAMES)
    assert problem in caught.value.problem


def test_all_unknown_names_are_told_at_once():
    """
    As for a template.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        compile_expression("CALL_DI == 'x' and QUEUE", names=NAMES)

    assert 1 == len(caught.value.also)


def test_a_failure_names_the_expression():
    """
    A text compared with a number is the author's to mend.
    """
    with pytest.raises(RenderError, match="CALL_QUEUE > 5: '>' not supported"):
        compile_expression("CALL_QUEUE > 5", names=NAMES).evaluate(CALL)


def test_is_bounded_like_a_template():
    """
    The same operators under the same bounds.
    """
    with pytest.raises(TemplateTooLarge):
        compile_expression("CALL_QUEUE * 1000", names=NAMES, bounds=Bounds(output_chars=100)).evaluate(CALL)
