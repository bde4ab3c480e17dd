"""
What the filters make, each by a table of examples.
"""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from webhook_engine.errors import RenderError, TemplateError, TemplateSyntaxError
from webhook_engine.templating import Kind, compile_template
from webhook_engine.templating.filters import FILTERS, METHODS, TESTS


def filtered(expression, value, **tenant):
    """
    What `{{ X<expression> }}` makes of a value, with its type.
    """
    template = compile_template(f"{{{{ X{expression} }}}}", Kind.VALUE, names={"X"}, **tenant)
    return template.value({"X": value})


MADE = [
    ("|digits", "+27 (82) 123-4567", "27821234567"),
    ("|digits", "Ann <1001>", "1001"),
    ("|digits", "sip:1001@pbx7", "1001"),
    ("|digits", "٣٤", ""),
    ("|digits", "withheld", ""),
    ("|last", "+27821234567", "821234567"),
    ("|last(4)", "+27 82 123 4567", "4567"),
    ("|last(99)", "12", "12"),
    ("|last(0)", "12", ""),
    ("|last(-1)", "12", ""),
    ("|last(count=2)", 1234, "34"),
    ("|format_datetime('%d.%m.%Y')", "2026-11-22_08-30-00", "22.11.2026"),
    ("|format_datetime('%d.%m.%Y')", "2026-11-22", "22.11.2026"),
    ("|format_datetime('%H:%M')", "08-30-00", "08:30"),
    ("|format_datetime", "2026-11-22_08-30-00", "2026-11-22T08:30:00"),
    ("|format_datetime('%H:%M')", "2026-11-22T08:30:00+02:00", "08:30"),
    ("|format_datetime('%H:%M', 'UTC')", "2026-11-22T08:30:00+02:00", "06:30"),
    ("|format_datetime('100%%')", "2026-11-22", "100%"),
    ("|format_datetime", "", ""),
    ("|map({'Success': 'WON', 'Failed': 'LOST'})", " success ", "WON"),
    ("|map({'STRASSE': 1})", "straße", 1),
    ("|map({'1': 'one'})", 1, "one"),
    ("|map({'true': 'yes'})", True, "yes"),
    ("|map({'Success': 'WON'})", "Unsure", ""),
    ("|map({'Success': 'WON'}, 'OPEN')", "Unsure", "OPEN"),
    ("|map({})", "Unsure", ""),
    ("|default('x')", "", "x"),
    ("|default('x')", None, "x"),
    ("|default('x')", "y", "y"),
    ("|default('x')", 0, 0),
    ("|default('x')", False, False),
    ("|d('x')", "", "x"),
    ("|d", "", ""),
    ("|lower", "ÄB", "äb"),
    ("|upper", "straße", "STRASSE"),
    ("|upper", True, "TRUE"),
    ("|trim", " a b\t\n", "a b"),
    ("|truncate(3)", "abcdef", "abc"),
    ("|truncate(4, '…')", "abcdef", "abc…"),
    ("|truncate(6)", "abcdef", "abcdef"),
    ("|truncate(-1)", "abcdef", ""),
    ("|truncate(2)", 1234, "12"),
    ("|replace('a', 'b')", "aba", "bbb"),
    ("|replace('a', '')", "aba", "b"),
    ("|int", "7", 7),
    ("|int", " 7 ", 7),
    ("|int", "12.7", 12),
    ("|int", "-0.5", 0),
    ("|int", 12.7, 12),
    ("|int", "9" * 30, int("9" * 30)),
    ("|int(0)", "x", 0),
    ("|int(0)", "", 0),
    ("|int(5)", "inf", 5),
    ("|float", "1.5", 1.5),
    ("|float", 2, 2.0),
    ("|float(0)", "x", 0),
    ("|round", 2.5, 2),
    ("|round", "2.6", 3),
    ("|round(1)", 2.25, 2.2),
    ("|round(2)", "2.005", 2.0),
    ("|round(1)", Decimal("2.25"), Decimal("2.2")),
    ("|split(',')", "a, b,c", ["a", "b", "c"]),
    ("|split", "a  b\tc", ["a", "b", "c"]),
    ("|split(',')|join('; ')", "a,b", "a; b"),
    ("|split(',')|join", "a,b", "ab"),
    ("|split(',')|first", "a,b", "a"),
    ("|split(',')|length", "a,b", 2),
    ("|first", "abc", "a"),
    ("|first", "", ""),
    ("|length", "abc", 3),
    ("|length", 1234, 4),
    ("|count", {"a": 1}, 1),
    ("|items", {"a": 1}, [("a", 1)]),
    ("|string", 5, "5"),
    ("|string", False, "false"),
    ("|startswith('Sa')", "Sales", True),
    ("|startswith('sa')", "Sales", False),
    ("|endswith('es')", "Sales", True),
    (".startswith('Sa')", "Sales", True),
    (".endswith('Sa')", "Sales", False),
    (".strip()", " a ", "a"),
    (".lower()", "A", "a"),
    (".upper()", "a", "A"),
    (".replace('a', 'b')", "a", "b"),
    (".split(',')", "a,b", ["a", "b"]),
    (".items()", {"a": 1}, [("a", 1)]),
    ("|e164", "", ""),
    ("|international", "", ""),
    ("|national", "", ""),
]


