"""
Parameters become a query, a form, a JSON tree or an XML tree, and each says what happens when it is empty.
"""

import json
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.errors import (
    EmptyParameter,
    TemplateSyntaxError,
    TemplateTooLarge,
    UnsafeValue,
)
from webhook_engine.templating import Bounds, Kind, Slot, compile_body, compile_url

NAMES = ("CALLERID", "CALLERID_NUMBER", "CALL_DURATION", "CALL_NOTES", "A", "B")
CALL = {
    "CALLERID": "Conrad <100@pbx0>",
    "CALLERID_NUMBER": "0821234567",
    "CALL_DURATION": 75,
    "CALL_NOTES": "",
    "A": "a&b",
    "B": 1.5,
}


@dataclass
class Parameter:
    name: str
    value: str
    when_empty: str = "send"
    default: str | None = None


def url(source, *parameters, call=CALL, **options):
    return compile_url(source, parameters, names=NAMES, country="ZA", **options).render(call)


def body(encoding, *parameters, call=CALL, **options):
    return (
        compile_body(parameters, encoding, names=NAMES, country="ZA", **options).render_bytes(call).decode()
    )


# --- Query ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("https://h.example", "https://h.example/?p=a%26b&q=1.5"),
        ("https://h.example/x", "https://h.example/x?p=a%26b&q=1.5"),
        ("https://h.example/x?", "https://h.example/x?p=a%26b&q=1.5"),
        ("https://h.example/x?k=v", "https://h.example/x?k=v&p=a%26b&q=1.5"),
        ("https://h.example/x?k=v&", "https://h.example/x?k=v&p=a%26b&q=1.5"),
        ("https://h.example/x?k={A}", "https://h.example/x?k=a%26b&p=a%26b&q=1.5"),
        ("https://h.example/{A}#top", "https://h.example/a%26b?p=a%26b&q=1.5#top"),
        ("https://h.example/x?k=v#{A}?", "https://h.example/x?k=v&p=a%26b&q=1.5#a%26b?"),
        ("https://h.example/{{ A }}#top", "https://h.example/a%26b?p=a%26b&q=1.5#top"),
        ("https://h.example/?{% if B %}k=v{% endif %}", "https://h.example/?k=v&p=a%26b&q=1.5"),
        ("https://h.example/?{% if not B %}k=v{% endif %}", "https://h.example/?p=a%26b&q=1.5"),
    ],
)
@pytest.mark.parametrize("value", ["{B}", "{{ B }}"])
def test_parameters_follow_the_urls_own_query(source, made, value):
    """
    Joined as it takes, before the fragment.
    """
    assert made == url(source, Parameter("p", "{A}"), Parameter("q", value))


def test_names_are_encoded_like_values():
    """
    A name is text, whatever it looks like.
    """
    assert "https://h.example/?a%20b%26%5B%5D=1&%7BA%7D=2" == url(
        "https://h.example/", Parameter("a b&[]", "1"), Parameter("{A}", "2")
    )


def test_a_parameter_given_twice_is_sent_twice():
    """
    In its order, as forms do.
    """
    assert "https://h.example/?p=1&p=2" == url("https://h.example/", Parameter("p", "1"), Parameter("p", "2"))


def test_without_parameters_the_url_is_its_template():
    """
    Nothing is added.
    """
    assert "https://h.example/x?" == url("https://h.example/x?")


# --- When empty ------------------------------------------------------------------

EMPTY = [
    "{CALL_NOTES}",
    "{{ CALL_NOTES }}",
    "{CALL_NOTES}{CALL_NOTES}",
    "",
    "{{ none }}",
    "{{ 'anonymous' | e164 }}",
]


@pytest.mark.parametrize("value", EMPTY)
def test_send_sends_it_empty(value):
    """
    The target sees that there is nothing.
    """
    empty = Parameter("p", value)

    assert "https://h.example/?p=&q=1" == url("https://h.example/", empty, Parameter("q", "1"))
    assert '{"p":""}' == body("json", empty)
    assert "p=" == body("url", empty)
    assert body("xml", empty).endswith("<request><p></p></request>")


@pytest.mark.parametrize("value", EMPTY)
def test_omit_leaves_it_out(value):
    """
    And what only it was in.
    """
    empty = Parameter("a.p", value, "omit")
    other = Parameter("q", "1")

    assert "https://h.example/?q=1" == url("https://h.example/", empty, other)
    assert "https://h.example/?q=1" == url("https://h.example/", other, empty)
    assert "https://h.example/?k=v#f" == url("https://h.example/?k=v#f", empty)
    assert "https://h.example/{}".format("#f") == url("https://h.example/#f", empty)
    assert '{"q":"1"}' == body("json", empty, other)
    assert "{}" == body("json", empty)
    assert "q=1" == body("url", empty, other)
    assert "" == body("url", empty)
    assert body("xml", empty).endswith("<request></request>")
    assert body("xml", empty, other).endswith("<request><q>1</q></request>")


