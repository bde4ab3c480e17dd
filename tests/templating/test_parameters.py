"""
Parameters become a query, a form, a JSON tree or an XML tree, and each says what happens when it is empty.
"""

import json
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhook_engine.errors import EmptyParameter, RenderError, TemplateSyntaxError, UnsafeValue
from webhook_engine.templating import Kind, Slot, compile_body, compile_url

NAMES = frozenset({"CALLERID", "CALL_NOTES", "CALL_DURATION"})
CALL = {"CALLERID": "x", "CALL_NOTES": "", "CALL_DURATION": 75}


def parameter(name, value="{CALLERID}", when_empty="send", default=None):
    """
    As a definition has it.
    """
    return SimpleNamespace(name=name, value=value, when_empty=when_empty, default=default)


def left_out(name):
    """
    One that is empty in this call, and then omitted.
    """
    return parameter(name, "{CALL_NOTES}", "omit")


def compiled(parameters, encoding):
    """
    As a query or a body.
    """
    if encoding == "query":
        return compile_url("https://h/", parameters, names=NAMES)
    return compile_body(parameters, encoding, names=NAMES)


def sent(parameters, encoding, call=CALL):
    """
    What goes out, without XML's declaration.
    """
    template = compiled(parameters, encoding)
    made = template.render(call)
    assert made.encode() == template.render_bytes(call)
    return made.removeprefix('<?xml version="1.0" encoding="UTF-8"?>')


# --- When empty --------------------------------------------------------------

EMPTY = {
    ("query", "send"): "https://h/?a=&b=b",
    ("query", "omit"): "https://h/?b=b",
    ("query", "default"): "https://h/?a=d%20%26&b=b",
    ("url", "send"): "a=&b=b",
    ("url", "omit"): "b=b",
    ("url", "default"): "a=d+%26&b=b",
    ("json", "send"): '{"a":"","b":"b"}',
    ("json", "omit"): '{"b":"b"}',
    ("json", "default"): '{"a":"d &","b":"b"}',
    ("xml", "send"): "<request><a></a><b>b</b></request>",
    ("xml", "omit"): "<request><b>b</b></request>",
    ("xml", "default"): "<request><a>d &amp;</a><b>b</b></request>",
}
ENCODINGS = ["query", "url", "json", "xml"]
EMPTY_VALUES = ["{CALL_NOTES}", "{{ CALL_NOTES }}", "{{ CALL_NOTES | trim }}", "{{ none }}"]


@pytest.mark.parametrize("value", EMPTY_VALUES)
@pytest.mark.parametrize(("case", "expected"), EMPTY.items(), ids=[" ".join(case) for case in EMPTY])
def test_an_empty_parameter_does_what_it_says(case, expected, value):
    """
    By token or by expression, in every encoding.
    """
    encoding, when_empty = case
    if (value, when_empty) == ("{{ none }}", "send"):
        assert "none" not in sent([parameter("a", value)], encoding).lower()
        return

    assert expected == sent([parameter("a", value, when_empty, "d &"), parameter("b", "b")], encoding)


@pytest.mark.parametrize("value", EMPTY_VALUES)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("when_empty", "skips"), [("skip", True), ("fail", False)])
def test_an_empty_parameter_may_stop_it_all(encoding, value, when_empty, skips):
    """
    Nothing is sent, and the parameter is named.
    """
    template = compiled([parameter("b", "b"), parameter("a", value, when_empty)], encoding)

    with pytest.raises(EmptyParameter) as caught:
        template.render(CALL)

    assert ("a", skips) == (caught.value.parameter, caught.value.skips)


