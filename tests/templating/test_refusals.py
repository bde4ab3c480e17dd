"""
What no single value shows: segments, hosts and header lines are looked at as they will be sent.
"""

import http.client
import io
from urllib.parse import unquote
from xml.parsers.expat import ParserCreate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from webhook_engine.errors import TemplateSyntaxError, UnsafeValue
from webhook_engine.templating import Kind, compile_template

NAMES = frozenset({"A", "B"})


def template(source, kind=Kind.URL, **more):
    """
    With two variables of an embedding application.
    """
    return compile_template(source, kind, names=NAMES, **more)


# --- Segments ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "a", "b"),
    [
        ("https://h/{A}", ".", ""),
        ("https://h/{A}", "..", ""),
        ("https://h/{A}/x", "..", ""),
        ("https://h/x/{A}?q=1", "..", ""),
        ("https://h/x/{A}#f", "..", ""),
        ("https://h/{A}{B}", ".", "."),
        ("https://h/{A}{B}/x", "", ".."),
        ("https://h/{A}{B}/x", ".", ""),
        ("https://h/.{A}", ".", ""),
        ("https://h/.{A}/x", "", ""),
        ("https://h/{A}./x", "", ""),
        ("https://h/%2e{A}/x", "", ""),
        ("https://h/{A}%2E/x", ".", ""),
        ("https://h/{% if A %}.{% endif %}{B}/x", "1", "."),
        ("https://h/{% if A %}{A}{% endif %}{B}/x", ".", "."),
        ("https://h/{% if A %}..{% endif %}{B}/x", "1", ""),
        ("https://h/{% for x in ['.', '.'] %}{% if B %}{{ B }}{% endif %}{% endfor %}/x", "", "."),
        ("https://h/{{ A }}{{ B }}", ".", "."),
        ("https://h/{{ A ~ B }}", ".", "."),
        ("https://h/{{ A | raw }}", "..", ""),
        ("https://h/{{ A | raw }}/x", "a/../b", ""),
    ],
)
def test_no_segment_climbs(source, a, b):
    """
    However many values it is made of, and whichever branch was taken.
    """
    with pytest.raises(UnsafeValue, match="would climb"):
        template(source).render({"A": a, "B": b})


@pytest.mark.parametrize(
    ("source", "a", "b", "sent"),
    [
        ("https://h/{A}/x", "...", "", "https://h/.../x"),
        ("https://h/{A}/x", "../..", "", "https://h/..%2F../x"),
        ("https://h/{A}.json", "a.", "", "https://h/a..json"),
        ("https://h/?a=/{A}/x", "..", "", "https://h/?a=/../x"),
        ("https://h/#/{A}/", "..", "", "https://h/#/../"),
        ("https://h/.{A}/x", "well-known", "", "https://h/.well-known/x"),
        ("https://h/{A}/x", "%2e%2e", "", "https://h/%252e%252e/x"),
        ("https://h/{A}/x", "．．", "", "https://h/%EF%BC%8E%EF%BC%8E/x"),
        ("https://h/{A}/x", "", "", "https://h//x"),
    ],
)
def test_dots_that_do_not_climb_pass(source, a, b, sent):
    """
    Only a whole segment of one or two does.
    """
    assert sent == template(source).render({"A": a, "B": b})


@settings(max_examples=150)
@given(st.text("./\\%2eE?#;a", max_size=4), st.text("./\\%2eE?#;a", max_size=4))
def test_a_client_that_normalises_arrives_at_the_same_path(a, b):
    """
    Yarl folds dots as every client does: there is nothing left to fold.
    """
    try:
        sent = template("https://h/in/{A}{B}/{A}.x/{{ B }}").render({"A": a, "B": b})
    except UnsafeValue:
        return

    assert ["", "in", a + b, f"{a}.x", b] == [unquote(each) for each in URL(sent).raw_path.split("/")]


# --- Hosts -------------------------------------------------------------------

HOSTS = ("eu.crm.example.com", "US.crm.example.com", "eu.crm.example.com:8443")


@pytest.mark.parametrize(
    ("source", "a", "sent"),
    [
        ("https://{A}.crm.example.com/x", "eu", "https://eu.crm.example.com/x"),
        ("https://{A}.crm.example.com/x", "us", "https://us.crm.example.com/x"),
        ("https://{A}", "EU.CRM.example.com", "https://EU.CRM.example.com/"),
        ("https://{{ A | lower }}.crm.example.com", "EU", "https://eu.crm.example.com/"),
        ("https://{A}.crm.example.com:8443/", "eu", "https://eu.crm.example.com:8443/"),
        ("https://eu.crm.example.com/{A}", "x", "https://eu.crm.example.com/x"),
    ],
)
def test_a_listed_host_may_hold_variables(source, a, sent):
    """
    In any case of letters.
    """
    assert sent == template(source, hosts=HOSTS).render({"A": a})


@pytest.mark.parametrize(
    "source", ["https://{A}.crm.example.com/", "https://{{ A }}.crm.example.com/", "https://{A}"]
)
@pytest.mark.parametrize(
    "a",
    ["", "evil", "evil.com/", "evil.com#", "evil.com?", "evil.com\\", "u@evil", "eu.crm.example.com@evil", "evil:80",
     "eu\u3002crm", "eü", "eu\r\n", "eu%2e", "[::1]", "eu.crm.example.com.", ".eu", "127.0.0.1", "eu\x00", "\ud800"],
)  # fmt: skip
def test_no_other_host_is_reached(source, a):
    """
    The whole host is looked at, as it will be dialled.
    """
    with pytest.raises(UnsafeValue):
        template(source, hosts=HOSTS).render({"A": a})