def test_of_many_parameters_those_that_are_empty_are_left_out():
    """
    In their order, however many there are.
    """
    numbers = range(100)
    parameters = [Parameter(f"p{each}", "{A}" if each % 3 else "{B}", "omit") for each in numbers]
    expected = [f"p{each}" for each in numbers if each % 3]

    form = compile_body(parameters, "url", names=NAMES).render({"A": "x", "B": ""})
    xml = compile_body(parameters, "xml", names=NAMES).render({"A": "x", "B": ""})

    assert "&".join(f"{name}=x" for name in expected) == form
    assert expected == [element.tag for element in ElementTree.fromstring(xml.encode())]


def test_omit_keeps_what_is_there():
    """
    Zero and false are something.
    """
    full = [
        Parameter("a.p", "{A}", "omit"),
        Parameter("a.q", "{CALL_NOTES}", "omit"),
        Parameter("z", "{{ 0 }}", "omit"),
        Parameter("f", "{{ false }}", "omit"),
    ]

    assert '{"a":{"p":"a&b"},"z":0,"f":false}' == body("json", *full)
    assert "a.p=a%26b&z=0&f=false" == body("url", *full)
    assert body("xml", *full).endswith("<request><a><p>a&amp;b</p></a><z>0</z><f>false</f></request>")


@pytest.mark.parametrize("value", EMPTY)
def test_default_sends_something_else(value):
    """
    As it stands: a default is no template.
    """
    assert '{"p":"{A} & more"}' == body("json", Parameter("p", value, "default", "{A} & more"))
    assert "https://h.example/?p=%7BA%7D%20%26%20more" == url(
        "https://h.example/", Parameter("p", value, "default", "{A} & more")
    )
    assert '{"p":"a&b"}' == body("json", Parameter("p", "{A}", "default", "x"))


@pytest.mark.parametrize("value", EMPTY)
@pytest.mark.parametrize(("when_empty", "skips"), [("skip", True), ("fail", False)])
def test_skip_and_fail_send_nothing(value, when_empty, skips):
    """
    Skip is no error to anybody, fail is.
    """
    empty = Parameter("p", value, when_empty)

    for render in (
        lambda: url("https://h.example/", empty),
        *(lambda e=e: body(e, empty) for e in ("url", "json", "xml")),
    ):
        with pytest.raises(EmptyParameter, match="the parameter p is empty") as caught:
            render()
        assert ("p", skips) == (caught.value.parameter, caught.value.skips)

    assert '{"p":"a&b"}' == body("json", Parameter("p", "{A}", when_empty))


def test_skip_comes_before_a_value_that_cannot_be_sent():
    """
    Where nothing is sent, nothing can be unsafe.
    """
    with pytest.raises(EmptyParameter):
        url("https://h.example/{A}", Parameter("p", "", "skip"), call={**CALL, "A": ".."})


# --- Trees -----------------------------------------------------------------------

TREE = [
    Parameter("contact.phone", "{{ CALLERID_NUMBER | e164 }}"),
    Parameter("contact.name", "{CALLERID}"),
    Parameter("duration", "{CALL_DURATION}"),
    Parameter("note", "{CALL_DURATION} s, {A}"),
    Parameter("lines[0].sku", "x"),
    Parameter("lines[0].count", "{{ 2 }}"),
    Parameter("lines[1].sku", "{A}"),
    Parameter("tag", "1"),
    Parameter("tag", "{B}"),
]


def test_json_nests_and_keeps_types():
    """
    A value alone is what it is; text around it makes it text.
    """
    expected = {
        "contact": {"phone": "+27821234567", "name": "Conrad <100@pbx0>"},
        "duration": 75,
        "note": "75 s, a&b",
        "lines": [{"sku": "x", "count": 2}, {"sku": "a&b"}],
        "tag": ["1", 1.5],
    }

    assert expected == json.loads(body("json", *TREE))


def test_xml_nests_and_repeats():
    """
    A list is an element for each entry.
    """
    expected = (
        '<?xml version="1.0" encoding="UTF-8"?><call><contact><phone>+27821234567</phone>'
        "<name>Conrad &lt;100@pbx0&gt;</name></contact><duration>75</duration><note>75 s, a&amp;b</note>"
        "<lines><sku>x</sku><count>2</count></lines><lines><sku>a&amp;b</sku></lines><tag>1</tag><tag>1.5</tag></call>"
    )

    assert expected == body("xml", *TREE, root="call")


