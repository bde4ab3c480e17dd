"""
The filters and tests of calls: numbers, times, tables, texts.
"""

import subprocess
import sys
from zoneinfo import ZoneInfo

import pytest

from webhook_engine.errors import RenderError
from webhook_engine.templating import Kind, compile_template

NAMES = ("X", "Y")


def filtered(expression, value="", **options):
    template = compile_template(
        f"{{{{ {expression} }}}}", Kind.VALUE, names=NAMES, **{"country": "ZA", **options}
    )
    return template.value({"X": value, "Y": ""})


NUMBERS = {
    "national": "0821234567",
    "national, written by people": "082 123-4567",
    "in brackets": "(082) 123 4567",
    "international": "+27821234567",
    "international with 00": "0027821234567",
    "international without plus": "27821234567",
    "a SIP address": "sip:+27821234567@pbx0.example.com;user=phone",
    "a telephone URI": "tel:+27-82-123-4567;ext=12",
    "a caller id": "Conrad <0821234567@pbx0.euphoria.co.za>",
    "a number at a PBX": "0821234567@pbx0",
    "blanks around": "  0821234567 ",
    "no-break blanks": "082\u00a0123\u00a04567",
}


@pytest.mark.parametrize("value", NUMBERS.values(), ids=NUMBERS.keys())
def test_one_number_has_one_form(value):
    """
    However the platform or a person wrote it.
    """
    assert "+27821234567" == filtered("X | e164", value)
    assert "0027821234567" == filtered("X | international", value)
    assert "0821234567" == filtered("X | national", value)
    assert "821234567" == filtered("X | last(9)", value)


NO_NUMBERS = [
    "",
    "anonymous",
    "Anonymous <anonymous@anonymous.invalid>",
    "withheld",
    "unknown",
    "Restricted",
    "101",
    "*100",
    "#31#",
    "999999999999999999",
    "082123456x",
    "0821234567,,1",
    "+",
    "++27821234567",
    "sip:alice@example.com",
    "1" * 5_000,
    "0" * 1_000,
    "100",
    "100-Euphoria",
    "Conrad <100@pbx0.example.com>",
    "sip:100@pbx0",
    "112",
    "10111",
    "12345678901234567890",
    "082123abcd",
    "+999 12345",
    "0821234567 0821234567",
    "\ud800",
    "٠٨٢١٢٣٤٥٦٧",
]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: value[:20] or "nothing")
def test_what_is_no_number_becomes_nothing(value):
    """
    Withheld, a colleague's extension, a typing error: `when_empty` says what happens then.
    """
    assert ("", "", "") == (
        filtered("X | e164", value),
        filtered("X | national", value),
        filtered("X | international", value),
    )


def test_a_number_abroad_keeps_its_country():
    """
    The tenant's country only fills in what a number leaves out.
    """
    assert "+4930901820" == filtered("X | e164", "+49 30 901820")
    assert "+4930901820" == filtered("X | e164", "0049 30 901820")
    assert "030901820" == filtered("X | national", "+49 30 901820")
    assert "+4930901820" == filtered("X | e164('DE')", "030 901820")
    assert "+390612345678" == filtered("X | e164('IT')", "06 1234 5678")


def test_without_a_country_only_whole_numbers_are_known():
    """
    A national number could be anywhere.
    """
    assert "" == filtered("X | e164", "0821234567", country=None)
    assert "+27821234567" == filtered("X | e164", "+27821234567", country=None)


@pytest.mark.parametrize(
    ("value", "digits", "last"),
    [
        ("+27 (82) 123", "2782123", "123"),
        ("101", "101", "101"),
        ("anonymous", "", ""),
        ("٣4", "4", "4"),
        (75, "75", "75"),
    ],
)
def test_digits_are_0_to_9(value, digits, last):
    """
    `last(n)` gives what is there where there is less.
    """
    assert digits == filtered("X | digits", value)
    assert last == filtered("X | last(3)", value)


def test_number_tables_are_loaded_only_when_asked_for():
    """
    They take 70 ms, which templates without a number form do not pay.
    """
    program = (
        "import sys\n"
        "from webhook_engine.templating import Kind, compile_template\n"
        "t = compile_template('{X}{{ X | digits }}', Kind.TEXT, names=['X'])\n"
        "assert t.render({'X': '1'}) == '11'\n"
        "assert 'phonenumbers' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("expression", "value", "text"),
    [
        ("X | format_datetime('%d/%m/%Y %H:%M')", "2026-03-02_10-15-30", "02/03/2026 10:15"),
        ("X | format_datetime('%d %b %Y')", "2026-03-02", "02 Mar 2026"),
        ("X | format_datetime('%H:%M:%S')", "10-15-30", "10:15:30"),
        ("X | format_datetime", "2026-03-02_10-15-30", "2026-03-02T10:15:30+02:00"),
        ("X | format_datetime('iso', 'UTC')", "2026-03-02_10-15-30", "2026-03-02T08:15:30+00:00"),
        ("X | format_datetime('%Y-%m-%dT%H:%M:%SZ', 'UTC')", "2026-03-02_10-15-30", "2026-03-02T08:15:30Z"),
        ("X | format_datetime('%H:%M', 'Europe/Berlin')", "2026-07-02T08:15:30+00:00", "10:15"),
        ("X | format_datetime('%d.%m.%Y')", "", ""),
        ("X | format_datetime('100%%')", "2026-03-02", "100%"),
    ],
)
def test_times_take_any_shape(expression, value, text):
    """
    From the shapes of the DATETIME variables, in the tenant's zone, or from ISO 8601.
    """
    assert text == filtered(expression, value, time_zone=ZoneInfo("Africa/Johannesburg"))