@pytest.mark.parametrize(
    "a", ["evil.com/", "evil.com?", "evil.com\\@", "eu.crm.example.com@evil.com", "eu.crm.example.com:1"]
)
def test_raw_is_no_way_to_another_host(a):
    """
    Hosts are held to the list after all.
    """
    with pytest.raises(UnsafeValue):
        template("https://{{ A | raw }}/", hosts=HOSTS).render({"A": a})


def test_a_fixed_host_is_held_to_the_list_as_well():
    """
    When it is read.
    """
    with pytest.raises(
        TemplateSyntaxError, match=r"evil\.com is not one of the hosts this webhook may reach"
    ):
        template("https://evil.com/{A}", hosts=HOSTS)


@pytest.mark.parametrize("a", ["a b", "a\nb", "é", "\x00", "a\r\nHost: x", "\x7f"])
def test_raw_writes_no_urls_that_are_none(a):
    """
    What is no character of a URL does not get into a request line.
    """
    with pytest.raises(UnsafeValue, match="a URL cannot carry"):
        template("https://h/?a={{ A | raw }}").render({"A": a})


# --- Headers -----------------------------------------------------------------


@pytest.mark.parametrize("source", ["{A}", "{{ A }}", "{A}x{B}", "{{ A | raw }}"])
@pytest.mark.parametrize("edge", [" a", "\ta", " ", "\t"], ids=repr)
def test_blanks_at_the_edge_of_a_header_are_refused(source, edge):
    """
    Whoever reads the header would drop them: that is another value.
    """
    with pytest.raises(UnsafeValue):
        template(source, Kind.HEADER).render({"A": edge, "B": edge})


@pytest.mark.parametrize(
    "source", ["v={A}", "v={{ A }}", "v={{ A | raw }}", "v={{ A ~ B }}", "v={% if A %}{A}{% endif %}"]
)
@pytest.mark.parametrize("breaker", ["\r", "\n", "\r\n", "\x00", "\x0b", "\x1f", "\x7f"], ids=repr)
def test_raw_or_not_a_header_stays_one_line(source, breaker):
    """
    A line break has no harmless reading.
    """
    with pytest.raises(UnsafeValue, match="a header cannot carry"):
        template(source, Kind.HEADER).render({"A": f"a{breaker}X-Admin: 1", "B": ""})


@settings(max_examples=150)
@given(st.text(max_size=12) | st.text('\t :,;="\\\x85\xa0\u2028é𝔘a', max_size=8))
def test_the_octets_of_a_header_read_back(value):
    """
    By the parser of the standard library: one field, with these octets.
    """
    header = template("v={A};", Kind.HEADER)
    try:
        octets = header.render_bytes({"A": value})
    except UnsafeValue:
        return

    fields = http.client.parse_headers(io.BytesIO(b"X-Caller: " + octets + b"\r\nX-Next: 1\r\n\r\n"))

    assert ["X-Caller", "X-Next"] == fields.keys()
    assert f"v={value};" == fields["X-Caller"].encode("latin-1").decode()


# --- XML ---------------------------------------------------------------------


@settings(max_examples=150)
@given(st.text(max_size=8) | st.text("<>&'\"]\t\r\n -!\x85\u2028é𝔘{}", max_size=8))
def test_expat_meets_the_templates_events_and_no_other(value):
    """
    No element, attribute, comment, instruction or entity comes from a value.
    """
    events = []
    parser = ParserCreate()
    parser.StartElementHandler = lambda name, attributes: events.append((name, attributes))
    for handler in ("CommentHandler", "ProcessingInstructionHandler", "StartCdataSectionHandler", "EntityDeclHandler",
                    "StartDoctypeDeclHandler"):  # fmt: skip
        setattr(parser, handler, lambda *facts: events.append(facts))
    body = template("<a x='{A}' y=\"{{ A }}\"><b>{A}</b><c><![CDATA[{{ A }}]]></c></a>", Kind.XML)
    try:
        sent = body.render_bytes({"A": value})
    except UnsafeValue:
        return

    parser.Parse(sent, True)

    assert [("a", {"x": value, "y": value}), ("b", {}), ("c", {})] == events


def test_branches_cannot_spell_a_host_that_is_not_listed():
    """
    Each branch ends well; what they make together is looked at once more.
    """
    template = compile_template(
        "https://a{% if A %}.com/{% else %}.org/{% endif %}",
        Kind.URL,
        names={"A"},
        hosts=["a.com", "a.com.org"],
    )

    assert "https://a.com/" == template.render({"A": "x"})
    with pytest.raises(UnsafeValue, match=r"a\.org"):
        template.render({"A": ""})


# --- Numbers ------------------------------------------------------------------


@pytest.mark.parametrize("source", ["https://h/{{ %s }}", "https://h/{A}{%% if B == %s %%}x{%% endif %%}"])
def test_a_number_beyond_all_bounds_is_a_mistake(source):
    """
    With its place, like any other; Python itself refuses to read it.
    """
    with pytest.raises(TemplateSyntaxError, match="too many digits") as found:
        template(source % ("9" * 5_000))

    assert source.index("{{" if "{{" in source else "{%") + 1 == found.value.column
