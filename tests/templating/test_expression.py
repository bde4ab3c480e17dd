"""
Conditions of rules and outcomes: the language of templates, without the text around it.
"""

from decimal import Decimal

import pytest

from webhook_engine.errors import RenderError, TemplateSyntaxError, TemplateTooLarge
from webhook_engine.templating import Bounds, compile_expression

NAMES = frozenset(
    {"CALL_DIR", "CALL_QUEUE", "CALL_DURATION", "CALLERID_NUMBER", "response", "status", "rows"}
)
FACTS = {
    "CALL_DIR": "incoming",
    "CALL_QUEUE": "Sales",
    "CALL_DURATION": 75,
    "CALLERID_NUMBER": "0821234567",
    "response": {
        "Error": "No",
        "error": None,
        "items": [{"id": 7, "name": "Ann"}],
        "a b": "c",
        "total": Decimal("1.5"),
    },
    "status": 200,
    "rows": 0,
}


def value_of(source, **more):
    """
    What an expression comes to.
    """
    return compile_expression(source, names=NAMES, country="ZA", **more).evaluate(FACTS)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("CALL_DIR == 'incoming' and CALL_QUEUE in ['Sales', 'Support']", True),
        ("CALL_DIR == 'outgoing' or not CALL_QUEUE", False),
        ("CALL_DURATION > 60", True),
        ("not CALL_QUEUE", False),
        ("CALL_DURATION", 75),
        ("CALL_QUEUE | lower", "sales"),
        ("CALLERID_NUMBER | e164", "+27821234567"),
        ("CALLERID_NUMBER.startswith('08')", True),
        ("response.Error is defined", True),
        ("response.results is defined", False),
        ("response.total * 2", Decimal("3.0")),
        ("response.items | length == rows + 1", True),
        ("status == 200 and response['Error'] == 'No'", True),
        ("'x' if CALL_QUEUE else 'y'", "x"),
        ("CALL_DIR, CALL_QUEUE", ("incoming", "Sales")),
        ("0 < CALL_DURATION <= 75", True),
        ("CALL_QUEUE|lower == 'sales'", True),
        ("CALL_QUEUE.startswith('Sa')", True),
        ("CALL_QUEUE is empty", False),
        ("'refused' if status == 403 else 'ok'", "ok"),
        ("CALL_QUEUE ~ '-' ~ status", "Sales-200"),
        ("(CALL_DURATION / 60)|round(2)", 1.25),
        ("CALL_DURATION // 60 * 60 + CALL_DURATION % 60 - 75 + 2 ** 3", 8),
        ("-CALL_DURATION", -75),
        ("[status, rows]", [200, 0]),
        ("{'a': rows}", {"a": 0}),
        ("response.error", None),
        ("response.error is none", True),
        ("response['a b']", "c"),
        ("response['items'][0].name", "Ann"),
        ("response['items'][0]['id'] == 7", True),
        ("response.total > 1", True),
        ("response['items']|length", 1),
        ("response.nothing is defined", False),
        ("response.nothing.at.all is defined", False),
        ("response['items'][9] is defined", False),
        ("response.nothing|default('x')", "x"),
        ("response.nothing == 7", False),
        ("response.nothing.at.all == none", False),
        ("response.nothing in [7, 'x']", False),
        ("CALL_QUEUE[0:2]", "Sa"),
        ("true", True),
        ("none", None),
        ("\n  rows\n  == 0 ", True),
    ],
)
def test_comes_to(source, value):
    """
    Types are kept.
    """
    result = value_of(source)

    assert (type(value), value) == (type(result), result)


def test_what_the_far_side_sent_is_data():
    """
    A key that looks like an attribute of Python's is a key.
    """
    expression = compile_expression("response['__class__']", names={"response"})

    assert "x" == expression.evaluate({"response": {"__class__": "x"}})


def test_an_item_goes_before_a_method_of_the_same_name():
    """
    `items` and `keys` are names that answers have.
    """
    assert [{"id": 7, "name": "Ann"}] == value_of("response.items")


