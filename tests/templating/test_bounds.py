"""
No template goes further than its bounds, to the character.
"""

from types import SimpleNamespace

import pytest

from webhook_engine.errors import RenderError, TemplateSyntaxError, TemplateTooLarge
from webhook_engine.templating import Bounds, Kind, compile_body, compile_template, compile_url

NAMES = frozenset({"CALL_NOTES"})


def parameter(value="{CALL_NOTES}"):
    """
    One that is always sent.
    """
    return SimpleNamespace(name="a", value=value, when_empty="send", default=None)


def template(source, kind):
    """
    Bounded to a hundred characters.
    """
    return compile_template(source, kind, names=NAMES, bounds=Bounds(output_chars=100))


BOUNDED = {
    "url": lambda: template("https://h/{CALL_NOTES}", Kind.URL),
    "header": lambda: template("{CALL_NOTES}", Kind.HEADER),
    "form": lambda: template("a={CALL_NOTES}", Kind.FORM),
    "json": lambda: template('"{CALL_NOTES}"', Kind.JSON),
    "json made as text": lambda: template('{"{CALL_NOTES}": 1}', Kind.JSON),
    "xml": lambda: template("<a>{CALL_NOTES}</a>", Kind.XML),
    "text": lambda: template("{CALL_NOTES}", Kind.TEXT),
    "jinja": lambda: template("{{ CALL_NOTES }}", Kind.TEXT),
    "a loop": lambda: template("{% for x in [1] %}{{ CALL_NOTES }}{% endfor %}", Kind.TEXT),
    "parameters of a url": lambda: compile_url(
        "https://h/", [parameter()], names=NAMES, bounds=Bounds(output_chars=100)
    ),
    "parameters of a url by jinja": lambda: compile_url(
        "https://h/{{ CALL_NOTES | replace('x', '') }}", [parameter()], names=NAMES, bounds=Bounds(output_chars=100)
    ),
    "parameters of a form": lambda: compile_body(
        [parameter()], "url", names=NAMES, bounds=Bounds(output_chars=100)
    ),
    "parameters of json": lambda: compile_body(
        [parameter()], "json", names=NAMES, bounds=Bounds(output_chars=100)
    ),
    "parameters of xml": lambda: compile_body(
        [parameter()], "xml", names=NAMES, bounds=Bounds(output_chars=100)
    ),
}  # fmt: skip


@pytest.mark.parametrize("make", BOUNDED.values(), ids=BOUNDED.keys())
def test_the_result_is_bounded_to_the_character(make):
    """
    What fits goes out; one character more is an error, in text and in bytes.
    """
    bounded = make()
    around = len(bounded.render({"CALL_NOTES": ""}))
    fits = {"CALL_NOTES": "x" * (100 - around)}
    too_long = {"CALL_NOTES": "x" * (101 - around)}

    assert 100 == len(bounded.render(fits))
    for render in (bounded.render, bounded.render_bytes):
        with pytest.raises(TemplateTooLarge, match="more than 100 characters"):
            render(too_long)


@pytest.mark.parametrize("source", ["{CALL_NOTES}", "{{ CALL_NOTES }}"])
@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.HEADER, Kind.JSON], ids=lambda kind: kind.value)
def test_the_bound_counts_characters_and_not_bytes(source, kind):
    """
    A text has the same room in every alphabet.
    """
    quotes = 2 if kind is Kind.JSON else 0
    bounded = template(source, kind)

    assert 300 - 2 * quotes == len(bounded.render_bytes({"CALL_NOTES": "渡" * (100 - quotes)}))
    with pytest.raises(TemplateTooLarge):
        bounded.render_bytes({"CALL_NOTES": "渡" * (101 - quotes)})


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.value)
def test_the_source_is_bounded(kind):
    """
    Before anything else is done with it.
    """
    with pytest.raises(TemplateSyntaxError, match="a template has at most 65,536 characters"):
        compile_template(" " * 65_537, kind, names=NAMES)


