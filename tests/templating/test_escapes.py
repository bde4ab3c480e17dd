"""
A template reaches values and nothing behind them, and ends in bounded time.
"""

import time

import pytest

from webhook_engine.errors import TemplateError, TemplateSyntaxError
from webhook_engine.templating import Bounds, Kind, compile_expression, compile_template

NAMES = frozenset({"CALLERID", "CALL_NOTES", "CALL_DURATION"})
CALL = {"CALLERID": "100", "CALL_NOTES": "", "CALL_DURATION": 75}
SECONDS = 60.0
"""Of the processor; each takes a fraction of one, and without the bounds minutes or for ever."""


def outcome(source):
    """
    What became of a template: its text, or an error of the tree.
    """
    started = time.process_time()
    try:
        made = compile_template(source, Kind.TEXT, names=NAMES).render(CALL)
    except TemplateError as error:
        made = error
    assert time.process_time() - started < SECONDS
    return made


@pytest.mark.parametrize(
    "expression",
    [
        # The way from any object to all classes.
        "''.__class__",
        "''.__class__.__mro__[1].__subclasses__()",
        "().__class__.__bases__[0].__subclasses__()[40]('/etc/passwd').read()",
        "[].__class__.__base__.__subclasses__()",
        "CALLERID.__class__.__init__.__globals__",
        "CALL_DURATION.__class__.__mro__",
        "{}.__class__.mro()",
        # The same, its names hidden from a look at the source.
        "''['__class__']",
        "''['__class__']['__mro__'][1]['__subclasses__']()",
        "''['__cla' ~ 'ss__']",
        "''['__cla' + 'ss__']",
        r"''['\x5f\x5fclass\x5f\x5f']",
        r"''['\u005f\u005fclass\u005f\u005f']",
        "''['＿＿class＿＿']",
        "''.＿＿class＿＿",
        "''.__ｃlass__",
        "CALLERID['_' ~ '_class_' ~ '_']",
        "''[['__class__'][0]]",
        "''['%c%cclass%c%c' % (95, 95, 95, 95)]",
        # Filters that look attributes up.
        "''|attr('__class__')",
        "''|attr(['__cla', 'ss__']|join)",
        "[CALLERID]|map(attribute='__class__')|list",
        "[CALLERID]|map('attr', '__class__')|list",
        "[CALLERID]|selectattr('__class__')|list",
        "[CALLERID]|groupby('__class__')",
        "[CALLERID]|sum(attribute='__class__')",
        "[CALLERID]|sort(attribute='__class__')",
        # Formatting that does.
        "'{0.__class__}'.format(CALLERID)",
        "'{0.__class__.__mro__}'.format(42)",
        "'{x.__class__}'.format_map({'x': 1})",
        "'{0.__class__}'|format(1)",
        "''.format",
        "('{0.__cla' ~ 'ss__}').format(1)",
        "'%s' % CALLERID",
        "'%(x)s' % {'x': 1}",
        # Globals of Jinja and what hangs on them.
        "cycler.__init__.__globals__.os.popen('id').read()",
        "joiner.__init__.__globals__",
        "namespace.__init__.__globals__",
        "lipsum.__globals__['os'].popen('id').read()",
        "lipsum(n=100000)",
        "cycler('a')",
        "joiner(',')",
        "namespace(a=1)",
        "dict(a=1)",
        "range(10)",
        "self",
        "self.__init__.__globals__",
        "self._TemplateReference__context",
        "super()",
        "caller()",
        "varargs",
        "kwargs",
        "config",
        "request.application.__globals__",
        "g.pop.__globals__",
        "url_for.__globals__",
        "get_flashed_messages.__globals__",
        "open('/etc/passwd')",
        "import('os')",
        "__import__('os')",
        "eval('1')",
        "values",
        "environment",
        "context",
        # Methods and calls.
        "CALLERID.encode()",
        "CALLERID.join(['a'])",
        "CALLERID.upper.__self__",
        "''.upper.__func__",
        "[].append(1)",
        "[].sort()",
        "{}.update({})",
        "{}.pop",
        "(CALLERID)()",
        "CALLERID.split(*[','])",
        "CALLERID|replace(**{'old': 'a', 'new': 'b'})",
        # Filters that write what the slot would not.
        "CALLERID|safe",
        "CALLERID|raw|upper",
        "CALLERID|tojson",
        "CALLERID|urlencode",
        "CALLERID|xmlattr",
        "CALLERID|pprint",
        "CALLERID|random",
    ],
)
def test_published_escapes_end_as_errors(expression):
    """
    When they are read or when they are rendered; nothing of Python shows in the result.
    """
    made = outcome(f"{{{{ {expression} }}}}")

    assert isinstance(made, TemplateError)


@pytest.mark.parametrize(
    "loop",
    ["loop.__class__", "loop.cycle('a')", "loop.changed(1)", "loop._iterator", "loop['__class__']", "loop['cycle']",
     "loop.depth", "loop|attr('cycle')", "loop"],
)  # fmt: skip
def test_a_loop_tells_numbers_only(loop):
    """
    Its object is Jinja's, and has more than a template should see.
    """
    made = outcome(f"{{% for x in [1] %}}{{{{ {loop} }}}}{{% endfor %}}")

    assert isinstance(made, TemplateError)


@pytest.mark.parametrize(
    "block",
    [
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% from 'os' import path %}",
        "{% extends 'base' %}",
        "{% macro a() %}{% endmacro %}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{% call CALLERID() %}{% endcall %}",
        "{% block a %}{% endblock %}",
        "{% filter upper %}a{% endfilter %}",
        "{% set a %}b{% endset %}",
        "{% set a | upper %}b{% endset %}",
        "{% with a = 1 %}{% endwith %}",
        "{% autoescape false %}{% endautoescape %}",
        "{% do CALLERID.append(1) %}",
        "{% trans %}a{% endtrans %}",
        "{% debug %}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% break %}",
        "{% print(CALLERID.__class__) %}",
    ],
)
def test_only_if_for_and_set_are_said(block):
    """
    Every other block is refused when the template is read.
    """
    assert isinstance(outcome(block), TemplateSyntaxError)