@pytest.mark.parametrize(
    ("expression", "value", "problem"),
    [
        ("X | format_datetime('%d')", "tomorrow", "'tomorrow' is no date and no time"),
        ("X | format_datetime('%Q')", "2026-03-02", "does not know %Q"),
        ("X | format_datetime('%')", "2026-03-02", "does not know %"),
        ("X | format_datetime('%1000000000d')", "2026-03-02", "does not know %1"),
        ("X | format_datetime('%d', 'Mars/Olympus')", "2026-03-02_00-00-00", "no time zone 'Mars/Olympus'"),
        ("X | format_datetime('%d', '../../etc/passwd')", "2026-03-02_00-00-00", "no time zone"),
    ],
)
def test_a_time_that_cannot_be_told_is_an_error(expression, value, problem):
    """
    With what is wrong with it.
    """
    with pytest.raises(RenderError, match=problem):
        filtered(expression, value, time_zone=ZoneInfo("Africa/Johannesburg"))


def test_another_zone_needs_to_know_this_one():
    """
    Without a tenant's zone a time on the wall cannot be told elsewhere.
    """
    with pytest.raises(RenderError, match="time zone of this time is not known"):
        filtered("X | format_datetime('iso', 'UTC')", "2026-03-02_10-15-30")


@pytest.mark.parametrize(
    ("value", "mapped"),
    [("Success", "WON"), ("SUCCESS", "WON"), (" success ", "WON"), ("Failed", 2), ("Unsure", ""), ("", "")],
)
def test_a_table_maps_whatever_case(value, mapped):
    """
    What is in no row becomes nothing, for `default` or `when_empty` to fill.
    """
    assert mapped == filtered("X | map({'Success': 'WON', 'failed': 2})", value)


def test_a_table_may_say_what_else():
    """
    Or `default` does.
    """
    assert "OPEN" == filtered("X | map({'Success': 'WON'}, 'OPEN')", "Unsure")
    assert "OPEN" == filtered("X | map({'Success': 'WON'}) | default('OPEN')", "Unsure")
    assert "yes" == filtered("X | map({1: 'yes'})", 1)


@pytest.mark.parametrize(
    ("expression", "value", "result"),
    [
        ("X | default('-')", "", "-"),
        ("X | default('-')", 0, 0),
        ("X | default('-')", False, False),
        ("X.missing | default('-')", "x", "-"),
        ("X | d('-')", "a", "a"),
        ("X | lower", "ÄB", "äb"),
        ("X | upper", "ab", "AB"),
        ("X | trim", " a\n", "a"),
        ("X | replace('a', 'bb')", "aXa", "bbXbb"),
        ("X | truncate(5)", "abcdefgh", "abcde"),
        ("X | truncate(5, '…')", "abcdefgh", "abcd…"),
        ("X | truncate(8)", "abcdefgh", "abcdefgh"),
        ("X | int", " 42 ", 42),
        ("X | int", "42.7", 42),
        ("X | int(0)", "x", 0),
        ("X | int", 42, 42),
        ("X | float", "1.5", 1.5),
        ("X | float", "2", 2.0),
        ("X | float(none)", "x", ""),
        ("X | round", 1.6, 2),
        ("X | round(1)", 1.26, 1.3),
        ("X | round(1)", "1.26", 1.3),
        ("X | length", "abc", 3),
        ("X | split(',') | length", "a,b", 2),
        ("X | split(',') | join('; ')", "a, b", "a; b"),
        ("X | split | first", "a b", "a"),
        ("X | first", "abc", "a"),
        ("X | first", "", ""),
        ("X | string ~ 1", 5, "51"),
        ("X | startswith('a')", "abc", True),
        ("X | endswith('a')", "abc", False),
        ("X is empty", "", True),
        ("X is empty", 0, False),
        ("X is string", "a", True),
        ("X is number", 1, True),
        ("X is number", True, False),
        ("X is boolean", True, True),
        ("X is defined and X is not none", "", True),
        ("X is in ['a', 'b']", "a", True),
        ("[1] is sequence and {} is mapping", "", True),
        ("X is undefined", "", False),
    ],
)
def test_texts_and_numbers(expression, value, result):
    """
    What Jinja's filters of these names do, on texts, numbers and flat lists.
    """
    found = filtered(expression, value)

    assert (type(result), result) == (type(found), found)


@pytest.mark.parametrize(
    ("expression", "value", "problem"),
    [
        ("X | map('x')", "a", "map takes a table"),
        ("X | replace('', 'x')", "a", "replace needs a text to look for"),
        ("X | join", "abc", "join takes a list"),
        ("X | int", "", "'' is not a whole number"),
        ("X | float", "nope", "'nope' is not a number"),
        ("X | int", "9" * 5_000, "is not a whole number"),
        ("X | round", "nope", "is not a number"),
        ("X | items", "a", "items takes a mapping"),
        ("[1] | upper", "a", "a list cannot stand here"),
    ],
)
def test_a_filter_that_cannot_says_why(expression, value, problem):
    """
    And which expression it stands in.
    """
    with pytest.raises(RenderError, match=problem):
        filtered(expression, value)
