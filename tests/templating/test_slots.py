"""
A value means the same on the far side, whatever it holds.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.templating.readers import READERS
from webhook_engine.errors import RenderError, UnsafeValue
from webhook_engine.templating import ESCAPERS, Slot

HOSTILE = {
    "the manual's caller id": "Conrad <100@pbx0.euphoria.co.za>",
    "a second parameter": "1&admin=true",
    "a second field with a semicolon": "1;admin=true",
    "a fragment": "1#top",
    "a plus is not a space": "+27 10 593 4500",
    "a percent sign is data": "100%25 %zz %",
    "a slash does not add a segment": "a/b\\c",
    "a quote does not end a string": '"},{"admin": true',
    "a backslash does not escape": '\\" \\u0022',
    "a tag": "<script>alert('1')</script>",
    "the end of CDATA": "]]>",
    "an entity": "&amp;&#60;&lol;",
    "a token": "{CALL_NOTES}<CALL_NOTES>",
    "Jinja": "{{ 7 * 7 }}{% raw %}{# #}",
    "an accent": "Zoë Müller",
    "beyond the basic plane": "渡辺 𝔘 👩‍👩‍👧",
    "a format string": "%s {0} $x ${x} #{x}",
    "sub-delimiters": "!$&'()*+,;=:@/?[]",
    "unreserved": "A-z0.9_~",
    "a long text": "x" * 10_000,
    "nothing": "",
}

LINES = {
    "a line break": "one\ntwo",
    "a carriage return": "one\r\ntwo\rthree",
    "a tab": "one\ttwo",
    "a next-line control": "one\x85two",
    "a line separator": "one\u2028two",
}

TEXT_SLOTS = [slot for slot in Slot if slot is not Slot.URL_HOST]
"""A host is no text: letters, digits, hyphens and dots."""


def test_every_slot_has_an_escaper_and_a_reader():
    """
    A slot without an escaper would be a hole.
    """
    assert set(Slot) == set(ESCAPERS) == set(READERS)


@pytest.mark.parametrize("slot", TEXT_SLOTS, ids=lambda slot: slot.value)
@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_survives_the_round_trip(slot, value):
    """
    What the target reads is what the agent's call held.
    """
    wire = ESCAPERS[slot](value)

    assert value == READERS[slot](wire)


@pytest.mark.parametrize(
    "slot", [slot for slot in TEXT_SLOTS if slot is not Slot.HEADER], ids=lambda slot: slot.value
)
@pytest.mark.parametrize("value", LINES.values(), ids=LINES.keys())
def test_lines_survive_wherever_a_slot_can_carry_them(slot, value):
    """
    XML parsers fold line ends and blanks in attributes, unless they are written as references.
    """
    wire = ESCAPERS[slot](value)

    assert value == READERS[slot](wire)


@pytest.mark.parametrize("slot", TEXT_SLOTS, ids=lambda slot: slot.value)
@given(value=st.text(st.characters(blacklist_categories=())))
def test_any_text_survives_or_is_refused(slot, value):
    """
    There is no third outcome: nothing is repaired, dropped or replaced.
    """
    try:
        wire = ESCAPERS[slot](value)
    except UnsafeValue:
        return

    assert value == READERS[slot](wire)


@pytest.mark.parametrize("slot", TEXT_SLOTS, ids=lambda slot: slot.value)
def test_half_a_character_is_refused_everywhere(slot):
    """
    UTF-8 cannot carry half of a surrogate pair, and dropping it would change the value.
    """
    with pytest.raises(UnsafeValue, match=r"surrogate|U\+D800"):
        ESCAPERS[slot]("a\ud800b")


@pytest.mark.parametrize(
    ("value", "text"),
    [(75, "75"), (-1, "-1"), (1.5, "1.5"), (True, "true"), (False, "false"), (2**70, str(2**70)), (None, "")],
    ids=repr,
)
@pytest.mark.parametrize(
    "slot", [slot for slot in TEXT_SLOTS if slot is not Slot.JSON_VALUE], ids=lambda slot: slot.value
)
def test_numbers_and_truth_are_written_as_text(slot, value, text):
    """
    True is `true`, as JSON, XML Schema and every form's reader know it.
    """
    assert text == READERS[slot](ESCAPERS[slot](value))


@pytest.mark.parametrize("slot", TEXT_SLOTS, ids=lambda slot: slot.value)
def test_a_host_object_is_refused(slot):
    """
    What is neither text nor number has no text of its own.
    """
    with pytest.raises(RenderError, match="cannot stand here"):
        ESCAPERS[slot](object())


# --- URL ---------------------------------------------------------------------


def test_a_space_in_a_query_is_percent_20_and_a_plus_percent_2b():
    """
    A plus means a space to some readers of a query and a plus to others; %20 and %2B are read by all.
    """
    assert "a%20b%2Bc" == ESCAPERS[Slot.URL_QUERY]("a b+c")


def test_a_space_in_a_form_is_a_plus():
    """
    As the form encoding has it.
    """
    assert "a+b%2Bc" == ESCAPERS[Slot.FORM]("a b+c")


@pytest.mark.parametrize(
    "slot", [Slot.URL_PATH, Slot.URL_QUERY, Slot.URL_FRAGMENT, Slot.FORM], ids=lambda slot: slot.value
)
@given(value=st.text())
def test_only_unreserved_characters_stand_bare(slot, value):
    """
    No delimiter of any layer is left to chance.
    """
    unreserved = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%")
    try:
        wire = ESCAPERS[slot](value)
    except UnsafeValue:
        return

    assert set(wire) <= unreserved | ({"+"} if slot is Slot.FORM else set())


@pytest.mark.parametrize("dots", [".", ".."])
def test_a_path_refuses_dots(dots):
    """
    Dots climb, and percent-encoding does not stop them.
    """
    with pytest.raises(UnsafeValue, match="would climb"):
        ESCAPERS[Slot.URL_PATH](dots)


@pytest.mark.parametrize("value", ["a/b", "a@b", "a:1", "a b", "ä", "a%2e", "a\\b", "a?b", "a#b", "[::1]"])
def test_a_host_is_letters_digits_hyphens_and_dots(value):
    """
    Anything else could start another part of the URL.
    """
    with pytest.raises(UnsafeValue, match="host name cannot carry"):
        ESCAPERS[Slot.URL_HOST](value)


# --- JSON --------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [0, -1, 2**63, 2**200, 1.5, -0.0, 1e300, True, False, None, "x", [1, "a"], {"a": [None]}],
    ids=repr,
)
def test_a_bare_json_value_keeps_its_type(value):
    """
    Integers beyond 64 bits included.
    """
    read = READERS[Slot.JSON_VALUE](ESCAPERS[Slot.JSON_VALUE](value))

    assert (type(value), value) == (type(read), read)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")], ids=repr)
def test_json_refuses_what_it_has_no_number_for(value):
    """
    Null would be another value.
    """
    with pytest.raises(UnsafeValue, match="JSON has no number"):
        ESCAPERS[Slot.JSON_VALUE](value)


# --- XML ---------------------------------------------------------------------


@pytest.mark.parametrize("slot", [Slot.XML_TEXT, Slot.XML_ATTRIBUTE], ids=lambda slot: slot.value)
@pytest.mark.parametrize("code", [0x0, 0x8, 0xB, 0xC, 0xE, 0x1F, 0xD800, 0xFFFE, 0xFFFF], ids=hex)
def test_xml_refuses_what_no_document_can_hold(slot, code):
    """
    Not even a character reference can carry these.
    """
    with pytest.raises(UnsafeValue, match=f"U\\+{code:04X}"):
        ESCAPERS[slot](f"a{chr(code)}b")


# --- Headers -----------------------------------------------------------------


@pytest.mark.parametrize("breaker", ["\r", "\n", "\x00", "\x0b", "\x1f", "\x7f"], ids=repr)
def test_a_header_refuses_rather_than_repairs(breaker):
    """
    A value that would end the header early is an error, never trimmed.
    """
    with pytest.raises(UnsafeValue, match="header cannot carry"):
        ESCAPERS[Slot.HEADER](f"note{breaker}X-Admin: 1")


def test_a_header_carries_a_tab():
    """
    RFC 9110 allows one between words.
    """
    assert "a\tb" == ESCAPERS[Slot.HEADER]("a\tb")
