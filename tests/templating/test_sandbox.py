"""
A template reaches its values and nothing else, and its work is bounded.
"""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.errors import RenderError, TemplateError, TemplateSyntaxError
from webhook_engine.templating import Kind, compile_expression, compile_template
from webhook_engine.templating.sandbox import ENVIRONMENT

NAMES = ("CALLERID", "CALL_NOTES", "CALL_DURATION", "response")
CALL = {"CALLERID": "Conrad", "CALL_NOTES": "a,b,c", "CALL_DURATION": 75}


def compiled(source, **options):
    return compile_template(source, Kind.TEXT, names=NAMES, **options)


ESCAPES = {
    # Published ways out of Jinja's sandbox and out of templates in general.
    "the class of a string": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "the class by filter": "{{ ''|attr('__class__') }}",
    "the class, escaped": "{{ ''|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "the class of a value": "{{ CALLERID.__class__.__base__ }}",
    "str.format": "{{ '{0.__class__}'.format(CALLERID) }}",
    "str.format by filter": "{{ '%s'|format(CALLERID) }}",
    "str.format_map": "{{ '{x.__class__}'.format_map({'x': CALLERID}) }}",
    "format stored and called indirectly": "{{ ['{0.__class__}'.format]|map('call')|list }}",
    "a method stored by attr": "{{ ('{0.__class__}'|attr('format'))(CALLERID) }}",
    "a global of Jinja": "{{ cycler.__init__.__globals__.os }}",
    "joiner": "{{ joiner(',') }}",
    "namespace": "{% set n = namespace(x=1) %}",
    "lipsum": "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "range": "{{ range(10) }}",
    "dict": "{{ dict(a=1) }}",
    "self": "{{ self._TemplateReference__context }}",
    "the request of a web framework": "{{ request.application.__globals__ }}",
    "config": "{{ config.items() }}",
    "a call of a value": "{{ CALLERID() }}",
    "a call of a loop": "{% for x in [1] %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "a loop's internals": "{% for x in [1] %}{{ loop._iterator }}{% endfor %}",
    "a recursive loop": "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'x' as x %}",
    "from import": "{% from 'x' import y %}",
    "extends": "{% extends 'x' %}",
    "block": "{% block x %}{% endblock %}",
    "macro": "{% macro x() %}{% endmacro %}{{ x() }}",
    "call block": "{% call x() %}{% endcall %}",
    "filter block": "{% filter upper %}x{% endfilter %}",
    "with": "{% with x = 1 %}{% endwith %}",
    "set block": "{% set x %}y{% endset %}",
    "autoescape": "{% autoescape false %}{% endautoescape %}",
    "do": "{% do [].append(1) %}",
    "a generator's frame": "{{ ([1]|select).gi_frame }}",
    "sort by attribute": "{{ [1]|map(attribute='__class__')|list }}",
    "groupby": "{{ [1]|groupby('__class__') }}",
    "pprint": "{{ CALLERID|pprint }}",
    "xmlattr": "{{ {'a': 1}|xmlattr }}",
    "spread arguments": "{{ CALLERID|replace(*['a', 'b']) }}",
    "spread keywords": "{{ CALLERID|truncate(**{'length': 1}) }}",
    "a variable given a value": "{% set CALLERID = 'x' %}",
    "a variable as a loop's target": "{% for CALLERID in [1] %}{% endfor %}",
    "self given a value": "{% set self = 1 %}",
    "an item given a value": "{% set CALLERID.x = 1 %}",
    "an unknown name": "{{ os }}",
    "a test for attributes": "{{ CALLERID is callable }}",
    "a filter of the engine's own": "{{ CALLERID|joined by ~ }}",
}


@pytest.mark.parametrize("source", ESCAPES.values(), ids=ESCAPES.keys())
def test_a_way_out_is_refused_when_read(source):
    """
    Not when rendered: nobody has to wait for a call to find it.
    """
    with pytest.raises(TemplateSyntaxError):
        compiled(source)


@pytest.mark.parametrize(
    "source",
    ["response.__class__", "response | attr('x')", "response()", "x := 1", "1 }}{{ 2", "1 %}{% if 1", ""],
)
def test_a_way_out_of_an_expression_is_refused(source):
    """
    Conditions of rules pass the same door.
    """
    with pytest.raises(TemplateError):
        compile_expression(source, names=NAMES).evaluate({"response": {}})