@pytest.mark.parametrize(("expression", "value", "made"), MADE)
def test_makes(expression, value, made):
    """
    A value, and what comes out of it.
    """
    result = filtered(expression, value)

    assert (type(made), made) == (type(result), result)


def test_every_filter_and_method_has_an_example():
    """
    What the table leaves out is not specified.
    """
    shown = " ".join(expression for expression, _, _ in MADE)

    assert not {name for name in FILTERS if f"|{name}" not in shown}
    assert not {name for name in METHODS if f".{name}(" not in shown}


TESTED = [
    ("is defined", "", True),
    ("is undefined", "", False),
    ("is empty", "", True),
    ("is empty", None, True),
    ("is empty", 0, False),
    ("is empty", False, False),
    ("is empty", " ", False),
    ("is none", None, True),
    ("is none", "", False),
    ("is string", "", True),
    ("is string", 1, False),
    ("is number", 1, True),
    ("is number", 1.5, True),
    ("is number", Decimal("1.5"), True),
    ("is number", True, False),
    ("is number", "1", False),
    ("is boolean", True, True),
    ("is boolean", 1, False),
    ("is mapping", {}, True),
    ("is sequence", [], True),
    ("is sequence", "abc", False),
    ("is in(['a', 'b'])", "a", True),
    ("is not in('abc')", "d", True),
]


@pytest.mark.parametrize(("test", "value", "result"), TESTED)
def test_tells(test, value, result):
    """
    Zero and false are something; only "" and none are nothing.
    """
    assert result is filtered(f" {test}", value)


def test_every_test_has_an_example():
    """
    What the table leaves out is not specified.
    """
    shown = " ".join(test for test, _, _ in TESTED)

    assert not {name for name in TESTS if f" {name}" not in shown}


# --- Telephone numbers -------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "dialled", "e164", "international", "national"),
    [
        ("ZA", "082 123 4567", "+27821234567", "0027821234567", "0821234567"),
        ("ZA", "(010) 593-4500", "+27105934500", "0027105934500", "0105934500"),
        ("ZA", "+27 10 593 4500", "+27105934500", "0027105934500", "0105934500"),
        ("ZA", "0027821234567", "+27821234567", "0027821234567", "0821234567"),
        ("ZA", "27821234567", "+27821234567", "0027821234567", "0821234567"),
        ("ZA", "+49 30 901820", "+4930901820", "004930901820", "030901820"),
        ("ZA", "+1 202-456-1414", "+12024561414", "0012024561414", "2024561414"),
        ("DE", "030 901820", "+4930901820", "004930901820", "030901820"),
        ("DE", "0151/23456789", "+4915123456789", "004915123456789", "015123456789"),
        ("DE", "0049 30 901820", "+4930901820", "004930901820", "030901820"),
        ("US", "(202) 456-1414", "+12024561414", "0012024561414", "2024561414"),
        ("US", "1-202-456-1414", "+12024561414", "0012024561414", "2024561414"),
        ("US", "011 49 30 901820", "+4930901820", "004930901820", "030901820"),
        (None, "+27821234567", "+27821234567", "0027821234567", "0821234567"),
        ("ZA", "sip:+27821234567@pbx7;user=phone", "+27821234567", "0027821234567", "0821234567"),
        ("ZA", "tel:+27-82-123-4567;ext=1", "+27821234567", "0027821234567", "0821234567"),
        ("ZA", "Ann Other <0821234567>", "+27821234567", "0027821234567", "0821234567"),
        ("ZA", "082\u00a0123\u20114567", "+27821234567", "0027821234567", "0821234567"),
    ],
)
def test_a_number_has_three_forms(country, dialled, e164, international, national):
    """
    By the country of the tenant; a number with its own country code needs none.
    """
    forms = [filtered(f"|{form}", dialled, country=country) for form in ("e164", "international", "national")]

    assert [e164, international, national] == forms


