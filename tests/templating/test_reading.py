"""
A template says where its values stand before any value is known, or it does not read.
"""

import pytest

from webhook_engine.errors import RenderError, TemplateSyntaxError
from webhook_engine.templating import Kind, Slot, compile_template

NAMES = frozenset({"CALLERID", "CALLERID_NAME", "CALL_NOTES", "CALL_QUEUE"})
CALL = {"CALLERID": "100", "CALLERID_NAME": "Ann", "CALL_NOTES": "b", "CALL_QUEUE": ""}


def read(source, kind=Kind.TEXT, **more):
    """
    The template, with every name known.
    """
    return compile_template(source, kind, names=NAMES, **more)


def refusal(source, kind=Kind.TEXT, **more):
    """
    The error a template is refused with.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        read(source, kind, **more)
    return caught.value


# --- Tokens ------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.HEADER, Kind.FORM, Kind.TEXT, Kind.VALUE], ids=lambda kind: kind.value)
@pytest.mark.parametrize("source", ["{CALLERID}", "<CALLERID>", "{{ CALLERID }}"])
def test_every_spelling_is_the_same_variable(kind, source):
    """
    The manual has both; Jinja is the third.
    """
    template = read(source, kind)

    assert "100" == template.render(CALL)
    assert {"CALLERID"} == template.variables


def test_angles_are_an_element_in_xml():
    """
    `<CALLERID>` in a body is what the target's schema calls a field.
    """
    template = read("<CALLERID>{CALLERID}</CALLERID>", Kind.XML)

    assert "<CALLERID>100</CALLERID>" == template.render(CALL)
    assert 1 == len(template.places)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{ }",
        "{1}",
        "{caller}",
        "{Caller Name}",
        "{CALLER-ID}",
        "<b>",
        "a < b > c",
        "}",
        "{'A': 1}",
        "%}",
        "#}",
    ],
)
def test_a_brace_that_is_no_token_is_text(text):
    """
    Only a name in capitals between braces is a token.
    """
    assert text == read(text).render(CALL)


def test_braces_of_json_need_no_escape():
    """
    The nearest brace may touch a token.
    """
    template = read('{"a":{"b":{CALLERID}},"c":"{CALLERID}"}', Kind.JSON)

    assert '{"a":{"b":"100"},"c":"100"}' == template.render(CALL)


@pytest.mark.parametrize("source", ["{{ '{CALLERID}' }}", "{% raw %}{CALLERID}{% endraw %}"])
def test_what_looks_like_a_token_can_be_written(source):
    """
    As a text of Jinja's, or in a raw block.
    """
    template = read(source)

    assert "{CALLERID}" == template.render(CALL)
    assert not template.variables


def test_a_raw_block_holds_its_inside_to_the_letter():
    """
    Not even Jinja's own delimiters mean anything there.
    """
    assert "{{ X }} {% if %} {# #}" == read("{% raw %}{{ X }} {% if %} {# #}{% endraw %}").render(CALL)


@pytest.mark.parametrize("source", ["a{# note {NOBODY} #}b", "a{#- note -#} b"])
def test_a_comment_is_gone(source):
    """
    Unknown names in it included.
    """
    assert "ab" == read(source).render(CALL)


@pytest.mark.parametrize(
    "source",
    [" {{- CALLERID -}} ", " {%- if CALLERID -%} {CALLERID} {%- endif -%} "],
)
def test_a_hyphen_takes_the_blanks_on_its_side(source):
    """
    As in Jinja.
    """
    assert "100" == read(source).render(CALL)


# --- What is wrong, and where ------------------------------------------------


@pytest.mark.parametrize(
    ("source", "sentence", "line", "column"),
    [
        ("Dear {CALLER_ID}", "there is no variable CALLER_ID: did you mean CALLERID?", 1, 6),
        ("a\nb <CALL_NOTE>", "there is no variable CALL_NOTE: did you mean CALL_NOTES?", 2, 3),
        ("a\r\n\r\n  {{ CALL_QUEU }}", "there is no variable CALL_QUEU: did you mean CALL_QUEUE?", 3, 6),
        ("{% if CALL_NOTE %}{% endif %}", "there is no variable CALL_NOTE: did you mean CALL_NOTES?", 1, 7),
        ("{XYZZY}", "there is no variable XYZZY", 1, 1),
        ("x {callerid}", "{callerid} is no token: write {CALLERID}", 1, 3),
        ("x <Callerid_Name>", "<Callerid_Name> is no token: write {CALLERID_NAME}", 1, 3),
        ("x { CALLERID }", "{ CALLERID } is no token: write {CALLERID}", 1, 3),
        ("{{ CALLERID", "this is never closed: }} is missing", 1, 1),
        ("a\n{% if CALLERID", "this is never closed: %} is missing", 2, 1),
        ("{# CALLERID", "this comment is never closed: #} is missing", 1, 1),
    ],
)
def test_a_problem_is_told_with_its_place(source, sentence, line, column):
    """
    Line and column count from 1.
    """
    error = refusal(source)

    assert (line, column) == (error.line, error.column)
    assert error.problem.startswith(sentence)


def test_every_unknown_name_is_told_at_once():
    """
    An author mends a template once.
    """
    error = refusal("{ONE} {{ TWO }}\n{% if THREE %}{FOUR}{% endif %}")

    told = [(each.problem.split(";")[0].split()[-1], each.line, each.column) for each in (error, *error.also)]
    assert [("ONE", 1, 1), ("TWO", 1, 10), ("THREE", 2, 7), ("FOUR", 2, 15)] == [
        each for number, each in enumerate(told) if each not in told[:number]
    ]


@pytest.mark.parametrize(
    "source",
    [
        "{% if CALLERID %}",
        "{% endif %}",
        "{% for x in [1] %}",
        "{% else %}",
        "{{ }}",
        "{{ CALLERID | }}",
        "{{ CALLERID CALL_NOTES }}",
        "{% if %}a{% endif %}",
        "{{ 'a' if }}",
        "{% raw %} never ended",
        "{% endraw %}",
        "{{ 'a }}",
        "{{{ CALLERID }}: 1}",
    ],
)
def test_what_jinja_cannot_read_is_an_error_of_the_tree(source):
    """
    Never Jinja's own.
    """
    error = refusal(source)

    assert error.line == 1
    assert error.column >= 1


# --- Slots -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "source", "slots"),
    [
        (Kind.URL, "https://h/{CALLERID}", [Slot.URL_PATH]),
        (Kind.URL, "https://h/a/{CALLERID}.json", [Slot.URL_PATH]),
        (Kind.URL, "https://h/{CALLERID}?{CALLERID}={CALLERID}#{CALLERID}",
         [Slot.URL_PATH, Slot.URL_QUERY, Slot.URL_QUERY, Slot.URL_FRAGMENT]),
        (Kind.URL, "https://h?q={CALLERID}", [Slot.URL_QUERY]),
        (Kind.URL, "https://h#{CALLERID}", [Slot.URL_FRAGMENT]),
        (Kind.URL, "https://h/?a=/b?c={CALLERID}#/?{CALLERID}", [Slot.URL_QUERY, Slot.URL_FRAGMENT]),
        (Kind.FORM, "a={CALLERID}&{CALLERID}=b", [Slot.FORM, Slot.FORM]),
        (Kind.JSON, "{CALLERID}", [Slot.JSON_VALUE]),
        (Kind.JSON, '"{CALLERID}"', [Slot.JSON_STRING]),
        (Kind.JSON, '{"{CALLERID}": {CALLERID}}', [Slot.JSON_STRING, Slot.JSON_VALUE]),
        (Kind.JSON, '["\\"{CALLERID}", {CALLERID}, "\\\\", {CALLERID}]',
         [Slot.JSON_STRING, Slot.JSON_VALUE, Slot.JSON_VALUE]),
        (Kind.XML, "<a>{CALLERID}</a>", [Slot.XML_TEXT]),
        (Kind.XML, "<a b='{CALLERID}' c=\"'{CALLERID}\"/>", [Slot.XML_ATTRIBUTE, Slot.XML_ATTRIBUTE]),
        (Kind.XML, "<a b='>'>{CALLERID}</a>", [Slot.XML_TEXT]),
        (Kind.XML, "<a><![CDATA[{CALLERID}]]></a>", [Slot.XML_TEXT]),
        (Kind.HEADER, "Bearer {CALLERID}", [Slot.HEADER]),
        (Kind.TEXT, '{"<a b="{CALLERID}', [Slot.TEXT]),
        (Kind.VALUE, "{CALLERID}", [Slot.TEXT]),
    ],
)  # fmt: skip
def test_the_slot_is_found_from_the_template(kind, source, slots):
    """
    Tokens and expressions alike.
    """
    by_token = read(source, kind)
    by_jinja = read(source.replace("{CALLERID}", "{{ CALLERID }}"), kind)

    assert slots == [place.slot for place in by_token.places]
    assert slots == [place.slot for place in by_jinja.places]


def test_a_place_says_where_it_stands():
    """
    For lint, traces and an editor's colours.
    """
    template = read('{"a": "{CALLERID}",\n "b": "{{ CALL_NOTES | raw }}"}', Kind.JSON)

    first, second = template.places
    assert ("CALLERID", 1, 8, 18, False) == (
        first.expression, first.line, first.column, first.end_column, first.raw,
    )  # fmt: skip
    assert ("CALL_NOTES | raw", 2, 8, 30, True) == (
        second.expression, second.line, second.column, second.end_column, second.raw,
    )  # fmt: skip


# --- Branches and loops ------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        (Kind.URL, "https://h/a{% if CALLERID %}?b={% endif %}{CALLERID}"),
        (Kind.URL, "https://h/a{% if CALLERID %}?b={% else %}#{% endif %}{CALLERID}"),
        (Kind.URL, "https://h{% if CALLERID %}/a{% endif %}"),
        (Kind.JSON, '{"a": {% if CALLERID %}"{% endif %}{CALLERID}"}'),
        (Kind.JSON, '{"a": {% if CALLERID %}[1]{% else %}[{% endif %}}'),
        (Kind.JSON, "{% if CALLERID %}1{% endif %}"),
        (Kind.XML, "<a>{% if CALLERID %}<b>{% endif %}</a>"),
        (Kind.XML, "<a {% if CALLERID %}b='{% endif %}'/>"),
        (Kind.XML, "<a>{% if CALLERID %}{% elif CALL_NOTES %}<b>{% else %}{% endif %}</a>"),
    ],
)
def test_branches_end_in_the_same_place(kind, source):
    """
    Else what follows would stand in two slots.
    """
    error = refusal(source, kind)

    assert "the branches of this if end in different places" == error.problem


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        (Kind.URL, "https://h/{% for x in [1] %}?a={{ x }}{% endfor %}"),
        (Kind.JSON, "{% for x in [1, 2] %}[{% endfor %}"),
        (Kind.XML, "<a>{% for x in [1] %}<b>{% endfor %}</a>"),
        (Kind.XML, "<a>{% for x in [1] %}{% else %}<b>{% endfor %}</a>"),
    ],
)
def test_a_loop_ends_where_it_starts(kind, source):
    """
    However often it goes round.
    """
    error = refusal(source, kind)

    assert "this loop ends in another place than it starts in" == error.problem


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        (Kind.URL, "https://h/{% if CALL_NOTES %}a/{CALL_NOTES}{% else %}b{% endif %}?x=1", "https://h/a/b?x=1"),
        (Kind.URL, "https://h/?{% for x in ['1', '&'] %}&a={{ x }}{% endfor %}", "https://h/?&a=1&a=%26"),
        (Kind.JSON, '[1{% for x in ["a", 2, true] %}, {{ x }}{% endfor %}]', '[1,"a",2,true]'),
        (Kind.JSON, '[{% for x in [1, 2] %}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}]', "[1,2]"),
        (Kind.JSON, '{"a": 1{% if CALL_QUEUE %}, "b": "{CALL_QUEUE}"{% endif %}}', '{"a":1}'),
        (Kind.JSON, '{"a": 1{% if CALL_NOTES %}, "b": "{CALL_NOTES}"{% endif %}}', '{"a":1,"b":"b"}'),
        (Kind.XML, "<a>{% for x in ['<', '&'] %}<b>{{ x }}</b>{% endfor %}</a>", "<a><b>&lt;</b><b>&amp;</b></a>"),
        (Kind.XML, "<a b='{% if CALL_NOTES %}{CALL_NOTES}&amp;{% endif %}'/>", "<a b='b&amp;'/>"),
        (Kind.TEXT, "{% for x in [] %}{% else %}nobody{% endfor %}", "nobody"),
        (Kind.TEXT, "{% for a, b in {'x': 1}.items() %}{{ a ~ b }}{% endfor %}", "x1"),
        (Kind.TEXT, "{% for x in [1, 2, 3] if x != 2 %}{{ loop.index }}:{{ x }} {% endfor %}", "1:1 2:3 "),
        (Kind.TEXT, "{% set name = CALLERID_NAME %}{{ name | upper }}", "ANN"),
        (Kind.TEXT, "{% if CALL_QUEUE %}a{% elif CALL_NOTES == 'b' %}b{% else %}c{% endif %}", "b"),
    ],
)  # fmt: skip
def test_branches_and_loops_keep_the_structure(kind, source, expected):
    """
    The author's part stands as written, every value in its slot.
    """
    assert expected == read(source, kind).render(CALL)


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ('[{% if CALLERID %}1,{% endif %}{% if CALL_QUEUE %}2{% endif %}]', {"CALLERID": "a", "CALL_QUEUE": ""}),
        ('{"a": 1{% if CALLERID %},{% endif %} "b": 2}', {"CALLERID": "", "CALL_QUEUE": ""}),
    ],
)  # fmt: skip
def test_a_comma_that_only_values_decide_is_checked_when_rendered(source, call):
    """
    JSON that does not read is never sent.
    """
    template = read(source, Kind.JSON)

    with pytest.raises(RenderError, match="the result is not JSON"):
        template.render(call)


# --- Structures --------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "the URL is empty"),
        ("/a", "a URL starts with https:// or http://, followed by the host"),
        ("ftp://h/", "a URL starts with https:// or http://, followed by the host"),
        ("javascript:alert(1)", "a URL starts with https:// or http://, followed by the host"),
        ("{CALLERID}", "a URL starts with https:// or http:// and its host: these take no variables"),
        ("http{CALLERID}://h/", "a URL starts with https:// or http://, followed by the host"),
        (
            "https://{CALLERID}/",
            "the host takes no variables, unless the webhook lists the hosts it may reach",
        ),
        (
            "https://h{CALLERID}",
            "the host takes no variables, unless the webhook lists the hosts it may reach",
        ),
        (
            "https://h:{CALLERID}/",
            "the host takes no variables, unless the webhook lists the hosts it may reach",
        ),
        ("https://u:p@h/", "a URL holds no user and no password: they belong to the group's members"),
        ("https:///a", "the host name is missing"),
        ("https://", "the host name is missing"),
        ("https://a b/", "'a b' is not a host name"),
        ("https://h:port/", "'h:port' is not a host name"),
        ("https://h\\@evil/", "a URL holds no user and no password: they belong to the group's members"),
        ("https://h/100%", "a percent sign in a URL is written %25"),
        ("https://h/%zz", "a percent sign in a URL is written %25"),
        ("https://h/a\nb", "a URL holds no line break and no control character"),
        ("https://h/\ud800", "a URL holds no line break and no control character"),
    ],
)
def test_a_url_that_leads_nowhere_is_refused(source, sentence):
    """
    Scheme, user, host and port are the author's own.
    """
    assert sentence == refusal(source, Kind.URL).problem


@pytest.mark.parametrize(
    ("source", "sent"),
    [
        ("HTTPS://Host.example", "https://Host.example/"),
        ("https://h?a=b", "https://h/?a=b"),
        ("https://h#a", "https://h/#a"),
        ("https://[::1]:8080/", "https://[::1]:8080/"),
        ("https://h/Zoë <x>", "https://h/Zo%C3%AB%20%3Cx%3E"),
        ("https://h/a%20b%2Fc", "https://h/a%20b%2Fc"),
        ("https://h/a%2eb/c%2E?%2e", "https://h/a.b/c.?."),
    ],
)
def test_a_urls_own_text_is_made_legal(source, sent):
    """
    What is encoded already stays so; what cannot stand is encoded.
    """
    assert sent == read(source, Kind.URL).render({})


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "this is not JSON: it is empty"),
        ("{", "this is not JSON: '{' is never closed"),
        ("[1, 2", "this is not JSON: '[' is never closed"),
        ('"abc', "this is not JSON: a quote is never closed"),
        ("]", "this is not JSON: ']' closes nothing"),
        ("[}", "this is not JSON: '}' closes nothing"),
        ("[1,]", "this is not JSON: unexpected ']'"),
        ('{"a" 1}', "this is not JSON: unexpected '1'; a colon should stand here"),
        ("{1: 2}", "this is not JSON: unexpected '1'; a name in quotes should stand here"),
        ("[1 2]", "this is not JSON: unexpected '2'; a comma or a closing bracket should stand here"),
        ("[1],", "this is not JSON: unexpected ','"),
        ("{CALLERID: 1}", "this is not JSON: unexpected 'C'"),
        ("{ {CALLERID}: 1}", "this is not JSON: unexpected 'variable'; a name in quotes should stand here"),
        ("{CALLERID}{CALLERID}",
         "this is not JSON: unexpected 'variable'; a comma or a closing bracket should stand here"),
        ("nil", "this is not JSON: unexpected 'n'"),
        ("[01]", "this is not JSON: unexpected '1'; a comma or a closing bracket should stand here"),
        ('"a\nb"', "a JSON string cannot hold this: write \\n for a line break and \\\\ for a backslash"),
        ('"a\\x"', "a JSON string cannot hold this: write \\n for a line break and \\\\ for a backslash"),
        ('"\\ud800"', "a JSON string cannot hold half of a surrogate pair"),
        ("[" * 65 + "]" * 65, "JSON nested deeper than 64"),
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused(source, sentence):
    """
    Before any call, with what should stand there.
    """
    error = refusal(source, Kind.JSON)

    assert error.problem.startswith(sentence)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "this is not XML: it has no root element"),
        ("<a>", "this is not XML: <a> is never closed"),
        ("<a></b>", "this is not XML: </b> stands where </a> should"),
        ("</a>", "this is not XML: </a> stands where nothing should"),
        ("<a/><b/>", "XML has one root element, and it is closed already"),
        ("text", "XML holds text only inside of its root element"),
        ("<a/>text", "XML holds text only inside of its root element"),
        ("<a/><![CDATA[x]]>", "XML holds text only inside of its root element"),
        ("{CALLERID}<a/>", "a variable can stand only inside of XML's root element"),
        ("<a {CALLERID}='x'/>", "a variable cannot stand in a tag: only in an attribute's quotes"),
        ("<a b={CALLERID}/>", 'this is not XML: an attribute is written name="value"'),
        ("<a b=c/>", 'this is not XML: an attribute is written name="value"'),
        ("<a><{CALLERID}/></a>", 'this is not XML: "<" is written &lt;, and a tag has a fixed name'),
        ("<a><!-- {CALLERID} --></a>", "a variable cannot stand in a comment"),
        ("<a><?x {CALLERID}?></a>", "a variable cannot stand in a processing instruction"),
        ("<a>R&D</a>", "an ampersand in XML is written &amp;"),
        ("<a>&nbsp;</a>", "an ampersand in XML is written &amp;"),
        ("<a b='&'/>", "an ampersand in XML is written &amp;"),
        ("<a b='<'/>", 'this is not XML: "<" is written &lt;, and a tag has a fixed name'),
        ('<!DOCTYPE a [<!ENTITY x "y">]><a/>', "a document type has no place in a body"),
        ("<?xml version='1.0' encoding='latin-1'?><a/>", "bodies are sent as UTF-8, not latin-1"),
        ("<a><?xml version='1.0'?></a>", "the XML declaration stands first"),
        ("<a>\x0b</a>", "XML cannot carry the character U+000B"),
        ("<a>" * 65 + "</a>" * 65, "XML nested deeper than 64"),
    ],
)
def test_what_is_not_xml_is_refused(source, sentence):
    """
    Before any call; a document type never passes.
    """
    assert sentence == refusal(source, Kind.XML).problem


def test_xml_is_sent_as_it_stands():
    """
    But for blanks outside of its root, line ends, and CDATA, whose text may hold values.
    """
    source = "<?xml version='1.0'?>\r\n<!-- a -->\r\n<a>\r\n<?b c?><![CDATA[<{CALLERID}>]]>&#65;</a >\r\n"

    sent = read(source, Kind.XML).render({"CALLERID": "]]>"})

    assert "<?xml version='1.0'?><!-- a --><a>\n<?b c?>&lt;]]&gt;&gt;&#65;</a >" == sent


def test_blanks_around_a_header_are_no_part_of_it():
    """
    RFC 9110, 5.5.
    """
    assert "a 100" == read("\t a {CALLERID} \n", Kind.HEADER).render(CALL)