def test_the_environment_has_no_globals():
    """
    Nothing is in reach that is not given.
    """
    assert {} == ENVIRONMENT.globals


@pytest.mark.parametrize(
    "key", ["items", "keys", "values", "get", "pop", "update", "copy", "__class__", "_id"]
)
def test_a_dot_reads_items_never_attributes(key):
    """
    `response.items` is the member called items, not a method of a Python dictionary.
    """
    has = compile_expression(f"response['{key}']" if key.startswith("__") else f"response.{key}", names=NAMES)
    missing = compile_expression(f"response['{key}'] is defined", names=NAMES)

    assert "mine" == has.evaluate({"response": {key: "mine"}})
    assert missing.evaluate({"response": {}}) is False


def test_what_is_below_something_missing_is_missing_too():
    """
    `response.error.code is defined` asks, it does not fail.
    """
    expression = compile_expression("response.error.code is defined", names=NAMES)

    assert expression.evaluate({"response": {}}) is False
    assert expression.evaluate({"response": {"error": None}}) is False
    assert expression.evaluate({"response": {"error": {"code": 1}}}) is True


@pytest.mark.parametrize(
    "source",
    [
        "''['__class__']",
        "CALLERID['upper']",
        "response['__class__']",
        "CALL_DURATION['real']",
        "[1]['append']",
        "response['a']['__class__']",
    ],
)
def test_a_subscript_reads_items_never_attributes(source):
    """
    What no item is called is missing.
    """
    expression = compile_expression(f"{source} is defined", names=NAMES)

    assert expression.evaluate({**CALL, "response": {"a": {}}}) is False


BOMBS = {
    "a text multiplied": "{{ 'x' * 1000000000 }}",
    "a text multiplied by a value": "{{ CALLERID * 1000000000 }}",
    "a multiplied text": "{{ 1000000000 * CALLERID }}",
    "a list multiplied": "{{ ([1] * 1000000000) | length }}",
    "a power": "{{ 9 ** 9 ** 9 ** 9 ** 9 }}",
    "a huge product": "{{ " + " * ".join(["99999999999999999999"] * 60) + " }}",
    "a format width": "{{ '%1000000000d' % 1 }}",
    "doubling by plus": "{% set x = 'xx' %}" + "{% set x = x + x %}" * 40 + "{{ x }}",
    "doubling by tilde": "{% set x = 'xx' %}" + "{% set x = x ~ x %}" * 40 + "{{ x }}",
    "doubling by replace": "{% set x = 'xx' %}" + "{% set x = x | replace('x', 'xx') %}" * 40 + "{{ x }}",
    "doubling a list": "{% set x = [1, 2] %}" + "{% set x = x + x %}" * 40 + "{{ x | length }}",
    "doubling by join": "{% set x = 'xx' %}" + "{% set x = [x, x] | join %}" * 40 + "{{ x }}",
    "a nested list": "{% set x = [1] %}" + "{% set x = [x, x] %}" * 40 + "{{ x }}",
    "loops in loops": "{% set l = (CALL_NOTES * 50) | split(',') %}"
    + "{% for x in l %}" * 4
    + "x"
    + "{% endfor %}" * 4,
    "a loop that writes much": "{% set l = ('a,' * 5000) | split(',') %}{% for x in l %}{{ CALLERID * 100 }}{% endfor %}",
    "a long join": "{{ (('a,' * 100000) | split(',')) | join(CALLERID * 100) }}",
    "a wide number": "{{ ('9' * 200000) | int }}",
}


@pytest.mark.parametrize("source", BOMBS.values(), ids=BOMBS.keys())
def test_work_and_output_are_bounded(source, patience):
    """
    An error of the tree, at once, whatever a template multiplies.
    """
    started = time.process_time()

    with pytest.raises(TemplateError):
        compiled(source).render(CALL)

    assert time.process_time() - started < 3 * patience


@pytest.mark.parametrize(
    "source",
    [
        "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
        "{% if 1 %}" * 3_000,
        "{{ " + "[" * 3_000,
        "{{ " + "-" * 20_000 + "1 }}",
        "{{ " + "1+" * 15_000 + "1 }}",
        "{{ " + "not " * 10_000 + "1 }}",
        "{% if 1 %}" * 150 + "{% endif %}" * 150,
        "{% for x in [1] %}" * 30 + "{% endfor %}" * 30,
    ],
)
def test_a_template_nested_too_deep_is_refused(source):
    """
    As an error with a place, never a RecursionError.
    """
    with pytest.raises(TemplateError):
        compiled(source).render(CALL)


