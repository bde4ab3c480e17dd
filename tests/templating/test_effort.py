"""
No definition, however hostile, keeps an event loop from its other work for long.
"""

import time
from contextlib import suppress

import pytest

from webhook_engine.definitions import read_text
from webhook_engine.dispatch import Preparation
from webhook_engine.errors import TemplateTooLarge
from webhook_engine.templating import Bounds, Kind, OneRequest, compile_expression, compile_template

NAMES = frozenset({"CALL_NOTES"})
LOOP = "{%% for a in [1] * 9999 %%}%s{%% endfor %%}"
LONG = "1a" * 100_000
EFFORT = 1_500_000
"""Enough for two of such a loop, and not for three."""

HOSTILE = {
    "a long body": (LOOP % ("{% set q = a + 1 %}" * 3000), "x"),
    "comparisons": (LOOP % ("{% if (1, 2, 3) == (1, 2, 3) %}{% endif %}" * 1500), "x"),
    "conditions": (LOOP % ("{% if a == 1 and CALL_NOTES != 'z' %}x{% endif %}" * 800), "x"),
    "numbers of telephones": (LOOP % "{% if CALL_NOTES | e164('ZA') %}{% endif %}", "0821234567"),
    "national numbers": (LOOP % "{% if CALL_NOTES | national('ZA') %}{% endif %}", "0821234567"),
    "times": (LOOP % "{{ CALL_NOTES | format_datetime('%A') }}", "2026-11-22T10:00:00+02:00"),
    "whole numbers": (LOOP % "{{ a | int }}{{ a | float }}", "x"),
    "digits of short texts": (LOOP % "{{ CALL_NOTES | digits }}", "0821234567"),
    "digits of long texts": (LOOP % "{% if CALL_NOTES | digits %}{% endif %}", LONG),
    "the last of long texts": (LOOP % "{% if CALL_NOTES | last(9) %}{% endif %}", LONG),
    "pieces": (LOOP % "{% if CALL_NOTES | split('a') | join('b') %}{% endif %}", LONG),
    "capitals": (LOOP % "{% if CALL_NOTES | upper %}{% endif %}", "ß" * 200_000),
    "whole numbers of long texts": (LOOP % "{% if CALL_NOTES | int(0) %}{% endif %}", LONG),
    "a search that does not find": (
        "{% for a in [1] * 40 %}{% if (('a' * 50000) ~ 'b' ~ ('a' * 50000)) in ('a' * 200000) %}{% endif %}{% endfor %}",
        "x",
    ),
    "one after the other": ("{{ CALL_NOTES | e164('ZA') }}" * 2000, "0821234567"),
    "angles": (LOOP % "{% if CALL_NOTES | digits %}{% endif %}", "<" * 200_000),
    "loops in loops": (
        "{% for a in [1] * 99 %}{% for b in [1] * 99 %}{{ CALL_NOTES | e164('ZA') }}{% endfor %}{% endfor %}",
        "0821234567",
    ),
}


def seconds(work):
    """
    Processor time of this thread, so that neighbours do not count; the least of three, so that the collector does not.
    """
    times = []
    for _ in range(3):
        began = time.thread_time()
        with suppress(TemplateTooLarge):
            work()
        times.append(time.thread_time() - began)
    return min(times)


@pytest.mark.parametrize(("source", "value"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_rendering_is_short(source, value, patience):
    """
    Fifty milliseconds at the most, whether it comes to an end or is cut off.
    """
    template = compile_template(source, Kind.TEXT, names=NAMES, country="ZA")
    template_s = seconds(lambda: template.render({"CALL_NOTES": value}))

    assert template_s < 0.05 * patience


@pytest.mark.parametrize("size", [1, 10, 100])
def test_an_expression_is_short(size, patience):
    """
    A condition of a rule as well.
    """
    asks = " or ".join(["CALL_NOTES | digits == 'x'"] * min(size, 40))
    expression = compile_expression(asks, names=NAMES)

    assert seconds(lambda: expression.holds({"CALL_NOTES": LONG})) < 0.05 * patience


def test_all_templates_of_a_request_share_their_effort(patience):
    """
    A hundred parameters, each within its own bounds, are beyond the request's.
    """
    parameters = "".join(
        f'[[webhook.parameter]]\nname = "p{n}"\nvalue = "{{% for a in [1] * 999 %}}{{% if CALL_NOTES | digits %}}x'
        '{% endif %}{% endfor %}"\n'
        for n in range(100)
    )
    text = '[[webhook]]\nname = "W"\ntype = "ajax-post"\ncontent_type = "json"\nurl = "https://x.example/"\n'
    preparation = Preparation(read_text(text + parameters).compiled("W"))
    values = {"CALL_NOTES": "0821234567"}

    with pytest.raises(TemplateTooLarge, match="steps of work"):
        preparation.prepare(values)
    assert seconds(lambda: preparation.prepare(values)) < 0.05 * patience


def test_each_request_has_its_own():
    """
    A rendering takes nothing from the next.
    """
    template = compile_template(LOOP % "x", Kind.TEXT, names=NAMES, bounds=Bounds(effort=EFFORT))
    values = {"CALL_NOTES": "x"}
    for _ in range(5):
        template.render(values)

    shared = OneRequest(values, Bounds(effort=EFFORT))
    template.render(shared)
    template.render(shared)
    with pytest.raises(TemplateTooLarge):
        template.render(shared)


def test_a_list_is_no_longer_than_it_may_be():
    """
    Ten thousand items are made, and one more is not.
    """
    render = compile_template("{{ ([1] * 10000) | length }}", Kind.TEXT, names=NAMES).render

    assert "10000" == render({})
    with pytest.raises(TemplateTooLarge, match="10,000 list items"):
        compile_template("{{ ([1] * 10001) | length }}", Kind.TEXT, names=NAMES).render({})


EVERYDAY = {
    "a list of products": (
        "{% for p in CALL_NOTES.split(',') %}<p>{{ p | upper }}</p>{% endfor %}",
        "a,b," * 100,
    ),
    "a number": ("{{ CALL_NOTES | e164('ZA') }}", "0821234567"),
    "notes of a novel": ("{{ CALL_NOTES | trim | replace('a', 'b') | truncate(200000) }}", "a b " * 50_000),
}


@pytest.mark.parametrize(("source", "value"), EVERYDAY.values(), ids=EVERYDAY.keys())
def test_what_people_write_has_room(source, value):
    """
    Three such in one request as well.
    """
    template = compile_template(source, Kind.TEXT, names=NAMES, country="ZA")
    shared = OneRequest({"CALL_NOTES": value})
    for _ in range(3):
        template.render(shared)

    assert shared.effort.left > 0