@pytest.mark.parametrize(
    "assignment",
    [
        "{% set CALLERID = 'x' %}",
        "{% set loop = 1 %}",
        "{% set self = 1 %}",
        "{% set __a = 1 %}",
        "{% set _a = 1 %}",
        "{% set A = 1 %}",
        "{% set a, b = 1, 2 %}",
        "{% set a.b = 1 %}",
        "{% for CALLERID in [1] %}{% endfor %}",
        "{% for loop in [1] %}{% endfor %}",
        "{% for a.b in [1] %}{% endfor %}",
        "{% for (a, (b, c)) in [1] %}{% endfor %}",
    ],
)
def test_no_name_of_the_calls_own_is_given_another_value(assignment):
    """
    Names of a template's own are in small letters, and single.
    """
    assert isinstance(outcome(assignment), TemplateSyntaxError)


# --- Bombs -------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'x' * 10**9 }}",
        "{{ 10**9 * 'x' }}",
        "{{ [0] * 10**9 }}",
        "{{ 'x' * 262145 }}",
        "{{ 9 ** (9 ** 9) }}",
        "{{ 2 ** 100000 }}",
        "{{ (2 ** 1000) * (2 ** 1000) }}",
        "{{ 2 ** (2 ** (2 ** (2 ** (2 ** 2)))) }}",
        "{% set a = 2 ** 600 %}{{ a * a }}",
        "{{ 'x'.center(10**9) }}",
        "{{ 'x'|center(10**9) }}",
        "{{ 'x'.ljust(10**9) }}",
        "{{ 'x'.zfill(10**9) }}",
        "{{ 'x'|indent(10**9) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%0*d' % (1000000000, 1) }}",
        "{{ '{:>1000000000}'.format(1) }}",
        "{{ 'x'|format(1) }}",
        "{{ range(10**9)|list }}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{% for i in [0] * 200 %}{% for j in [0] * 200 %}{{ i }}{% endfor %}{% endfor %}",
        "{% for i in [0] * 100 %}{% for j in [0] * 100 %}{% for k in [0] * 100 %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for i in [0] * 10001 %}{% endfor %}",
        "{% for i in ('x,' * 20000)|split(',') %}{% endfor %}",
        "{{ ('a' * 100000)|replace('a', 'b' * 100000) }}",
        "{{ ('a' * 1000)|replace('a', 'b' * 1000)|replace('b', 'c' * 1000) }}",
        "{{ ('a' * 1000).replace('a', 'b' * 1000) }}",
        "{{ 'a'|replace('', 'b' * 1000) }}",
        "{{ ([''] * 200000)|join('x' * 200000) }}",
        "{% set a = 'x' * 200000 %}{{ a ~ a }}",
        "{% set a = 'x' * 200000 %}{{ a + a }}",
        "{% set a = [0] * 200000 %}{{ (a + a)|length }}",
        "{% set a = 'x' * 200000 %}{{ a }}{{ a }}",
        "{% for i in [0] * 10 %}{{ 'x' * 200000 }}{% endfor %}",
        "{% set a = [0] %}{% set a = [a, a] %}",
        "{% set a = {'b': 1} %}",
        "{{ 'x'|truncate(10**9)|e164 * 10**9 }}{{ 1 // 0 }}",
        "{{ -1 * 'x' ~ 1 / 0 }}",
        "{{ [1, 2] }}",
        "{{ {'a': 1} }}",
    ],
)
def test_a_bomb_ends_as_an_error_of_the_tree(source):
    """
    In bounded time, whether it is read or rendered.
    """
    assert isinstance(outcome(source), TemplateError)


def test_what_set_keeps_in_a_loop_does_not_grow_beyond_bounds():
    """
    Doubling forty times would be a terabyte.
    """
    source = "{% set a = 'x' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}"

    assert isinstance(outcome(source), TemplateError)


def test_a_loop_does_not_hand_its_names_to_the_next_round():
    """
    As in Jinja: nothing adds up from round to round.
    """
    source = (
        "{% set a = 'x' %}{% for i in [0] * 50 %}{% set a = a ~ a %}{{ loop.last and a or '' }}{% endfor %}"
    )

    assert "xx" == outcome(source)


@pytest.mark.parametrize(
    "source", ["((((" * 500, "{% if CALLERID %}" * 2000 + "{% endif %}" * 2000, "[" * 3000]
)
def test_what_is_nested_too_deep_does_not_read(source):
    """
    A tree's depth is the stack's.
    """
    made = outcome(source if source.startswith("{%") else f"{{{{ {source} }}}}")

    assert isinstance(made, TemplateSyntaxError)


def test_an_expression_is_held_by_the_same_sandbox():
    """
    Rules and outcomes are written by the same authors.
    """
    for source in ("''.__class__", "CALLERID.encode()", "lipsum", "2 ** (9 ** 9)"):
        with pytest.raises(TemplateError):
            compile_expression(source, names=NAMES).evaluate(CALL)


def test_a_bound_of_ones_own_is_held_in_every_step():
    """
    The bound on output is one on every text on the way.
    """
    bounds = Bounds(output_chars=10)
    template = compile_template("{{ ('x' * 11)|length }}", Kind.TEXT, names=NAMES, bounds=bounds)

    with pytest.raises(TemplateError, match="more than 10 characters"):
        template.render(CALL)