FAILURES = {
    "a number and a text compared": ("{{ CALLERID > 5 }}", "CALLERID > 5: "),
    "a division by zero": ("{{ 1 / 0 }}", "1 / 0: division by zero"),
    "no number": ("{{ CALLERID | int }}", "CALLERID | int: 'Conrad' is not a whole number"),
    "no list": ("{% for x in CALLERID %}{% endfor %}", "a loop goes over a list"),
    "something missing": ("{{ response.a.b }}", "response.a.b: "),
    "a list put out": ("{{ CALL_NOTES | split(',') }}", "a list cannot stand here"),
}


@pytest.mark.parametrize(("source", "sentence"), FAILURES.values(), ids=FAILURES.keys())
def test_an_expression_that_fails_is_named(source, sentence):
    """
    The error says which expression, not which line of Jinja's code.
    """
    with pytest.raises(RenderError) as caught:
        compiled(source).render({**CALL, "response": {}})

    assert sentence in str(caught.value)


@given(st.text(st.sampled_from("{}%#'\"<>|()[]-+ \nAa0_.,:forinif")))
def test_any_text_as_a_template_renders_or_is_refused(source):
    """
    Never anything but an error of the tree.
    """
    for kind in Kind:
        try:
            compile_template(source, kind, names=NAMES).render({**CALL, "response": {}})
        except TemplateError:
            continue


@given(
    st.lists(
        st.sampled_from(
            [
                "{{",
                "}}",
                "{%",
                "%}",
                "{#",
                "#}",
                " if ",
                " for ",
                " in ",
                "endif",
                "endfor",
                "else",
                " CALLERID ",
                "{CALLERID}",
                "|",
                "upper",
                "raw",
                "'",
                '"',
                "[",
                "]",
                "(",
                ")",
                "{",
                "}",
                "loop",
                ".last",
                "set x = ",
                "x",
                ",",
                ":",
                "1",
                "<a>",
                "</a>",
                "<a b='",
                "https://h/",
                "?",
                "#",
                "-",
                "\n",
            ]
        ),
        max_size=25,
    ).map("".join)
)
def test_any_row_of_words_renders_or_is_refused(source):
    """
    The same, closer to what templates are made of.
    """
    for kind in Kind:
        try:
            compile_template(source, kind, names=NAMES).render({**CALL, "response": {}})
        except TemplateError:
            continue


BOMBS = {
    "a round to beyond all digits": "{{ 5 | round(-99999999) }}",
    "a join of large texts": "{{ (['a' * 100000] * 10000) | join }}",
    "a chain of large texts": "{% set a = 'a' * 262144 %}{{ a" + " ~ a" * 90 + " }}",
    "work without output": (
        "{% for i in [1] * 10000 %}{% set b = ('a,' * 100000) | split(',') | length %}{% endfor %}"
    ),
    "lists of lists": "{{ [[['a'] * 1000] * 1000] * 1000 }}",
    "a chain of filters": "{{ CALLERID" + " | upper" * 250 + " }}",
    "a chain of sums": "{{ " + " + ".join(["1"] * 3000) + " }}",
}


@pytest.mark.parametrize("source", BOMBS.values(), ids=BOMBS.keys())
def test_work_is_bounded_not_only_output(source, patience):
    """
    What a template does on the way counts, also where it is read and nothing was rendered yet.
    """
    started = time.process_time()

    with pytest.raises(TemplateError):
        compile_template(source, Kind.TEXT, names={"CALLERID"}).render({"CALLERID": "x"})

    # Without the bounds these take from half a minute to for ever.
    assert time.process_time() - started < 10 * patience


def test_a_number_of_a_response_cannot_hold_up_a_rule():
    """
    Ten bytes of a target system must not make a gigabyte of digits.
    """
    expression = compile_expression("response.total | round > 100", names={"response"})

    with pytest.raises(TemplateError, match="no further than 400 digits"):
        expression.evaluate({"response": {"total": Decimal("1E+999999999")}})