@pytest.mark.parametrize("value", ["{A}", "{{ A }}", "{A}{A}", "{{ A }}{A}"])
def test_none_is_empty_however_it_is_asked_for(value):
    """
    As a token, as an expression, as a text of both.
    """
    call = {"A": None}

    assert "https://h/?p=D" == url("https://h", Parameter("p", value, "default", "D"), call=call)
    with pytest.raises(EmptyParameter):
        url("https://h", Parameter("p", value, "skip"), call=call)


def test_xml_prefixes_are_declared_by_a_parameter():
    """
    Or the body is none that a parser reads.
    """
    call = Parameter("s:call.s:id", "{A}")

    sent = body("xml", Parameter("@xmlns:s", "urn:s"), call)

    assert "a&b" == ElementTree.fromstring(sent).find("{urn:s}call/{urn:s}id").text
    with pytest.raises(TemplateSyntaxError, match="the names of the parameters make no XML: unbound prefix"):
        body("xml", call)


def test_xml_takes_attributes():
    """
    Of the root as well, which is how a namespace is declared.
    """
    made = body(
        "xml",
        Parameter("@xmlns", "urn:x"),
        Parameter("a.@id", "{A}"),
        Parameter("a.b", "1"),
        Parameter("a.@n", "{CALL_NOTES}", "omit"),
        Parameter("c.@d", "2"),
    )

    assert made.endswith('<request xmlns="urn:x"><a id="a&amp;b"><b>1</b></a><c d="2"></c></request>')


def test_a_backslash_keeps_a_dot():
    """
    For a target whose names hold dots.
    """
    assert '{"a.b":{"c":"1"}}' == body("json", Parameter("a\\.b.c", "1"))


def test_no_parameters_make_an_empty_body():
    """
    Of its kind.
    """
    assert ("", "{}") == (body("url"), body("json"))
    assert body("xml").endswith("<request></request>")


@pytest.mark.parametrize(
    "names",
    [
        ("",),
        (".",),
        ("a.",),
        (".a",),
        ("a..b",),
        ("a[",),
        ("a[x]",),
        ("a]",),
        ("a[0]b",),
        ("[0]",),
        ("a", "a.b"),
        ("a.b", "a"),
        ("a[1]",),
        ("a[0]", "a[0]"),
        ("a[0]", "a.b"),
        ("a[0].b", "a"),
        ("a[0]", "a[0].b"),
        ("a", "a[0]"),
        (".".join("a" * 40),),
    ],
    ids=" + ".join,
)
@pytest.mark.parametrize("encoding", ["json", "xml"])
def test_names_that_make_no_tree_are_refused_when_read(names, encoding):
    """
    With the parameter that does not fit.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        body(encoding, *(Parameter(name, "1") for name in names))

    assert len(names) - 1 == caught.value.parameter


@pytest.mark.parametrize("name", ["1a", "a b", "a<b", "a.@", "@a.b", "a.-b", "a/b", "{A}"])
def test_names_that_xml_does_not_allow_are_refused_when_read(name):
    """
    In JSON they are names like others.
    """
    with pytest.raises(TemplateSyntaxError, match="not a name that XML allows") as caught:
        body("xml", Parameter("x", "1"), Parameter(name, "1"))
    assert 1 == caught.value.parameter
    assert body("json", Parameter("x", "1"), Parameter(name, "1"))


def test_an_attribute_is_a_plain_value():
    """
    It cannot be a list.
    """
    with pytest.raises(TemplateSyntaxError, match="@a"):
        body("xml", Parameter("@a", "1"), Parameter("@a", "2"))


def test_a_root_that_xml_does_not_allow_is_refused_when_read():
    """
    It is an element's name.
    """
    with pytest.raises(TemplateSyntaxError, match="not a name that XML allows"):
        body("xml", root="a b")


# --- What is told of them ----------------------------------------------------------


def test_a_mistake_in_a_value_names_its_parameter():
    """
    By position, with the column inside of that value.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        url("https://h.example/{A}", Parameter("p", "{A}"), Parameter("q", "to {CALERID} {CALL_NOTE}"))

    assert [(1, 4), (1, 14)] == [
        (error.parameter, error.column) for error in (caught.value, *caught.value.also)
    ]