@pytest.mark.parametrize("when_empty", ["send", "omit", "default", "skip", "fail"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("value", [0, 0.0, False, " ", "0", "x"], ids=repr)
def test_zero_and_false_are_something(encoding, value, when_empty):
    """
    A call of no seconds is a call.
    """
    held = [parameter("a", "{CALL_DURATION}", when_empty, "d")]
    plain = [parameter("a", "{CALL_DURATION}")]
    call = {**CALL, "CALL_DURATION": value}

    assert sent(plain, encoding, call) == sent(held, encoding, call)


@pytest.mark.parametrize(
    ("url", "with_one", "with_none"),
    [
        ("https://h", "https://h/?p=x", "https://h/"),
        ("https://h/a", "https://h/a?p=x", "https://h/a"),
        ("https://h/?a=1", "https://h/?a=1&p=x", "https://h/?a=1"),
        ("https://h/?", "https://h/?p=x", "https://h/?"),
        ("https://h/?a=1&", "https://h/?a=1&p=x", "https://h/?a=1&"),
        ("https://h/#f", "https://h/?p=x#f", "https://h/#f"),
        ("https://h/#f?g", "https://h/?p=x#f?g", "https://h/#f?g"),
        ("https://h/?a#f?g", "https://h/?a&p=x#f?g", "https://h/?a#f?g"),
        ("https://h/{CALLERID}#{CALLERID}", "https://h/x?p=x#x", "https://h/x#x"),
        ("https://h/?{CALLERID}", "https://h/?x&p=x", "https://h/?x"),
        ("https://h/{{ CALLERID | upper }}", "https://h/X?p=x", "https://h/X"),
        ("https://h/{{ CALLERID }}?a=1#{CALLERID}", "https://h/x?a=1&p=x#x", "https://h/x?a=1#x"),
    ],
)
def test_parameters_join_the_urls_own_query(url, with_one, with_none):
    """
    Before the fragment, and with neither mark where all are left out.
    """
    one = compile_url(url, [left_out("o"), parameter("p"), left_out("q")], names=NAMES)
    none = compile_url(url, [left_out("o")], names=NAMES)

    assert [with_one, with_none] == [one.render(CALL), none.render(CALL)]
    assert compile_url(url, names=NAMES).render(CALL) == with_none


# --- Names -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "as_json", "as_xml"),
    [
        (["a.b", "a.c"], '{"a":{"b":"x","c":"x"}}', "<a><b>x</b><c>x</c></a>"),
        (["a", "a", "a"], '{"a":["x","x","x"]}', "<a>x</a><a>x</a><a>x</a>"),
        (["l[0].s", "l[0].t", "l[1].s"], '{"l":[{"s":"x","t":"x"},{"s":"x"}]}',
         "<l><s>x</s><t>x</t></l><l><s>x</s></l>"),
        (["m[0][0]", "m[0][1]"], '{"m":[["x","x"]]}', "<m>x</m><m>x</m>"),
        (["l[0]", "l"], '{"l":["x","x"]}', "<l>x</l><l>x</l>"),
        (["a\\.b"], '{"a.b":"x"}', "<a.b>x</a.b>"),
        (["p.@id", "p.n"], '{"p":{"@id":"x","n":"x"}}', '<p id="x"><n>x</n></p>'),
        (["p.n", "p.@id"], '{"p":{"n":"x","@id":"x"}}', '<p id="x"><n>x</n></p>'),
        (["a-b", "Zoë", "_c-1"], '{"a-b":"x","Zoë":"x","_c-1":"x"}', "<a-b>x</a-b><Zoë>x</Zoë><_c-1>x</_c-1>"),
    ],
)  # fmt: skip
def test_a_name_is_the_way_to_a_place(names, as_json, as_xml):
    """
    Dots nest, indices and repetition make lists, and `@` an attribute in XML.
    """
    parameters = [parameter(name) for name in names]

    assert as_json == sent(parameters, "json")
    assert f"<request>{as_xml}</request>" == sent(parameters, "xml")


def test_fields_keep_their_names_and_their_order():
    """
    In a query and a form a name is only a name, and may come again.
    """
    parameters = [parameter("a.b[0]"), parameter("a b&", "&=+ "), parameter("a.b[0]", "2")]

    assert [("a.b[0]", "x"), ("a b&", "&=+ "), ("a.b[0]", "2")] == parse_qsl(sent(parameters, "url"))
    assert [("a.b[0]", "x"), ("a b&", "&=+ "), ("a.b[0]", "2")] == parse_qsl(
        urlsplit(sent(parameters, "query")).query
    )


def test_an_attribute_of_the_root():
    """
    `@id` alone; the root has the name asked for.
    """
    body = compile_body([parameter("@id"), left_out("@no"), parameter("n")], "xml", root="call", names=NAMES)

    assert '<call id="x"><n>x</n></call>' in body.render(CALL)


@pytest.mark.parametrize(
    ("parameters", "as_json", "as_xml"),
    [
        ([left_out("a.b"), left_out("a.c.d"), parameter("z")], '{"z":"x"}', "<z>x</z>"),
        ([left_out("a.b"), parameter("a.c")], '{"a":{"c":"x"}}', "<a><c>x</c></a>"),
        ([parameter("l[0]"), left_out("l[1]"), parameter("l[2]")], '{"l":["x","x"]}', "<l>x</l><l>x</l>"),
        ([left_out("l[0].a"), left_out("l[0].b"), parameter("l[1].a")], '{"l":[{"a":"x"}]}', "<l><a>x</a></l>"),
        ([left_out("p.@id"), parameter("p.n")], '{"p":{"n":"x"}}', "<p><n>x</n></p>"),
        ([left_out("p.@id"), left_out("p.n"), parameter("z")], '{"z":"x"}', "<z>x</z>"),
    ],
)  # fmt: skip
def test_what_is_left_out_takes_empty_objects_along(parameters, as_json, as_xml):
    """
    An object that holds nothing says nothing.
    """
    assert as_json == sent(parameters, "json")
    assert f"<request>{as_xml}</request>" == sent(parameters, "xml")


@pytest.mark.parametrize("encoding", ["json", "xml"])
@pytest.mark.parametrize(
    ("names", "at", "sentence"),
    [
        (["z", "a", "a.b"], 2, "b would stand inside of what is a plain value or a list elsewhere"),
        (["z", "a.b", "a"], 2, "a is a plain value here and holds others elsewhere"),
        (["l[0]", "l.a"], 1, "a would stand inside of what is a plain value or a list elsewhere"),
        (["l", "l[1]"], 1, "[1] would stand in what is no list elsewhere"),
        (["z", "l[1]"], 1, "[1] comes before [0]: the entries of a list are given in order"),
        (["l[0]", "l[0]"], 1, "[0] is given twice"),
        ([""], 0, "the name '' does not read; write it like contact.phone or lines[0].sku"),
        (["z", "a..b"], 1, "the name 'a..b' does not read; write it like contact.phone or lines[0].sku"),
        ([".a"], 0, "the name '.a' does not read; write it like contact.phone or lines[0].sku"),
        (["a."], 0, "the name 'a.' does not read; write it like contact.phone or lines[0].sku"),
        (["a[x]"], 0, "the name 'a[x]' does not read; write it like contact.phone or lines[0].sku"),
        (["a["], 0, "the name 'a[' does not read; write it like contact.phone or lines[0].sku"),
        (["[0]"], 0, "the name '[0]' does not read; write it like contact.phone or lines[0].sku"),
        ([".".join("a" * 33)], 0, f"the name {'.'.join('a' * 33)!r} nests deeper than 32"),
    ],
)
def test_a_name_that_does_not_fit_is_told(encoding, names, at, sentence):
    """
    Of many parameters, which.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        compiled([parameter(name) for name in names], encoding)

    assert (sentence, at) == (caught.value.problem, caught.value.parameter)


@pytest.mark.parametrize(
    "name", ["a b", "1a", "-a", "<a", "a>", 'a"', "a/", "@a.b", "a.@1", "@@a", "@", "a&b", "a=b"]
)
def test_a_name_no_element_can_have_is_told(name):
    """
    Names are checked before any call: nobody's parameter opens a tag of its own.
    """
    with pytest.raises(TemplateSyntaxError, match="is not a name that XML allows") as caught:
        compiled([parameter("z"), parameter(name)], "xml")

    assert 1 == caught.value.parameter


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_value_that_does_not_read_is_told_with_its_parameter(encoding):
    """
    And with the others that are wrong in it.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        compiled([parameter("a"), parameter("b", "x {CALLER_ID} {NOTHING}")], encoding)

    assert ("there is no variable CALLER_ID: did you mean CALLERID?", 1, 3) == (
        caught.value.problem, caught.value.parameter, caught.value.column,
    )  # fmt: skip
    assert [1] == [each.parameter for each in caught.value.also]


# --- Values ------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["{CALL_DURATION}", "<CALL_DURATION>", "{{ CALL_DURATION }}"])
@pytest.mark.parametrize("value", [75, -1, 2**70, 1.5, True, False, "75", ""], ids=repr)
def test_a_value_alone_keeps_its_type_in_json(value, spelling):
    """
    With anything beside it, it is text.
    """
    parameters = [parameter("a", spelling), parameter("b", f"{spelling} s"), parameter("c", "75")]
    text = str(value).lower() if isinstance(value, bool) else str(value)

    read = json.loads(sent(parameters, "json", {"CALL_DURATION": value}))

    assert [(type(value), value), (str, f"{text} s"), (str, "75")] == [
        (type(each), each) for each in read.values()
    ]


def test_a_list_is_a_list_in_json_and_nothing_else():
    """
    The other encodings have no one way to write it.
    """
    parameters = [parameter("a", "{{ CALLERID | split(',') }}")]

    assert '{"a":["x"]}' == sent(parameters, "json")
    for encoding in ("query", "url", "xml"):
        with pytest.raises(RenderError, match="a list cannot stand here"):
            sent(parameters, encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_a_caller_wrote_stays_a_value(encoding):
    """
    One pass, with every author's text encoded as well.
    """
    hostile = "\"'<&>{CALL_NOTES}{{ CALL_NOTES }}%26+=#"
    made = sent(
        [parameter("a"), parameter("b", "&<{CALLERID}", "omit")],
        encoding, {"CALLERID": hostile, "CALL_NOTES": "secret"},
    )  # fmt: skip

    assert {"a": hostile, "b": f"&<{hostile}"} == {
        "query": lambda: dict(parse_qsl(urlsplit(made).query)),
        "url": lambda: dict(parse_qsl(made)),
        "json": lambda: json.loads(made),
        "xml": lambda: {child.tag: child.text for child in ElementTree.fromstring(made)},
    }[encoding]()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_missing_value_is_named(encoding):
    """
    An error of the tree.
    """
    for when_empty in ("send", "omit"):
        with pytest.raises(RenderError, match="no value was given for CALLERID"):
            compiled([parameter("a", "{CALLERID}", when_empty)], encoding).render({})


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_value_no_encoding_carries_is_refused(encoding):
    """
    With its variable named.
    """
    with pytest.raises(UnsafeValue) as caught:
        compiled([parameter("a")], encoding).render({"CALLERID": "\ud800"})

    assert "CALLERID" == caught.value.variable


def test_the_whole_says_what_it_is_made_of():
    """
    Lint and the console ask the same as of any template.
    """
    parameters = [
        parameter("b", "{CALLERID}x {CALL_NOTES}", "skip"),
        parameter("a.@i", "{{ CALL_DURATION | raw }}"),
    ]

    body = compile_body(parameters, "xml", names=NAMES)

    assert (Kind.XML, NAMES, False) == (body.kind, body.variables, body.is_generated)
    assert [
        ("b", "CALLERID", Slot.XML_TEXT, 1),
        ("b", "CALL_NOTES", Slot.XML_TEXT, 13),
        ("a.@i", "CALL_DURATION | raw", Slot.XML_ATTRIBUTE, 1),
    ] == [(place.parameter, place.expression, place.slot, place.column) for place in body.places]


def test_nothing_is_nothing():
    """
    Each encoding's own.
    """
    assert ["https://h/", "", "{}", "<request></request>"] == [sent([], encoding) for encoding in ENCODINGS]


# --- For every value ---------------------------------------------------------

texts = st.text(max_size=8) | st.text("\"'<>&{}%+/\\.?#;=: \t\r\n\x00\x0b\x7f\ufffeé𝔘0", max_size=6)
values = texts | st.integers() | st.booleans() | st.just("")
EVERY = [
    parameter("a", "{CALLERID}"),
    parameter("n.b", "{CALLERID}-{CALL_NOTES}"),
    parameter("n.@c", "{CALL_NOTES}", "omit"),
    parameter("l[0]", "{CALL_DURATION}", "omit"),
    parameter("l[1]", "<CALL_NOTES>", "default", "none"),
]
BY_JINJA = [
    SimpleNamespace(
        **{**vars(each), "value": each.value.replace("{", "{{ ").replace("}", " }}").replace("<CALL_NOTES>", "{{ CALL_NOTES }}")}
    )
    for each in EVERY
]  # fmt: skip
PAIRS = {encoding: (compiled(EVERY, encoding), compiled(BY_JINJA, encoding)) for encoding in ENCODINGS}


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=60)
@given(call=st.fixed_dictionaries({"CALLERID": texts, "CALL_NOTES": texts, "CALL_DURATION": values}))
def test_generated_parameters_and_jinja_agree_and_read_back(encoding, call):
    """
    The same bytes or the same refusal; what is read is what the call held.
    """
    generated, by_jinja = PAIRS[encoding]
    try:
        made = generated.render(call)
    except UnsafeValue:
        with pytest.raises(UnsafeValue):
            by_jinja.render(call)
        return

    assert by_jinja.render(call) == made
    assert (True, False) == (generated.is_generated, by_jinja.is_generated)
    assert expected_of(encoding, call) == READ[encoding](made)


def text(value):
    """
    As a text slot writes it.
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def expected_of(encoding, call):
    """
    Every parameter that is there, by name; JSON with its types.
    """
    caller, notes, duration = call["CALLERID"], call["CALL_NOTES"], call["CALL_DURATION"]
    written = json.dumps if encoding == "json" else text
    return [
        ("a", written(caller)),
        ("n.b", written(f"{text(caller)}-{text(notes)}")),
        *([] if notes == "" else [("n.@c", written(notes))]),
        *([] if duration == "" else [("l", written(duration))]),
        ("l", written("none" if notes == "" else notes)),
    ]


def fields(made):
    """
    Of a query or form, lists by their name alone.
    """
    return [(name.split("[")[0], value) for name, value in parse_qsl(made, keep_blank_values=True)]


def members(made):
    """
    Of the JSON tree.
    """
    read = json.loads(made)
    inner = [(f"n.{name}", value) for name, value in read["n"].items()]
    pairs = [("a", read["a"]), *inner, *(("l", item) for item in read["l"])]
    return [(name, json.dumps(value)) for name, value in pairs]


def elements(made):
    """
    Of the XML tree.
    """
    root = ElementTree.fromstring(made.encode())
    a, n, *items = root
    attributes = [(f"n.@{name}", value) for name, value in n.attrib.items()]
    return [
        ("a", a.text or ""), ("n.b", n[0].text or ""), *attributes, *((item.tag, item.text or "") for item in items),
    ]  # fmt: skip


READ = {
    "query": lambda made: fields(urlsplit(made).query),
    "url": fields,
    "json": members,
    "xml": elements,
}
