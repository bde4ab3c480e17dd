"""
Whatever a target system sends: a table or an error of the tree, and the same one by every way.
"""

import json
from decimal import Decimal

import pytest
import xmltodict
from hypothesis import example, given
from hypothesis import strategies as st

from webhook_engine.errors import DefinitionError, ResponseError, ResponseTooLarge
from webhook_engine.responses import (
    Bounds,
    Column,
    Outcome,
    Response,
    ResponseType,
    View,
    interpret,
    read,
    read_path,
    tabulate,
    write_path,
)
from webhook_engine.responses.fast_xml import build
from webhook_engine.responses.flat import are_flat
from webhook_engine.responses.path import Label
from webhook_engine.responses.records import find_records
from webhook_engine.responses.xml import read_xml

# --- What could come over the wire ------------------------------------------------------------

NAMES = st.sampled_from(
    ["id", "name", "phones", "label", "value", "owner", "tags", "a.b", "x y", "", "#text", "data"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
MEDIA = st.sampled_from(
    ["", "application/json", "text/html", "text/html; charset=shift_jis", "text/xml; charset=utf-16", "text/plain",
     "application/xml; charset=iso-8859-1", "application/x-www-form-urlencoded", "nonsense; charset=unicode_escape"]
)  # fmt: skip
SEEDS = st.sampled_from(
    [b"", b"{", b"[", b"<a>", b"<?xml version='1.0' encoding='gbk'?><a>", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00{",
     b"<!DOCTYPE html>", b"a=1&b=", b'{"a": NaN, "b": 1e999, "c": "\\ud800"}', b"<a>&nope;</a>", b"[1e-999]"]
)  # fmt: skip
BODIES = (
    st.binary(max_size=64)
    | st.builds(bytes.__add__, SEEDS, st.binary(max_size=16))
    | TREES.map(lambda tree: json.dumps(tree).encode())
    | st.builds(lambda tree, cut: json.dumps(tree).encode()[:cut], TREES, st.integers(0, 60))
)


def response_of(body: bytes, media: str = "", status: int = 200) -> Response:
    return Response(status=status, headers=(("Content-Type", media),) if media else (), body=body)


def as_json(tree: object) -> Response:
    return response_of(json.dumps(tree).encode(), "application/json")


@given(BODIES, MEDIA, st.sampled_from(ResponseType), st.sampled_from([200, 204, 302, 401, 404, 500]))
@example(b'{"a":' * 5_000, "application/json", ResponseType.AUTO, 200)
@example(b"<a>" * 20_000, "text/xml", ResponseType.AUTO, 200)
@example(b"[" * 100 + b"]" * 100, "", ResponseType.JSON, 200)
def test_any_bytes_give_an_outcome(body, media, response_type, status):
    """
    Never a traceback: what cannot be read is an outcome with an error of the tree.
    """
    response = response_of(body, media, status)

    seen = interpret(response, response_type=response_type)

    assert seen.sentence
    assert seen.outcome in Outcome
    assert seen.error is None or isinstance(seen.error, ResponseError)
    assert all(len(row) == len(seen.columns) for row in seen.rows)


@given(BODIES, MEDIA, st.sampled_from(ResponseType))
def test_any_bytes_give_a_table_or_an_error_of_the_tree(body, media, response_type):
    """
    The steps one by one promise the same, and the error carries the response.
    """
    response = response_of(body, media)

    try:
        table = tabulate(read(response, response_type))
    except ResponseError as problem:
        told = problem.response
        assert response is told
    else:
        assert len(set(table.columns)) == len(table.columns)
        assert all(len(row) == len(table.columns) for row in table.rows)


# --- One meaning for every way ----------------------------------------------------------------


@given(TREES)
def test_a_column_shown_can_be_chosen(tree):
    """
    Every column of a table, chosen by its path, has the cells it was shown with.
    """
    document = read(as_json(tree))
    shown = tabulate(document)

    chosen = tabulate(document, columns=shown.columns)

    assert shown.rows == chosen.rows


@given(TREES)
def test_records_can_be_found_again(tree):
    """
    The path at which records were found leads to the same records.
    """
    document = read(as_json(tree))

    found = find_records(document.tree)

    assert found.records == find_records(document.tree, found.path).records


VALUES = st.recursive(
    st.text("abc 0", max_size=4).map(str.strip) | st.none(),
    lambda inner: (
        st.lists(inner.filter(lambda item: not isinstance(item, list)), min_size=1, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "label", "value", "code", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
RECORDS = st.fixed_dictionaries(
    {"id": st.text("0123", min_size=1, max_size=3), "name": st.text("abc", min_size=1, max_size=3)},
    optional={"phones": VALUES, "owner": VALUES, "tags": VALUES},
)


@given(RECORDS)
def test_one_record_is_a_list_of_one(record):
    """
    A lookup that finds one customer shows the columns that a list of one shows.
    """
    one = tabulate(read(as_json({"customer": record})))

    assert one == tabulate(read(as_json({"customer": [record]})))


def as_xml(records: list[object]) -> Response:
    text = xmltodict.unparse({"XML": {"customer": [_nil(record) for record in records]}})
    return response_of(text.encode(), "text/xml")


def _nil(node: object) -> object:
    if node is None:
        return {"@xsi:nil": "true"}
    if isinstance(node, dict):
        return {name: _nil(value) for name, value in node.items()}
    return [_nil(item) for item in node] if isinstance(node, list) else node


@given(st.lists(RECORDS, min_size=1, max_size=3))
@example([{"id": "0", "name": "a", "phones": [{}, {"name": "0", "value": None}]}])
@example([{"id": "0", "name": "a", "phones": ["", {"name": None, "label": ["0"]}]}])
@example([{"id": "0", "name": "a", "phones": {"name": None}}, {"id": "0", "name": "a", "phones": [None, {}]}])
def test_json_and_xml_give_the_same_table(records):
    """
    The format a target system chose does not show.
    """
    from_json = tabulate(read(as_json({"customer": records})))

    assert from_json == tabulate(read(as_xml(records)))


@given(st.lists(RECORDS, min_size=1, max_size=5), st.data())
def test_streamed_columns_are_those_of_the_tree(always_streams, records, data):
    """
    Taking cells as records pass by, building the tree, and asking xmltodict for it make one table.
    """
    response = as_xml(records)
    document = read(response)
    whole = tabulate(document)
    names = data.draw(st.lists(st.sampled_from([*whole.columns, "gone", "phones", "owner.name"]), min_size=1))
    expected = tabulate(document, columns=names)

    seen = interpret(response, view=View(columns=tuple(Column(path=name) for name in names)))

    assert expected == seen.table
    assert whole == interpret(response).table


@pytest.fixture(scope="module")
def always_streams():
    """
    Streams even the shortest XML, in batches that records of a test overflow.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("webhook_engine.responses.stream_xml._SMALL", 0)
        patch.setattr("webhook_engine.responses.stream_xml._BEGINNING", 200)
        patch.setattr("webhook_engine.responses.stream_xml._BATCH", 2)
        yield patch


ELEMENTS = st.sampled_from(["a", "b", "n:a", "n:b", "nil"])
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["a", "id", "n:id", "xsi:nil", "i:nil", "xsi:type", "xmlns:n", "xmlns", "nil"]),
    st.sampled_from(["true", "1", "x", "", "false"]),
    max_size=3,
)
TEXTS = st.sampled_from(
    ["", " ", "\n  ", "x", " x ", "&lt;", "&#233;", "\u00a0", "<![CDATA[ <b> ]]>", "<!-- - -->", "<?p i?>"]
)


def element(name: str, attributes: dict[str, str], inside: list[str]) -> str:
    told = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{told}>{''.join(inside)}</{name}>"


XML = st.recursive(
    st.builds(element, ELEMENTS, ATTRIBUTES, st.lists(TEXTS, max_size=2)),
    lambda inner: st.builds(element, ELEMENTS, ATTRIBUTES, st.lists(TEXTS | inner, max_size=5)),
    max_leaves=12,
)


@given(XML)
def test_the_fast_tree_is_xmltodicts_tree(text):
    """
    Attributes, mixed text, repeated names, CDATA, nil: the same tree by both readers.
    """
    body = text.encode()

    assert read_xml(body, depth=64) == build(body, depth=64)


FLAT = st.dictionaries(
    st.sampled_from(["id", "name", "x y", "a.b", "#text", ""]), SCALARS, min_size=1, max_size=4
)


@given(
    st.lists(FLAT, min_size=1, max_size=4),
    st.lists(st.sampled_from(["id", "name", '["x y"]', "gone"]), min_size=2),
)
def test_flat_records_take_no_other_way(records, names):
    """
    Rows taken in C are those of the long way.
    """
    document = read(as_json(records))
    whole, chosen = tabulate(document), tabulate(document, columns=names)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("webhook_engine.responses.table.are_flat", lambda _: False)

        assert whole == tabulate(document)
        assert chosen == tabulate(document, columns=names)


@given(st.lists(st.dictionaries(NAMES, TREES, max_size=3), max_size=3))
def test_nothing_nested_is_called_flat(records):
    """
    The shortcut is never taken for records that hold a list or an object.
    """
    records = json.loads(json.dumps(records))
    nests = any(isinstance(value, dict | list) for record in records for value in record.values())

    assert not (nests and are_flat(records))


# --- Numbers and paths ------------------------------------------------------------------------

DIGITS = st.from_regex(r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)


@given(st.lists(DIGITS, min_size=1, max_size=3))
@example(["18446744073709551616"])
@example(["0.1000000000000000055511151231257827021181583404541015625"])
@example(["9007199254740993.5", "-9223372036854775809"])
@example(["123456789012345678901234567890e-30"])
def test_a_number_is_what_its_text_says(numbers):
    """
    However long: at most a float stands for the 17 digits that tell it.
    """
    objects = (f'{{"id": "{place}", "n": {number}}}' for place, number in enumerate(numbers))
    body = f"[{', '.join(objects)}]"

    rows = tabulate(read(response_of(body.encode()))).rows

    for text, (_, cell) in zip(numbers, rows, strict=True):
        told = {Decimal(repr(cell)), Decimal(f"{cell:.17g}")} if isinstance(cell, float) else {Decimal(cell)}
        assert Decimal(text) in told


STEPS = (
    st.text(max_size=8) | st.integers(-99, 99) | st.builds(Label, st.text(max_size=4), st.text(max_size=4))
)


@given(st.lists(STEPS, max_size=4).map(tuple))
def test_a_path_is_read_as_it_was_written(steps):
    """
    Whatever the names hold: dots, brackets, quotes, blanks.
    """
    assert steps == read_path(write_path(steps))


@given(st.text('ab.[]="0-1 \\', max_size=10))
def test_any_text_is_a_path_or_an_error_with_its_column(text):
    """
    An administrator's slip is told with its place.
    """
    try:
        steps = read_path(text)
    except DefinitionError as slip:
        (problem,) = slip.problems
        assert problem.column in range(1, len(text) + 2)
    else:
        assert steps == read_path(write_path(steps))


@given(TREES, st.integers(1, 6))
def test_depth_is_bounded_to_the_level(tree, most):
    """
    A response as deep as the bound is read, one level more is refused.
    """

    response = as_json(tree)

    if depth_of(tree) <= most:
        read(response, ResponseType.JSON, bounds=Bounds(depth=most))
    else:
        with pytest.raises(ResponseTooLarge, match=f"deeper than {most} levels"):
            read(response, ResponseType.JSON, bounds=Bounds(depth=most))


def depth_of(node: object) -> int:
    if not isinstance(node, dict | list):
        return 0
    return 1 + max(map(depth_of, node.values() if isinstance(node, dict) else node), default=0)