def test_a_mistake_in_the_url_names_none():
    """
    It is the template's own.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        url("https://h.example/{CALERID}", Parameter("p", "{A}"))

    assert caught.value.parameter is None


def test_places_and_variables_are_those_of_all():
    """
    The URL's first, then each parameter's.
    """
    template = compile_url(
        "https://h.example/{A}",
        [Parameter("p", "{B}"), Parameter("q", "x {{ CALLERID | upper }}", "omit")],
        names=NAMES,
    )

    assert [
        ("A", Slot.URL_PATH, None),
        ("B", Slot.URL_QUERY, "p"),
        ("CALLERID | upper", Slot.URL_QUERY, "q"),
    ] == [(place.expression, place.slot, place.parameter) for place in template.places]
    assert {"A", "B", "CALLERID"} == template.variables
    assert (Kind.URL, False) == (template.kind, template.is_generated)


@pytest.mark.parametrize(
    ("encoding", "slots"),
    [
        ("url", [Slot.FORM, Slot.FORM, Slot.FORM]),
        ("json", [Slot.JSON_VALUE, Slot.JSON_STRING, Slot.JSON_VALUE]),
        ("xml", [Slot.XML_TEXT, Slot.XML_TEXT, Slot.XML_ATTRIBUTE]),
    ],
)
def test_the_slot_of_each_place_is_told(encoding, slots):
    """
    As the value will be encoded.
    """
    template = compile_body(
        [Parameter("p", "{A}"), Parameter("q", "x{A}"), Parameter("@r", "{{ A }}")], encoding, names=NAMES
    )

    assert slots == [place.slot for place in template.places]


@pytest.mark.parametrize("encoding", ["url", "json", "xml"])
def test_a_body_is_bounded(encoding):
    """
    Like every other template.
    """
    template = compile_body(
        [Parameter("p", "{A}"), Parameter("q", "{{ A }}")],
        encoding,
        names=NAMES,
        bounds=Bounds(output_chars=100),
    )

    assert template.render({"A": "x"})
    with pytest.raises(TemplateTooLarge):
        template.render({"A": "x" * 60})


values = st.one_of(
    st.text(st.characters(blacklist_categories=())),
    st.text("\"'<>&%+ \t\r\n\x00\ufffe\\{}"),
    st.integers(),
    st.floats(),
    st.booleans(),
)
VALUES = st.sampled_from(["{CALL_NOTES}", "{A}", "{{ A }}", "x{A}{CALL_NOTES}", "{{ A }}y", "z"])
RULES = st.sampled_from(["send", "omit", "default", "skip", "fail"])
PARAMETERS = st.lists(
    st.builds(Parameter, st.sampled_from(["a", "b.c", "b.d", "e.f.g", "h"]), VALUES, RULES, st.just("dflt")),
    max_size=6,
)


def text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def expected_fields(parameters, call):
    """
    What each parameter comes to, or None where nothing is sent.
    """
    fields = []
    for each in parameters:
        alone = each.value.strip("{} ")
        value = call.get(alone, each.value)
        if alone not in call:
            for token in ("{CALL_NOTES}", "{A}", "{{ A }}"):
                value = value.replace(token, text(call[token.strip("{} ")])) if token in each.value else value
        if value == "" and each.when_empty in {"skip", "fail"}:
            return None
        if value == "" and each.when_empty == "default":
            value = "dflt"
        if value != "" or each.when_empty != "omit":
            fields.append((each.name, value))
    return fields


@given(
    PARAMETERS,
    st.fixed_dictionaries({"CALL_NOTES": values.filter(lambda v: "{" not in text(v)), "A": values}),
)
def test_for_every_value_the_fields_are_those_of_the_parameters(parameters, call):
    """
    Query, form, JSON and XML alike: each decodes to the value, or the value is refused.
    """
    fields = expected_fields(parameters, call)
    made = {}
    for encoding in ("query", "url", "json", "xml"):
        try:
            made[encoding] = (
                url("https://h.example/", *parameters, call=call)
                if encoding == "query"
                else body(encoding, *parameters, call=call)
            )
        except EmptyParameter:
            assert fields is None
            return
        except UnsafeValue:
            continue
        except TemplateSyntaxError:
            # a and a.b together are no tree.
            continue

    assert fields is not None
    texts = [(name, text(value)) for name, value in fields]
    for encoding, wire in made.items():
        if encoding == "query":
            assert texts == parse_qsl(urlsplit(wire).query, keep_blank_values=True)
        elif encoding == "url":
            assert texts == parse_qsl(wire, keep_blank_values=True)
        elif encoding == "json":
            assert sorted(json.dumps(pair) for pair in fields) == sorted(
                json.dumps(pair) for pair in leaves(json.loads(wire))
            )
        else:
            assert sorted(texts) == sorted(elements(ElementTree.fromstring(wire.encode())))


def leaves(node, way=""):
    if isinstance(node, dict):
        return [leaf for name, child in node.items() for leaf in leaves(child, f"{way}.{name}".lstrip("."))]
    if isinstance(node, list):
        return [leaf for child in node for leaf in leaves(child, way)]
    return [(way, node)]


def elements(node, way=""):
    return [
        found
        for child in node
        for found in (
            elements(child, f"{way}{child.tag}.") if len(child) else [(f"{way}{child.tag}", child.text or "")]
        )
    ]
