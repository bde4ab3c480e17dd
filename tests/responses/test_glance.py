"""
What is understood at a glance is what the long way says.
"""

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhook_engine.responses import Bounds, Column, Outcome, Response, ResponseType, View, interpret
from webhook_engine.responses.glance import Glance

NAMES = st.sampled_from(
    ["id", "name", "value", "city", "total", "results", "data", "items", "error", "errors", "message", "status",
     "success", "code", "1001", "C1001", "Body", "Header", "jsonrpc", "user", "a.b", "#text", ""]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-5, 2**70) | st.floats(allow_nan=False) | st.sampled_from(
    ["", "x", "error", "false", "Not found", "0821234567", "\u2603"]
)  # fmt: skip
RECORDS = st.dictionaries(NAMES, SCALARS | st.sampled_from([[], {}, [1], {"a": 1}]), max_size=6)
ALIKE = st.lists(NAMES, min_size=2, max_size=6, unique=True).flatmap(
    lambda names: st.lists(st.fixed_dictionaries(dict.fromkeys(names, SCALARS)), max_size=4)
)
LISTS = ALIKE | st.lists(RECORDS | SCALARS, max_size=4)
TREES = LISTS | RECORDS | st.dictionaries(NAMES, LISTS | SCALARS | RECORDS, max_size=4)
VIEWS = st.builds(
    View,
    records=st.none() | st.sampled_from(["results", "data", "id", "", "a.b"]),
    columns=st.lists(
        st.sampled_from(["id", "name", "value", "city", "error", "message", "status", "total"]).map(
            lambda p: Column(path=p)
        ),
        min_size=1,
        max_size=4,
        unique=True,
    ).map(tuple),
)
TYPES = st.sampled_from(
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=latin-1",
        "text/html",
        "text/xml",
        "",
    ]
)


def a_response(tree, status=200, content_type="application/json"):
    """
    A tree as a target system would send it.
    """
    body = tree if isinstance(tree, bytes) else _dumps(tree)
    return Response(status=status, headers=(("Content-Type", content_type),), body=body)


def _dumps(tree):
    # orjson writes no integer beyond 64 bits; target systems do.
    return json.dumps(tree).encode()


@settings(max_examples=300)
@given(
    tree=TREES,
    view=VIEWS,
    status=st.sampled_from([200, 201, 204, 206, 301, 404, 500]),
    content_type=TYPES,
    response_type=st.sampled_from([ResponseType.AUTO, ResponseType.JSON]),
    expects_rows=st.booleans(),
)
def test_says_what_the_long_way_says(tree, view, status, content_type, response_type, expects_rows):
    """
    Whatever is sent and whatever is looked for, field by field.
    """
    response = a_response(tree, status, content_type)
    asked = {"view": view, "response_type": response_type, "expects_rows": expects_rows}

    short = interpret(response, **asked)
    # Bounds of the caller's own are a reason to ask every question.
    long = interpret(response, **asked, bounds=Bounds())

    assert _comparable(long) == _comparable(short)


NEARLY = st.lists(NAMES, max_size=3, unique=True).flatmap(
    lambda more: st.lists(
        st.fixed_dictionaries(dict.fromkeys(["id", "city", *more], SCALARS)), min_size=1, max_size=3
    )
)
WRAPPED = NEARLY | st.builds(
    lambda name, rows, beside: {**beside, name: rows},
    NAMES,
    NEARLY,
    st.dictionaries(NAMES, SCALARS, max_size=2),
)


@settings(max_examples=300)
@given(
    tree=WRAPPED,
    records=st.none() | NAMES.filter(lambda name: name and name.isalpha()),
    columns=st.permutations(["id", "city"]),
    expects_rows=st.booleans(),
)
def test_the_everyday_with_a_twist(tree, records, columns, expects_rows):
    """
    Close to the shapes that take the short way, with every name that could mean something else.
    """
    view = View(records=records, columns=tuple(Column(path=name) for name in columns))
    response = a_response(tree)

    short = interpret(response, view=view, expects_rows=expects_rows)
    long = interpret(response, view=view, expects_rows=expects_rows, bounds=Bounds())

    assert _comparable(long) == _comparable(short)


def _comparable(found):
    return [
        found.outcome,
        found.sentence,
        found.decided_by,
        found.columns,
        repr(found.rows),
        repr(found.table),
        found.findings,
        str(found.error),
    ]


VIEW = View(columns=(Column(path="id"), Column(path="city")))
GLANCE = Glance.over(VIEW, expects_rows=True)
EVERYDAY = {
    "a list": [{"id": 1, "name": "Thandi", "city": "Durban"}, {"id": 2, "name": "Sipho", "city": ""}],
    "a list under a name": {"contacts": [{"id": 1, "name": "Thandi", "city": "Durban"}]},
    "beside a count": {"total": 1, "results": [{"id": 1, "name": "Thandi", "city": "Durban"}]},
}
OUT_OF_THE_ORDINARY = {
    "an error": {"error": "no"},
    "a lone record that may be an error": [{"id": None, "error": "no", "city": ""}],
    "something nested": [{"id": 1, "name": {"first": "T"}, "city": "Durban"}],
    "a column that is missing": [{"id": 1, "name": "Thandi", "town": "Durban"}],
    "names and values": [{"name": "id", "value": 1}, {"name": "city", "value": "Durban"}],
    "two lists": {
        "results": [{"id": 1, "name": "T", "city": "D"}],
        "others": [{"id": 1, "name": "T", "city": "D"}],
    },
    "a number that orjson would round": b'[{"id": 123456789012345678901, "name": "T", "city": "D"}]',
    "no JSON": b"[nothing",
    "nothing": [],
}


@pytest.mark.parametrize("tree", EVERYDAY.values(), ids=EVERYDAY.keys())
def test_understands_the_everyday(tree):
    """
    The shapes it is there for do take the short way.
    """
    sentence, _, rows = GLANCE.look(a_response(tree))

    assert sentence.startswith("Found ")
    assert (1, "Durban") == rows[0]
    assert Outcome.OK == interpret(a_response(tree), view=VIEW).outcome


@pytest.mark.parametrize("tree", OUT_OF_THE_ORDINARY.values(), ids=OUT_OF_THE_ORDINARY.keys())
def test_leaves_the_rest_to_the_long_way(tree):
    """
    Where a question could have another answer, it is asked.
    """
    assert GLANCE.look(a_response(tree)) is None


def test_leaves_long_responses_to_the_long_way():
    """
    Bounds are only met by what is long.
    """
    tree = [{"id": 1, "name": "x" * 100, "city": "D"}] * 1000

    assert GLANCE.look(a_response(orjson.dumps(tree))) is None
