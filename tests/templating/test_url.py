"""
A URL template: which slot each place meets, and what no URL may be.
"""

from types import SimpleNamespace

import pytest

from webhook_engine.errors import RenderError, TemplateSyntaxError, UnsafeValue
from webhook_engine.templating import Kind, Slot, compile_template, compile_url

NAMES = ("A", "B", "C")


def compiled(source, **options):
    return compile_template(source, Kind.URL, names=NAMES, **options)


def slots(source, **options):
    return [(place.expression, place.slot) for place in compiled(source, **options).places]


def test_each_part_of_a_url_is_a_slot():
    """
    Path, query name, query value, fragment.
    """
    source = "https://h.example/x/{A}?{B}=<C>#{{ A | upper }}"

    expected = [
        ("A", Slot.URL_PATH),
        ("B", Slot.URL_QUERY),
        ("C", Slot.URL_QUERY),
        ("A | upper", Slot.URL_FRAGMENT),
    ]
    assert expected == slots(source)


@pytest.mark.parametrize(
    ("source", "slot"),
    [
        ("https://h.example/?a=/?{A}", Slot.URL_QUERY),
        ("https://h.example/a?{A}", Slot.URL_QUERY),
        ("https://h.example?{A}", Slot.URL_QUERY),
        ("https://h.example#{A}", Slot.URL_FRAGMENT),
        ("https://h.example/#a?{A}", Slot.URL_FRAGMENT),
        ("https://h.example/a;b={A}", Slot.URL_PATH),
        ("https://h.example:8443/{A}", Slot.URL_PATH),
        ("http://[::1]:8080/{A}", Slot.URL_PATH),
        ("HTTPS://h.example/{A}", Slot.URL_PATH),
    ],
)
def test_delimiters_end_a_part_only_where_they_do(source, slot):
    """
    A question mark in a query is a character like another.
    """
    assert [("A", slot)] == slots(source)