def test_tells_which_names_it_asks_for():
    """
    Lint tells from them what is not known yet at a rule's moment.
    """
    expression = compile_expression("CALL_DIR == 'a' and response.status.rows", names=NAMES)

    assert frozenset({"CALL_DIR", "response"}) == expression.variables
    assert "CALL_DIR == 'a' and response.status.rows" == expression.source


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("XYZZY", "there is no variable XYZZY"),
        ("CALL_DIRR", "there is no variable CALL_DIRR: did you mean CALL_DIR?"),
        ("respons.a", "there is no variable respons: did you mean response?"),
        ("status()", "a template calls nothing; write a filter, as in {{ CALL_QUEUE | lower }}"),
        ("status|uper", "there is no filter uper: did you mean upper?"),
        ("response.__class__", "a template cannot ask for .__class__"),
        ("", "expected an expression"),
        ("status ==", "the expression is not finished"),
        ("CALL_DIR | raw", "raw stands last, where a value is put out"),
        ("CALL_DIR %}", None),
        ("'a", None),
        ("# comment", None),
        ("status = 200", None),
        ("{CALL_DIR}", None),
        ("status }}{{ rows", "this is not one expression"),
        ("status }}text{{ rows", "this is not one expression"),
        ("status }}{% set a = 1 %}{{ rows", "this is not one expression"),
        ("1 }}{% if rows %}{{ 2 }}{% endif %}{{ 3", "this is not one expression"),
        ("1 }}{# {{", None),
        ("{{ status }}", None),
        ("{% if status %}", None),
        ("((((((((((" * 100, None),
    ],
)
def test_what_is_no_expression_is_refused(source, sentence):
    """
    When it is read; it cannot end itself and go on as a template.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        compile_expression(source, names=NAMES)

    assert sentence is None or sentence == caught.value.problem


def test_every_unknown_name_is_told():
    """
    The first, and the others with it.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        compile_expression("one and two or three", names=NAMES)

    assert ["two", "three"] == [each.problem.split()[-1] for each in caught.value.also]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("CALL_QUEUE > 1", "'>' not supported between"),
        ("CALL_QUEUE + 1", "concatenate"),
        ("rows / rows", "division by zero"),
        ("response.nothing.at.all != 1", "nothing"),
        ("response['nothing'] > 1", "nothing"),
        ("CALL_QUEUE % 1", "% does not format text here"),
        ("response['items']['a'] ~ ''", "a"),
        ("2 ** (2 ** 1000)", "would make a number of more than 1024 bits"),
    ],
)
def test_what_fails_on_these_facts_is_told(source, sentence):
    """
    An error of the tree, with the expression.
    """
    with pytest.raises(RenderError) as caught:
        value_of(source)

    assert str(caught.value).startswith(f"{source}: ")
    assert sentence in str(caught.value)


def test_a_fact_nobody_gave_is_an_error_when_it_is_used():
    """
    Never silently nothing.
    """
    expression = compile_expression("status == 200", names=NAMES)

    with pytest.raises(RenderError, match="status"):
        expression.evaluate({})


def test_is_bounded():
    """
    In length and in what it makes.
    """
    with pytest.raises(TemplateSyntaxError, match="at most 10 characters"):
        compile_expression("status == 200", names=NAMES, bounds=Bounds(source_chars=10))
    with pytest.raises(TemplateTooLarge):
        value_of("'x' * 11", bounds=Bounds(output_chars=10))
    with pytest.raises(TemplateTooLarge):
        value_of("CALL_QUEUE * 1000", bounds=Bounds(output_chars=100))


def test_one_run_knows_nothing_of_another():
    """
    An expression holds no state.
    """
    expression = compile_expression("status", names=NAMES)

    assert [1, 2] == [expression.evaluate({"status": number}) for number in (1, 2)]


def test_what_is_not_there_is_an_error_of_the_tree():
    """
    Nobody who asks whether it is true meets an error of Jinja's.
    """
    expression = compile_expression("response.nothing", names={"response"})

    with pytest.raises(RenderError, match="nothing"):
        expression.evaluate({"response": {}})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("response.nothing", False),
        ("response.nothing.at.all", False),
        ("response.error", False),
        ("response.total", True),
        ("rows", False),
        ("status", True),
        ("CALL_QUEUE", True),
    ],
)
def test_a_condition_may_be_a_value(source, expected):
    """
    What is not there does not hold, nor what is empty.
    """
    assert expected is compile_expression(source, names=NAMES).holds(FACTS)


@pytest.mark.parametrize(
    "source",
    [
        "response.nothing != 7",
        "not response.nothing",
        "response.nothing or rows",
        "response.nothing > 7",
        "'x' in response.nothing",
        "response.nothing|lower == 'x'",
        "response.total == 1 or CALL_QUEUE > 7",
    ],
)
def test_a_condition_that_no_answer_fits_fails(source):
    """
    Whoever wrote it thought of a member that is there, and only they know what its absence means.
    """
    with pytest.raises(RenderError):
        compile_expression(source, names=NAMES).holds(FACTS)
