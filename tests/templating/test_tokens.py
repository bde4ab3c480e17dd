"""
What is a token, where it stands, and what an author is told who mistypes one.
"""

import pytest

from webhook_engine.errors import RenderError, TemplateSyntaxError, UnsafeValue
from webhook_engine.templating import Kind, Place, Slot, compile_template
from webhook_engine.variables import VARIABLES

NAMES = frozenset(VARIABLES)
CALL = {"CALLERID": "Conrad <100@pbx0>", "CALL_QUEUE": "Sales", "CALL_DURATION": 75}


def compiled(source, kind=Kind.TEXT, **options):
    return compile_template(source, kind, names=NAMES, **options)


@pytest.mark.parametrize(
    "kind", [kind for kind in Kind if kind not in {Kind.XML, Kind.JSON, Kind.URL}], ids=str
)
def test_both_spellings_are_read(kind):
    """
    The product writes braces, the owner's design card angle brackets.
    """
    template = compiled("{CALL_QUEUE}-<CALL_QUEUE>", kind)

    assert "Sales-Sales" == template.render(CALL)
    assert template.is_generated
    assert {"CALL_QUEUE"} == template.variables


TEXTS = {
    "braces around small letters": "{queue}",
    "braces around nothing": "{}",
    "braces around digits": "{1}",
    "an open brace": "{CALL_QUEUE",
    "a closing brace": "CALL_QUEUE}",
    "blanks": "{ X }",
    "a tag in small letters": "<b>bold</b>",
    "a closing tag": "</CALL_QUEUE>",
    "a tag with an attribute": '<A HREF="x">',
    "a comparison": "1 < 2 > 0",
    "percent signs": "100% %s %(x)s %%",
    "dollar signs": "$x ${y}",
    "a backslash": "\\n \\{ x",
    "quotes": "'\"'''\"\"\"",
    "a null": "a\x00b",
    "line ends": "a\r\nb\rc\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_what_is_no_token_is_text(text):
    """
    Sent as it stands, alone and beside a value.
    """
    assert text == compiled(text).render({})
    assert f"Sales{text}Sales" == compiled(f"{{CALL_QUEUE}}{text}{{CALL_QUEUE}}").render(CALL)
    assert f"Sales{text}" == compiled(f"{{{{ CALL_QUEUE }}}}{text}").render(CALL)


@pytest.mark.parametrize(
    "source",
    [
        "{% raw %}{CALL_QUEUE} {{ x }}{% endraw %}",
        "{{ '{CALL_QUEUE} {{ x }}' }}",
        "{% raw %}{CALL_QUEUE}{% endraw %} {{ '{{ x' }} {{ '}}' }}",
    ],
)
def test_what_looks_like_a_token_can_be_sent(source):
    """
    Between raw and endraw, or as a text of an expression.
    """
    assert "{CALL_QUEUE} {{ x }}" == compiled(source).render(CALL)


@pytest.mark.parametrize(
    ("source", "column", "problem"),
    [
        ("to {CALL_QUEU}", 4, "there is no variable CALL_QUEU: did you mean CALL_QUEUE?"),
        ("to <CALERID>", 4, "there is no variable CALERID: did you mean CALLERID?"),
        ("{{ CALL_QUEU | upper }}", 4, "there is no variable CALL_QUEU: did you mean CALL_QUEUE?"),
        ("{% if CALL_QUEU %}{% endif %}", 7, "there is no variable CALL_QUEU: did you mean CALL_QUEUE?"),
        ("x {call_queue}", 3, "{call_queue} is no token: write {CALL_QUEUE}"),
        ("x { CALL_QUEUE }", 3, "{ CALL_QUEUE } is no token: write {CALL_QUEUE}"),
        ("x <Call_Queue>", 3, "<Call_Queue> is no token: write {CALL_QUEUE}"),
        ("<QZ>", 1, "there is no variable QZ; to send <QZ> as it stands, write {{ '<QZ>' }}"),
    ],
)
def test_an_unknown_name_is_refused_when_read(source, column, problem):
    """
    With what was probably meant.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        compiled(source)

    assert (1, column, problem) == (caught.value.line, caught.value.column, caught.value.problem)


def test_all_mistakes_are_told_at_once():
    """
    Of whatever sort; a word in a string is none.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        compiled("{{ 'uper' ~ CALLERID | uper }}{% if CALLERID | lowr %}{{ NOTE | uper }}{% endif %}{TOKEN}")

    found = [
        (error.column, error.problem.split()[4].rstrip(":;")) for error in (caught.value, *caught.value.also)
    ]
    assert [(24, "uper"), (48, "lowr"), (58, "NOTE"), (65, "uper"), (83, "TOKEN")] == found


def test_places_are_told_for_lint_trace_and_editor():
    """
    Expression, slot, line and columns of each.
    """
    template = compiled(
        '{\n "a": "{CALLERID}",\n "b": {{ CALL_DURATION | int }}, "c": "{{ CALL_QUEUE | raw }}"}', Kind.JSON
    )

    assert (
        Place(expression="CALLERID", slot=Slot.JSON_STRING, line=2, column=8, end_column=18),
        Place(expression="CALL_DURATION | int", slot=Slot.JSON_VALUE, line=3, column=7, end_column=32),
        Place(
            expression="CALL_QUEUE | raw", slot=Slot.JSON_STRING, line=3, column=40, end_column=62, raw=True
        ),
    ) == template.places


@pytest.mark.parametrize(
    ("source", "line", "column", "problem"),
    [
        ("a {{ CALLERID", 1, 3, "this is never closed: }} is missing"),
        ("a\n {% if CALLERID", 2, 2, "this is never closed: %} is missing"),
        ("a {# b", 1, 3, "this comment is never closed: #} is missing"),
        ("a {{ CALLERID | uper }}", 1, 17, "there is no filter uper: did you mean upper?"),
        ("{{ CALLERID is strin }}", 1, 16, "there is no test strin: did you mean string?"),
        ("{{ CALLERID | urlencode }}", 1, 15, "leave urlencode out: every value is encoded for its place"),
        ("{{ CALLERID | e }}", 1, 15, "leave e out: every value is encoded for its place"),
        ("{{ CALLERID | safe }}", 1, 15, "there is no filter safe; raw is the way round the encoding"),
        ("{{ CALLERID | raw | upper }}", 1, 15, "raw stands last, where a value is put out"),
        ("{{ CALLERID | replace('a') }}", 1, 15, "replace: missing a required argument: 'new'"),
        ("{{ CALLERID | last(9, 9) }}", 1, 15, "last: too many positional arguments"),
        ("{{ CALLERID | last(counts=9) }}", 1, 15, "last: got an unexpected keyword argument 'counts'"),
        ("{{ CALLERID.strip().foo() }}", 1, 1, "a template calls nothing"),
        ("x\n{{ }}", 2, 1, "expected an expression"),
        ("x\n\n {{ 1 + }}", 3, 2, "the expression is not finished"),
        ("{{ 'a }}", 1, 1, "unexpected char"),
        ("{% if CALLERID %}", 1, 1, "endif"),
        ("x{% endif %}", 1, 2, "unknown tag 'endif'"),
        ("{% for x in CALLERID %}\n{% endif %}", 2, 1, "endif"),
        ("{% elif %}", 1, 1, "unknown tag 'elif'"),
        ("{% macro x() %}{% endmacro %}", 1, 1, "a template has no macro: only if, for and set"),
    ],
)
def test_a_mistake_is_told_with_its_place(source, line, column, problem):
    """
    Line and column from 1, of the word it is with or else of the delimiter before it.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        compiled(source)

    assert (line, column) == (caught.value.line, caught.value.column)
    assert problem.lower() in caught.value.problem.lower()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a {#- b -#} c", "ac"),
        ("a {{- CALL_QUEUE -}} c", "aSalesc"),
        ("a\n{%- if true -%}\nb\n{%- endif -%}\nc", "abc"),
        ("a {# {CALL_QUEU} {{ x }} #} c", "a  c"),
        ("{{ '}}' }}{{ \"%}\" }}{{ {'a': {'b': 1}}['a']['b'] }}", "}}%}1"),
        ("{{ 'it''s' }}", "its"),
        ("{{\n CALL_QUEUE\n | lower\n}}", "sales"),
        ("{{ 'a\nb' }}", "a\nb"),
        ("{{ -1 }}{{+1}}", "-11"),
        ("{% set q = CALL_QUEUE | upper %}{{ q }}{% set q = 'x' %}{{ q }}", "SALESx"),
        (
            "{% for a, b in {'x': 1, 'y': 2} | items %}{{ loop.index }}{{ a }}{{ b }}{% else %}none{% endfor %}",
            "1x12y2",
        ),
        ("{% for a in [] %}{{ a }}{% else %}none{% endfor %}", "none"),
        ("{% for a in [1, 2, 3] if a != 2 %}{{ a }}{{ ',' if not loop.last }}{% endfor %}", None),
        ("{{ 'yes' if CALL_DURATION > 60 else 'no' }}", "yes"),
        ("{{ CALLERID[:6] }}{{ CALLERID[0] }}{{ [1, 2][-1] }}", "ConradC2"),
        ("{{ CALL_QUEUE ~ '-' ~ CALL_DURATION ~ true ~ none }}", "Sales-75true"),
        (
            "{{ CALL_QUEUE.lower() }}{{ CALL_QUEUE.startswith('Sa') }}{{ CALLERID.split('<')[1] }}",
            "salestrue100@pbx0>",
        ),
        ("{{ CALL_QUEUE in ['Sales', 'Support'] and not CALL_DURATION == 0 }}", "true"),
        (
            "{{ 7 // 2 }} {{ 7 % 4 }} {{ 2 ** 10 }} {{ 1 + 1 }} {{ 'a' + 'b' }} {{ 'ab' * 2 }} {{ [1] + [2] | length }}",
            None,
        ),
    ],
)
def test_jinja_is_jinja(source, text):
    """
    If, for, set, filters, tests, comments and white-space control.
    """
    if text is None:
        with pytest.raises(RenderError):
            compiled(source).render(CALL)
    else:
        assert text == compiled(source).render(CALL)


@pytest.mark.parametrize(
    "source", ["{CALL_QUEUE}", "x{CALL_QUEUE}", "{{ CALL_QUEUE }}", "{{ CALL_QUEUE | upper }}"]
)
def test_a_header_has_no_blanks_around_it(source):
    """
    Its reader would drop them, so the value would be another.
    """
    header = compiled(f"  {source}\n", Kind.HEADER)

    assert "a b".upper() == header.render({"CALL_QUEUE": "a b"}).removeprefix("x").upper()
    with pytest.raises(UnsafeValue, match="blanks"):
        header.render({"CALL_QUEUE": "a "})


@pytest.mark.parametrize(
    "source", ["{CALL_QUEUE}", "{{ CALL_QUEUE }}", "{{ CALL_QUEUE | raw }}", "a {CALL_QUEUE} b"]
)
@pytest.mark.parametrize("breaker", ["\r\nX-Admin: 1", "\n", "\x00"], ids=repr)
def test_a_header_cannot_be_ended_early(source, breaker):
    """
    Not even by raw: such a header has no harmless reading.
    """
    with pytest.raises(UnsafeValue, match=r"CALL_QUEUE.*: a header cannot carry"):
        compiled(source, Kind.HEADER).render({"CALL_QUEUE": f"a{breaker}"})


def test_a_header_of_the_author_is_one_line():
    """
    Found when read.
    """
    with pytest.raises(TemplateSyntaxError, match="a header cannot carry"):
        compiled("a\nb {CALL_QUEUE}", Kind.HEADER)


def test_a_form_may_be_written_over_lines():
    """
    Line breaks go, blanks become pluses, escapes already made stay.
    """
    form = compiled("\n a={CALL_QUEUE}\n &b=c d%20e\n &é={CALLERID}\n", Kind.FORM)

    assert "a=Sales&b=c+d%20e&%C3%A9=Conrad+%3C100%40pbx0%3E" == form.render(CALL)
    with pytest.raises(TemplateSyntaxError, match="percent sign"):
        compiled("a=100%&b={CALL_QUEUE}", Kind.FORM)


def test_a_template_without_values_needs_none():
    """
    It is what it is.
    """
    template = compiled("text/plain", Kind.HEADER)

    assert ("text/plain", b"text/plain") == (template.render({}), template.render_bytes({}))
    assert (frozenset(), ()) == (template.variables, template.places)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{CALL_DURATION}", 75),
        ("<CALL_DURATION>", 75),
        ("{{ CALL_DURATION }}", 75),
        ("{{ CALL_DURATION / 2 }}", 37.5),
        ("{{ CALL_DURATION > 60 }}", True),
        ("{{ CALL_QUEUE | map({'Sales': 1}) }}", 1),
        ("{{ none }}", ""),
        ("{{ 'a' if CALL_QUEUE else none }}", "a"),
        ("{CALL_DURATION} s", "75 s"),
        (" {CALL_DURATION}", " 75"),
        ("{{ CALL_DURATION }} s", "75 s"),
        ("{CALL_QUEUE}", "Sales"),
        ("75", "75"),
        ("", ""),
    ],
)
def test_a_value_alone_keeps_its_type(source, value):
    """
    Of a parameter: one token or expression and nothing beside it.
    """
    found = compiled(source, Kind.VALUE).value(CALL)

    assert (type(value), value) == (type(found), found)


@pytest.mark.parametrize("count", [14, 15, 16, 30, 31, 1000])
def test_a_text_may_have_many_values(count):
    """
    Each lands in its place, however many there are.
    """
    numbers = range(count)
    template = compiled("".join(f"{number}: {{CALL_NOTES}}, " for number in numbers))

    assert "".join(f"{number}: x, " for number in numbers) == template.render({"CALL_NOTES": "x"})


def test_two_threads_and_many_calls_share_a_template():
    """
    It holds no state of a rendering.
    """
    from concurrent.futures import ThreadPoolExecutor

    template = compiled("{% set n = CALL_QUEUE %}{% for i in [1, 2, 3] %}{{ n }}{{ loop.index }}{% endfor %}")

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: template.render({"CALL_QUEUE": str(n)}), range(200)))

    assert [f"{n}1{n}2{n}3" for n in range(200)] == made