def test_a_source_that_just_fits_is_read():
    """
    The bound is the last that is allowed.
    """
    assert 65_536 == len(compile_template("x" * 65_536, Kind.TEXT, names=NAMES).render({}))


@pytest.mark.parametrize(
    ("source", "steps"),
    [
        ("{% for a in [1, 2, 3] %}{% endfor %}", 3),
        ("{% for a in [1, 2] %}{% for b in [1, 2] %}{% endfor %}{% endfor %}", 6),
        ("{% for a in [1] %}{% endfor %}{% for a in [1, 2] %}{% endfor %}", 3),
        ("{% for a in [1, 2, 3] if a == 1 %}{% endfor %}", 3),
        ("{% for a in {'b': 1, 'c': 2} %}{% endfor %}", 2),
    ],
)
def test_all_loops_share_their_steps(source, steps):
    """
    Those that are left out by a condition are counted as well.
    """
    enough = compile_template(source, Kind.TEXT, names=NAMES, bounds=Bounds(loop_steps=steps))
    too_few = compile_template(source, Kind.TEXT, names=NAMES, bounds=Bounds(loop_steps=steps - 1))

    assert "" == enough.render({}) == enough.render({})
    with pytest.raises(TemplateTooLarge, match=f"more than {steps - 1} loop steps"):
        too_few.render({})


LISTS = {
    "a text many times": "{{ [CALL_NOTES] * 200 }}",
    "a text written many times": "{{ [CALL_NOTES, CALL_NOTES, CALL_NOTES] }}",
    "a mapping": "{{ {'a': CALL_NOTES, 'b': {'c': [CALL_NOTES, CALL_NOTES]}} }}",
    "names": "{{ {CALL_NOTES ~ 'a': 1, CALL_NOTES ~ 'b': 2, CALL_NOTES ~ 'c': 3} }}",
}


@pytest.mark.parametrize("source", LISTS.values(), ids=LISTS.keys())
@pytest.mark.parametrize("is_body", [True, False], ids=["template", "parameter"])
def test_what_a_list_would_take_is_counted_before_it_is_made(source, is_body, monkeypatch):
    """
    A hundred thousand entries may all be one text, and their JSON a matter of gigabytes.
    """
    monkeypatch.setattr("webhook_engine.templating.slots._json_string", None)
    bounds = Bounds(output_chars=100)
    made = (
        compile_template(source, Kind.JSON, names=NAMES, bounds=bounds)
        if is_body
        else compile_body([parameter(source)], "json", names=NAMES, bounds=bounds)
    )

    with pytest.raises(TemplateTooLarge, match="more than 100 characters"):
        made.render({"CALL_NOTES": "x" * 40})


@pytest.mark.parametrize(
    "step", ["CALL_NOTES in CALL_NOTES", "CALL_NOTES == 'a'", "CALL_NOTES[::2]", "CALL_NOTES[1:]"]
)
def test_what_python_does_in_a_loop_is_counted(step):
    """
    Comparisons and slices look at their operands as filters do.
    """
    source = f"{{% for i in [1, 2, 3] %}}{{% if {step} %}}{{% endif %}}{{% endfor %}}"
    made = compile_template(source, Kind.TEXT, names=NAMES, bounds=Bounds(work_chars=1000))

    assert "" == made.render({"CALL_NOTES": "x" * 100})
    with pytest.raises(TemplateTooLarge, match="more than 1,000 characters on the way"):
        made.render({"CALL_NOTES": "x" * 400})


def test_an_error_quotes_no_more_than_a_few_words():
    """
    Whatever the value is that it is about.
    """
    made = compile_template("{{ {'a': 1}[CALL_NOTES] }}", Kind.TEXT, names=NAMES)

    with pytest.raises(RenderError) as caught:
        made.render({"CALL_NOTES": "x" * 10_000})

    assert len(str(caught.value)) < 400


def test_bounds_cannot_be_moved():
    """
    They are compiled in.
    """
    with pytest.raises(AttributeError):
        Bounds().output_chars = 1
