"""
For every value: the rendered message has the template's structure, and each slot decodes to exactly the value.
"""

import json
import re
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webhook_engine.errors import TemplateError, UnsafeValue
from webhook_engine.templating import Kind, compile_template

NAMES = ("CALLERID", "CALL_NOTES", "CALL_DURATION", "ACCOUNT")
"""Two that are always text, one that is a number, and one of an embedding application."""

anything = st.text(st.characters(blacklist_categories=()))
nasty = st.text("\"'<>&{}[]%+/\\.?#;=: \t\r\n\x00\x0b\x1f\x7f\x85\u2028\ufffe\ud800é渡𝔘-_~!$(),*A0")
values = st.one_of(
    anything, nasty, st.integers(), st.floats(), st.booleans(), st.sampled_from([".", "..", ""])
)
calls = st.fixed_dictionaries(dict.fromkeys(NAMES, values))


def text(value):
    """
    What a value reads as where the slot carries text.
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def rendered(template, call):
    """
    The rendered text, or None where a value was refused; bytes and text agree.
    """
    try:
        made = template.render_bytes(call)
    except UnsafeValue:
        with pytest.raises(UnsafeValue):
            template.render(call)
        return None
    assert made.decode() == template.render(call)
    return made.decode()


URL = compile_template(
    "https://crm.example.com/api/{CALLERID}/x{CALL_NOTES}.json/{CALL_DURATION}{ACCOUNT}"
    "?p={CALLERID}&{CALL_NOTES}=q&r=a{CALL_DURATION}b<ACCOUNT>#at-{CALLERID}",
    Kind.URL,
    names=NAMES,
)


@given(calls)
@example({"CALLERID": "a", "CALL_NOTES": "b", "CALL_DURATION": ".", "ACCOUNT": "."})
@example({"CALLERID": "a", "CALL_NOTES": "", "CALL_DURATION": "", "ACCOUNT": ""})
def test_a_url_keeps_its_structure(call):
    """
    Segments, parameters and fragment are those of the template.
    """
    if (made := rendered(URL, call)) is None:
        return
    caller, notes, duration, account = (text(call[name]) for name in NAMES)

    parts = urlsplit(made)

    assert ("https", "crm.example.com") == (parts.scheme, parts.netloc)
    assert ["", "api", caller, f"x{notes}.json", f"{duration}{account}"] == [
        unquote(each) for each in parts.path.split("/")
    ]
    assert not {".", ".."} & set(parts.path.split("/"))
    assert [("p", caller), (notes, "q"), ("r", f"a{duration}b{account}")] == parse_qsl(
        parts.query, keep_blank_values=True
    )
    assert f"at-{caller}" == unquote(parts.fragment)


FORM = compile_template("a={CALLERID}&{CALL_NOTES}=x&b={CALL_DURATION}{ACCOUNT}", Kind.FORM, names=NAMES)


@given(calls)
def test_a_form_keeps_its_structure(call):
    """
    No field comes from a value.
    """
    if (made := rendered(FORM, call)) is None:
        return
    caller, notes, duration, account = (text(call[name]) for name in NAMES)

    assert [("a", caller), (notes, "x"), ("b", duration + account)] == parse_qsl(made, keep_blank_values=True)


JSON = compile_template(
    '{"a": "{CALLERID}", "b": [{CALL_DURATION}, "{CALL_DURATION}", {CALL_NOTES}, 1.50, true, null],\n'
    ' "c": {"d": "x {CALL_NOTES} y {ACCOUNT}", "e": {ACCOUNT}, "\\u00e9\\"": ""}}',
    Kind.JSON,
    names=NAMES,
)


@given(calls)
@example(dict.fromkeys(NAMES, 2**64))
@example(dict.fromkeys(NAMES, -(2**80)))
def test_json_keeps_its_structure(call):
    """
    Quoted places are texts, bare places keep the type of their value.
    """
    if (made := rendered(JSON, call)) is None:
        return
    caller, notes, duration, account = (call[name] for name in NAMES)

    expected = {
        "a": text(caller),
        "b": [duration, text(duration), notes, 1.5, True, None],
        "c": {"d": f"x {text(notes)} y {text(account)}", "e": account, 'é"': ""},
    }
    # As text, since true is 1 to Python; an integer float may lose its type in JSON, not its value.
    assert json.dumps(expected) == json.dumps(json.loads(made))


JSON_NAMES = compile_template('{"{CALLERID}": 1, "x{ACCOUNT}": {CALL_NOTES}}', Kind.JSON, names=NAMES)


@given(calls)
def test_json_names_may_hold_values(call):
    """
    A name is a string like another.
    """
    if (made := rendered(JSON_NAMES, call)) is None:
        return

    pairs = json.loads(made, object_pairs_hook=list)

    assert json.dumps(
        [[text(call["CALLERID"]), 1], ["x" + text(call["ACCOUNT"]), call["CALL_NOTES"]]]
    ) == json.dumps(pairs)


XML = compile_template(
    "<?xml version='1.0'?>\n<call by=\"{CALLERID}\" at='x{CALL_NOTES}'>\n"
    "<name>{CALLERID}</name><notes><![CDATA[<{CALL_NOTES}>]]></notes><n>{CALL_DURATION} &amp; {ACCOUNT}</n></call>",
    Kind.XML,
    names=NAMES,
)
PLAIN_XML = compile_template(
    "<call><name>{CALLERID}</name><notes>{CALL_NOTES}</notes><n>{CALL_DURATION}{ACCOUNT}</n></call>",
    Kind.XML,
    names=NAMES,
)


@given(calls)
def test_xml_keeps_its_structure(call):
    """
    Elements and attributes are those of the template, line ends and blanks included.
    """
    if (made := rendered(XML, call)) is None:
        return
    caller, notes, duration, account = (text(call[name]) for name in NAMES)

    root = ElementTree.fromstring(made.encode())

    assert {"by": caller, "at": f"x{notes}"} == root.attrib
    expected = [("name", caller), ("notes", f"<{notes}>"), ("n", f"{duration} & {account}")]
    assert expected == [(child.tag, child.text or "") for child in root]


@given(calls)
def test_xml_without_attributes_keeps_its_structure(call):
    """
    The form that is written fastest is looked at like the others.
    """
    if (made := rendered(PLAIN_XML, call)) is None:
        return
    caller, notes, duration, account = (text(call[name]) for name in NAMES)

    root = ElementTree.fromstring(made.encode())

    assert [caller, notes, duration + account] == [child.text or "" for child in root]


HEADER = compile_template("v={CALLERID}; n=<CALL_NOTES>;{CALL_DURATION}{ACCOUNT}", Kind.HEADER, names=NAMES)


@given(calls)
def test_a_header_stays_one_line(call):
    """
    What passes is sent as it is, and read as it is.
    """
    if (made := rendered(HEADER, call)) is None:
        return
    caller, notes, duration, account = (text(call[name]) for name in NAMES)

    assert f"v={caller}; n={notes};{duration}{account}" == made
    assert made.strip() == made or "\x85" in made or "\xa0" in made or not made.isascii()
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", made)


TEMPLATES = [
    (
        Kind.URL,
        "https://h.example/{CALLERID}/{CALL_NOTES}x/{CALL_DURATION}{ACCOUNT}?a={CALLERID}&b={CALL_NOTES}+{ACCOUNT}#{CALL_DURATION}",
    ),
    (Kind.URL, "https://h.example/.{CALLERID}/{CALL_NOTES}.?{ACCOUNT}={CALL_DURATION}"),
    (Kind.URL, "http://h.example"),
    (Kind.HEADER, "{CALLERID}"),
    (Kind.HEADER, "a {CALL_NOTES} {CALL_DURATION} b"),
    (Kind.FORM, "a={CALLERID}&b=x+y{CALL_NOTES}"),
    (Kind.JSON, '{"a": "{CALLERID}", "b": {CALL_DURATION}, "c": ["{CALL_NOTES}-{ACCOUNT}", {ACCOUNT}]}'),
    (Kind.JSON, '{"a": {CALLERID}, "a": "{CALLERID}"}'),
    (Kind.JSON, "{CALL_NOTES}"),
    (Kind.JSON, '"{CALL_NOTES}\ue000"'),
    (Kind.JSON, '[1.10, 1e5, 123456789012345678901234567890, -0, "{CALLERID}", true, null, "\\u20ac\\/"]'),
    (Kind.XML, "<a>{CALLERID}<b>{CALL_NOTES}</b>{CALL_DURATION}{ACCOUNT}</a>"),
    (Kind.XML, "<a>\n <b>{CALL_NOTES}</b>\n</a>"),
    (Kind.XML, "<a x='{CALLERID}' y=\"{CALL_NOTES}\">{ACCOUNT}</a>"),
    (Kind.TEXT, "Dear {CALLERID}, {CALL_NOTES}\n{CALL_DURATION} {ACCOUNT}"),
    (Kind.VALUE, "{CALLERID} {ACCOUNT}"),
]


@pytest.mark.parametrize(
    ("kind", "source"), TEMPLATES, ids=[f"{kind}: {source}" for kind, source in TEMPLATES]
)
@given(call=calls)
def test_generated_code_and_jinja_agree(kind, source, call):
    """
    The fast way and the general way are one way: same text, or refused alike.
    """
    generated = compile_template(source, kind, names=NAMES)
    by_jinja = compile_template(
        "{% if true %}{% endif %}" + re.sub(r"\{([A-Z_]+)\}", r"{{ \1 }}", source), kind, names=NAMES
    )

    assert (True, False) == (generated.is_generated, by_jinja.is_generated)
    assert outcome(by_jinja, call) == outcome(generated, call)


def outcome(template, call):
    """
    The bytes, or the kind of refusal.
    """
    try:
        made = template.render_bytes(call)
    except TemplateError as error:
        return type(error)
    return made


@given(st.text(), st.sampled_from(list(Kind)))
def test_a_value_is_never_read_as_template(value, kind):
    """
    One pass: what looks like a token in a value is text.
    """
    sources = {
        Kind.URL: "https://h.example/?a={CALL_NOTES}",
        Kind.JSON: '"{CALL_NOTES}"',
        Kind.XML: "<a>{CALL_NOTES}</a>",
    }
    template = compile_template(sources.get(kind, "{CALL_NOTES}"), kind, names=NAMES)
    call = {"CALL_NOTES": f"{{CALLERID}}<CALLERID>{{{{ CALLERID }}}}{value}", "CALLERID": "s3cret"}

    made = outcome(template, call)

    assert made is UnsafeValue or b"s3cret" not in made