# --- Dates -------------------------------------------------------------------


def test_a_date_is_the_tenants():
    """
    The DATETIME variables read in the tenant's zone, and are told in another where asked.
    """
    tenant = {"time_zone": ZoneInfo("Africa/Johannesburg")}

    assert "2026-11-22T08:30:00+02:00" == filtered("|format_datetime", "2026-11-22_08-30-00", **tenant)
    assert "06:30 UTC" == filtered("|format_datetime('%H:%M %Z', 'UTC')", "2026-11-22_08-30-00", **tenant)


# --- What goes wrong ---------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value", "sentence"),
    [
        ("|format_datetime", "yesterday", "'yesterday' is no date and no time"),
        ("|format_datetime('%Q')", "2026-11-22", "format_datetime does not know %Q"),
        ("|format_datetime('%-d')", "2026-11-22", "format_datetime does not know %-"),
        ("|format_datetime('50%')", "2026-11-22", "format_datetime does not know %"),
        ("|format_datetime('%H', 'UTC')", "2026-11-22_08-30-00", "the time zone of this time is not known"),
        ("|format_datetime('%H', 'Mars')", "2026-11-22T08:30:00Z", "there is no time zone 'Mars'"),
        ("|format_datetime('%H', '../../etc/passwd')", "2026-11-22T08:30:00Z", "there is no time zone"),
        ("|map('x')", "a", "map takes a table"),
        ("|replace('', 'x')", "a", "replace needs a text to look for"),
        ("|int", "x", "'x' is not a whole number"),
        ("|int", "", "'' is not a whole number"),
        ("|int", "inf", "'inf' is not a whole number"),
        ("|float", "x", "'x' is not a number"),
        ("|round", "x", "'x' is not a number"),
        ("|round", [1], "round takes a number"),
        ("|join", "x", "join takes a list"),
        ("|first", 5, "first takes a list or a text"),
        ("|items", "x", "items takes a mapping"),
        ("|upper", [1], "a list cannot stand here"),
        ("|last('x')", "1", "not supported"),
        (" < 1", "1", "not supported"),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_the_expression(expression, value, sentence):
    """
    Of a whole template, an author must know which.
    """
    with pytest.raises(RenderError) as caught:
        filtered(expression, value)

    assert f"X{expression}: " in str(caught.value)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("|uper", "there is no filter uper: did you mean upper?"),
        ("|xyzzy", "there is no filter xyzzy"),
        (" is emtpy", "there is no test emtpy: did you mean empty?"),
        ("|e", "leave e out: every value is encoded for its place"),
        ("|escape", "leave escape out: every value is encoded for its place"),
        ("|urlencode", "leave urlencode out: every value is encoded for its place"),
        ("|tojson", "leave tojson out: every value is encoded for its place"),
        ("|safe", "there is no filter safe; raw is the way round the encoding"),
        ("|raw|upper", "raw stands last, where a value is put out"),
        ("|last(1, 2)", "last: too many positional arguments"),
        ("|replace('a')", "replace: missing a required argument: 'new'"),
        ("|last(size=2)", "last: got an unexpected keyword argument 'size'"),
        ("|last(*[1])", "last takes its arguments one by one"),
        (".encode()", "a template calls nothing; write a filter, as in {{ CALL_QUEUE | lower }}"),
    ],
)
def test_a_misspelt_filter_is_refused_when_read(expression, sentence):
    """
    With what was meant.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        filtered(expression, "")

    assert sentence == caught.value.problem


def test_tojson_is_what_a_json_value_gets_anyway():
    """
    Said where it is true, it does no harm.
    """
    template = compile_template('{"a": {{ X | tojson }}}', Kind.JSON, names={"X"})

    assert '{"a":"\\"b"}' == template.render({"X": '"b'})


def test_raw_writes_the_value_as_it_is():
    """
    The only way round; the result must be what it says it is all the same.
    """
    template = compile_template('{"a": {{ X | raw }}}', Kind.JSON, names={"X"})

    assert '{"a":{"b": 1}}' == template.render({"X": '{"b": 1}'})
    with pytest.raises(TemplateError, match="the result is not JSON"):
        template.render({"X": "}"})