@pytest.mark.parametrize(
    ("source", "column"),
    [
        ("{A}", 1),
        ("{A}://h.example/", 1),
        ("http{A}://h.example/", 1),
        ("https://{A}/", 9),
        ("https://h.{A}/", 11),
        ("https://h.example{A}", 18),
        ("https://h.example:{A}/", 19),
        ("https://{A}@h.example/", 9),
        ("https://{{ A }}/", 9),
        ("https://{% if A %}a.example{% else %}b.example/{% endif %}", 9),
        ("/relative/{A}", 1),
        ("javascript:alert({A})", 1),
        ("ftp://h.example/{A}", 1),
        ("//h.example/{A}", 1),
        ("", 1),
        ("https://", 9),
        ("https:///x", 9),
        ("https://h example/", 9),
        ("https://user:secret@h.example/{A}", 9),
        ("https://h.example/100%", 22),
        ("https://h.example/%{A}", 19),
        ("https://h.example/a\nb", 20),
        ("https://h.example/\x00", 19),
        ("https://h.example/..", 19),
        ("https://h.example/a/./b", 21),
        ("https://h.example/{A}/%2e%2E?b", 23),
        ("https://h.example/{{ A }}/../x", 27),
        ("https://h.example/{% if A %}b/..{% endif %}", 31),
    ],
)
def test_where_a_request_goes_is_not_for_a_value_to_say(source, column):
    """
    Scheme, user, host and port take no variables; what is no URL at all is found when read.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        compiled(source)

    assert column == caught.value.column


def test_a_variable_host_is_checked_against_the_list():
    """
    With hosts listed the host may vary among them, whatever case it is written in.
    """
    template = compiled("https://{A}.crm.example/{B}", hosts=["eu.CRM.example", "us.crm.example:8443"])

    assert Slot.URL_HOST is template.places[0].slot
    assert "https://EU.crm.example/x" == template.render({"A": "EU", "B": "x"})
    with pytest.raises(UnsafeValue, match=r"'evil.crm.example' is not one of the hosts"):
        template.render({"A": "evil", "B": "x"})


@pytest.mark.parametrize(
    "value",
    [
        "eu.crm.example/",
        "eu.crm.example@evil",
        "eu.crm.example:80",
        "eu.crm.example#",
        "evil\\",
        " eu",
        "",
        "eu.crm.example.",
        "%65u.crm.example",
    ],
)
@pytest.mark.parametrize("source", ["https://{A}/", "https://{{ A }}/"])
def test_a_variable_host_cannot_be_broken_out_of(source, value):
    """
    Not by any delimiter, nor by leaving it empty.
    """
    with pytest.raises(UnsafeValue):
        compiled(source, hosts=["eu.crm.example"]).render({"A": value})


def test_a_fixed_host_must_be_listed_too():
    """
    The list says where this webhook may go, so a host beside it is a mistake.
    """
    with pytest.raises(TemplateSyntaxError, match="not one of the hosts"):
        compiled("https://h.example/", hosts=["other.example"])


CLIMBING = [
    "https://h.example/{A}",
    "https://h.example/{A}/x",
    "https://h.example/{{ A }}?b",
    "https://h.example/x/{A}#f",
]


@pytest.mark.parametrize("source", CLIMBING)
@pytest.mark.parametrize("dots", [".", ".."])
def test_a_segment_of_dots_is_refused(source, dots):
    """
    It would lead to another page of the target system.
    """
    with pytest.raises(UnsafeValue, match="A: a URL path cannot carry"):
        compiled(source).render({"A": dots})


@pytest.mark.parametrize(
    "source",
    [
        "https://h.example/{A}{B}",
        "https://h.example/.{A}",
        "https://h.example/%2e{A}",
        "https://h.example/{A}%2E/x",
        "https://h.example/{{ A }}{{ B }}",
        "https://h.example/{% if true %}.{% endif %}{{ A }}",
    ],
)
def test_dots_that_only_together_climb_are_refused(source):
    """
    The whole segment counts, however it came about.
    """
    with pytest.raises(UnsafeValue, match="would climb"):
        compiled(source).render({"A": "", "B": ".."} if "{B}" in source or "B }" in source else {"A": "."})


def test_dots_beside_other_characters_are_data():
    """
    A version, a file name, three dots.
    """
    template = compiled("https://h.example/v{A}.{B}/{C}")

    assert "https://h.example/v1..2/..." == template.render({"A": "1", "B": ".2", "C": "..."})


def test_an_empty_value_leaves_the_structure_as_it_is():
    """
    The segment is there, and empty.
    """
    assert "https://h.example/a//b?c=" == compiled("https://h.example/a/{A}/b?c={B}").render(
        {"A": "", "B": ""}
    )


@pytest.mark.parametrize(
    ("source", "sent"),
    [
        ("https://h.example", "https://h.example/"),
        ("https://h.example?a=b", "https://h.example/?a=b"),
        ("HTTPS://h.example/", "https://h.example/"),
        ('https://h.example/a b/é?ü="<{z}>', "https://h.example/a%20b/%C3%A9?%C3%BC=%22%3C%7Bz%7D%3E"),
        ("https://h.example/a%20b?c=%2B+d", "https://h.example/a%20b?c=%2B+d"),
    ],
)
def test_what_the_author_wrote_is_made_a_url(source, sent):
    """
    What may stand in a URL stands as written; the rest is percent-encoded.
    """
    assert sent == compiled(source).render({})


def test_raw_goes_past_the_encoding_and_no_further():
    """
    An author's own query string passes; what no URL holds does not.
    """
    template = compiled("https://h.example/?{{ A | raw }}")

    assert "https://h.example/?a=1&b=2" == template.render({"A": "a=1&b=2"})
    assert template.places[0].raw
    for bad in ("a b", "a\r\nX: 1", "é"):
        with pytest.raises(UnsafeValue, match="as it is"):
            template.render({"A": bad})


def test_raw_does_not_climb():
    """
    A path that climbs is refused whoever wrote it.
    """
    with pytest.raises(UnsafeValue, match="would climb"):
        compiled("https://h.example/a/{{ A | raw }}").render({"A": "../admin"})


def test_branches_end_in_the_same_part():
    """
    After an if, every place must still have one slot.
    """
    same = compiled("https://h.example/{% if A %}a{% elif B %}b{% else %}c{% endif %}/{{ C }}")

    assert Slot.URL_PATH is same.places[0].slot
    with pytest.raises(TemplateSyntaxError, match="branches of this if end in different places"):
        compiled("https://h.example/{% if A %}a?b={% endif %}{{ C }}")
    with pytest.raises(TemplateSyntaxError, match="loop ends in another place"):
        compiled("https://h.example/{% for x in [1] %}?{% endfor %}")


def test_a_query_may_be_conditional():
    """
    Inside of the query everything is the query.
    """
    template = compiled("https://h.example/?a=1{% if B %}&b={{ B }}{% endif %}")

    assert "https://h.example/?a=1" == template.render({"B": ""})
    assert "https://h.example/?a=1&b=x%26y" == template.render({"B": "x&y"})


def test_a_missing_value_is_an_error_that_names_it():
    """
    Never a silent empty.
    """
    with pytest.raises(RenderError, match="no value was given for A"):
        compiled("https://h.example/{A}").render({})
    with pytest.raises(RenderError, match="A: 'A' is undefined"):
        compiled("https://h.example/{{ A }}").render({})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://h", 1),
        ("https://h?q=//", 1),
        ("https://h/", 1),
        ("https://h/{A}", 0),
        ("https://h/{A}/", 1),
        ("https://h//{A}/b", 1),
        ("https://h///b#x//", 2),
        ("https://h/{{ A | e164 }}/x", 0),
        ("https://h/a{% if A %}/{{ A }}{% endif %}?b={A}/", 0),
    ],
)
def test_empty_parts_of_a_path_are_counted_as_written(source, expected):
    """
    Whatever the values are; so that more of them in a result come from an empty value.
    """
    phone = SimpleNamespace(name="phone", value="{{ A | e164 }}", when_empty="skip", default=None)

    assert expected == compile_url(source, [phone], names=["A"]).gaps
    assert expected == compile_url(source, names=["A"]).gaps


@pytest.mark.parametrize(
    "source", ["https://h/a/{% if A %}..{% endif %}/b", "https://h/{% if A %}.{% endif %}."]
)
def test_branches_do_not_spell_a_climb(source):
    """
    Nor a single dot beside one.
    """
    with pytest.raises(UnsafeValue, match="it would climb"):
        compiled(source).render({"A": "x"})


def test_dots_elsewhere_are_text():
    """
    In a query, in a name, in a fragment.
    """
    source = "https://h/a..b/.c?d=/../e#/../f"

    assert source == compiled(source).render({})
