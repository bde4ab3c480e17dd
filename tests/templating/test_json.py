"""
A JSON template: quoted and bare places, and JSON at all times.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.errors import RenderError, TemplateSyntaxError, UnsafeValue
from webhook_engine.templating import Kind, Slot, compile_template

NAMES = ("A", "B", "CALL_DURATION", "CALL_NOTES")


def compiled(source):
    return compile_template(source, Kind.JSON, names=NAMES)


def test_quotes_decide():
    """
    Between quotes a value is text; bare it is a value of its own.
    """
    template = compiled('{"a": "{A}", "b": {A}}')

    assert [Slot.JSON_STRING, Slot.JSON_VALUE] == [place.slot for place in template.places]
    assert '{"a":"75","b":75}' == template.render({"A": 75})
    assert '{"a":"true","b":true}' == template.render({"A": True})
    assert '{"a":"x","b":"x"}' == template.render({"A": "x"})
    assert '{"a":"","b":""}' == template.render({"A": ""})


@pytest.mark.parametrize(
    "source", ['{"a": "{CALL_NOTES}", "b": {CALL_NOTES}}', '{"a": "{{ CALL_NOTES }}", "b": {{ CALL_NOTES }}}']
)
def test_a_number_where_text_is_usual_changes_nothing(source):
    """
    The same template, whatever type a value happens to have.
    """
    assert '{"a":"5","b":5}' == compiled(source).render({"CALL_NOTES": 5})


def test_white_space_between_is_left_out():
    """
    A template may be written over many lines; inside of texts nothing changes.
    """
    source = '\n{\n  "a b" :\t[ 1 , "x  y {A}" , { } ]\r\n}\n'

    assert b'{"a b":[1,"x  y  z",{}]}' == compiled(source).render_bytes({"A": " z"})


@pytest.mark.parametrize(
    "literal",
    [
        "0",
        "-0",
        "1.10",
        "1E+5",
        "12345678901234567890123",
        "0.1e-10",
        "true",
        "false",
        "null",
        '"\\u0000\\n\\/"',
        '"\\ud83d\\ude00"',
        "[]",
        "{}",
    ],
)
def test_what_the_author_wrote_keeps_its_meaning(literal):
    """
    Numbers digit by digit.
    """
    sent = compiled(f'[{literal}, "{{A}}"]').render({"A": ""})

    assert (
        sent
        == f'[{literal if not literal.startswith(chr(34)) else json.dumps(json.loads(literal), ensure_ascii=False)},""]'
    )


NOT_JSON = {
    "nothing": "",
    "blanks": " \n ",
    "a bare word": "abc",
    "single quotes": "{'a': 1}",
    "no quotes around a name": "{a: 1}",
    "a comma too many in an object": '{"a": 1,}',
    "a comma too many in a list": "[1,]",
    "no comma": '{"a": 1 "b": 2}',
    "no colon": '{"a" 1}',
    "a value twice": '{"a": 1 2}',
    "a bracket too many": '{"a": 1}}',
    "the wrong bracket": '{"a": [1}',
    "an open object": '{"a": 1',
    "an open text": '{"a": "x',
    "a line break in a text": '{"a": "x\ny"}',
    "an unknown escape": '{"a": "\\x41"}',
    "half a surrogate pair": '{"a": "\\ud800"}',
    "a leading zero": "[01]",
    "a plus": "[+1]",
    "not a number": "[NaN]",
    "a comment": "[1] // x",
    "two documents": "{} {}",
    "a token beside a number": "[1{A}]",
    "a token beside a text": '["a"{A}]',
    "two bare tokens": "[{A}{B}]",
    "a bare token as a name": "{{A}: 1}",
    "a token after a backslash": '["\\{A}"]',
    "a token for a comma": "[1 {A} 2]",
    "too deep": "[" * 65 + "]" * 65,
    "an if that opens": "{% if A %}[{% endif %}1]",
    "an if that quotes": '[{% if A %}"{% endif %}x"]',
    "a loop that opens": "{% for x in [1] %}[{% endfor %}1]",
}


@pytest.mark.parametrize("source", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_what_is_not_json_is_refused_when_read(source):
    """
    With the place; not when the first call comes.
    """
    with pytest.raises(TemplateSyntaxError):
        compiled(source)


def test_the_place_of_a_mistake_is_told():
    """
    Line and column of the first character that cannot be right.
    """
    with pytest.raises(TemplateSyntaxError) as caught:
        compiled('{\n  "a": "{A}"\n  "b": 1\n}')

    assert (3, 3) == (caught.value.line, caught.value.column)
    assert "unexpected '\"'; a comma or a closing bracket should stand here" in caught.value.problem


def test_braces_that_are_no_tokens_are_braces():
    """
    JSON is made of them.
    """
    assert '{"a":{"b":{"c":"x"}}}' == compiled('{"a":{"b":{"c":{A}}}}').render({"A": "x"})


def test_a_loop_writes_a_list():
    """
    Its commas depend on the values, so the result is looked at.
    """
    template = compiled(
        '{"notes": [{% for x in A | split(",") %}{"n": "{{ x }}"}{% if not loop.last %}, {% endif %}{% endfor %}]}'
    )

    assert '{"notes":[{"n":"a\\""},{"n":"b"}]}' == template.render({"A": 'a",b'})


def test_branches_that_make_no_json_are_refused_when_rendered():
    """
    Nothing is sent that the target could not read.
    """
    template = compiled("[1{% if A %},{% endif %} {% if B %}2{% endif %}]")

    assert "[1,2]" == template.render({"A": "x", "B": "x"})
    assert "[1]" == template.render({"A": "", "B": ""})
    with pytest.raises(RenderError, match="the result is not JSON"):
        template.render({"A": "x", "B": ""})


def test_branches_may_open_the_same_text():
    """
    Each place keeps one slot, which is all that must be known before.
    """
    template = compiled('[{% if A %}1, "{% else %}"{% endif %}{{ B }}"]')

    assert '[1,"\\""]' == template.render({"A": "x", "B": '"'})
    assert '["\\""]' == template.render({"A": "", "B": '"'})


def test_raw_json_must_be_json():
    """
    An author may put in a whole value of their own.
    """
    template = compiled('{"a": {{ A | raw }}}')

    assert '{"a":{"b":1}}' == template.render({"A": '{"b":1}'})
    with pytest.raises(RenderError, match="the result is not JSON"):
        template.render({"A": '{"b":'})


def test_a_list_or_mapping_is_a_bare_value():
    """
    What a filter makes can be sent whole.
    """
    template = compiled('{"a": {{ A | split(",") }}, "b": {{ A | map({"x,y": {"k": [1, none]}}) | tojson }}}')

    assert '{"a":["x","y"],"b":{"k":[1,null]}}' == template.render({"A": "x,y"})


@pytest.mark.parametrize(
    "source", ['{"a": {CALL_DURATION}}', '{"a": {{ CALL_DURATION }}}', '{"a": {A}, "b": {CALL_DURATION}}']
)
@pytest.mark.parametrize("number", [float("nan"), float("inf")], ids=repr)
def test_what_is_no_number_is_refused(source, number):
    """
    Null would be a lie.
    """
    with pytest.raises(UnsafeValue, match="JSON has no number"):
        compiled(source).render({"CALL_DURATION": number, "A": 1})


def test_an_integer_of_any_size_survives():
    """
    Beyond 64 bits as well, beside everything else.
    """
    template = compiled('{"a": {A}, "b": "{CALL_NOTES}", "c": [1.50, {"d": {B}}]}')

    assert f'{{"a":{2**70},"b":"\\"","c":[1.50,{{"d":"x"}}]}}' == template.render(
        {"A": 2**70, "B": "x", "CALL_NOTES": '"'}
    )


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_a_template_of_itself(document):
    """
    Whatever a target wants can be written down.
    """
    source = f"{{% raw %}}{json.dumps(document)}{{% endraw %}}"

    assert document == json.loads(compiled(source).render({}))


@given(st.text(st.sampled_from('{}[]",:\\ 0123ntrue-.e\n')))
def test_reads_exactly_what_is_json(source):
    """
    No more and no less than the standard library.
    """
    template = f"{{% raw %}}{source}{{% endraw %}}"
    try:
        expected = json.loads(source, parse_constant=None)
    except ValueError:
        with pytest.raises(TemplateSyntaxError):
            compiled(template)
    else:
        assert expected == json.loads(compiled(template).render({}))
