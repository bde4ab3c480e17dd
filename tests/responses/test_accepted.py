"""
An everyday response to what was posted is judged as the long way judges it.
"""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhook_engine.responses import Bounds, Outcome, Response
from webhook_engine.responses.accepted import is_accepted
from webhook_engine.responses.interpret import Interpreter

NAMES = st.sampled_from(
    ["id", "name", "ok", "success", "status", "error", "errors", "message", "code", "data", "result", "header",
     "Header", "response", "title", "detail", "customer", "1001", ""]
)  # fmt: skip
SCALARS = st.sampled_from(
    [None, True, False, 0, 1, 200, 2**70, "", "ok", "error", "failed", "no", "Not found", "x"]
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=8,
)
TYPES = st.sampled_from(["application/json", "application/json; charset=utf-8", "text/html", "text/xml", ""])


def a_response(body, status=200, content_type="application/json"):
    """
    What a target system says to a POST.
    """
    return Response(status=status, headers=(("Content-Type", content_type),), body=body)


@settings(max_examples=500)
@given(
    tree=st.dictionaries(NAMES, TREES, max_size=5) | TREES,
    status=st.sampled_from([200, 201, 204, 302, 404, 500]),
    content_type=TYPES,
    cut=st.sampled_from([0, 0, 0, 1]),
)
def test_is_judged_as_the_long_way_judges_it(tree, status, content_type, cut):
    """
    Whatever is sent: outcome, sentence and who says so.
    """
    body = json.dumps(tree).encode()
    response = a_response(body[: len(body) - cut], status, content_type)

    short, problem = Interpreter(expects_rows=False).judge(response)
    long = Interpreter(expects_rows=False, bounds=Bounds()).interpret(response)

    assert (long.outcome, long.sentence, long.decided_by) == (short.outcome, short.sentence, short.decided_by)
    assert (long.error is None) == (problem is None)


@pytest.mark.parametrize(
    "body",
    [b'{"id":"4711","status":"ok"}', b'{"ok":true}', b'{"id":1,"created":"2026-03-02","owner":{"id":2}}'],
)
def test_an_everyday_response_takes_the_short_way(body):
    """
    Else nothing was gained.
    """
    assert is_accepted(a_response(body))


@pytest.mark.parametrize(
    "body", [b'{"error":"no such deal"}', b'{"response":{"error":"x"}}', b'{"status":"failed"}']
)
def test_an_error_with_a_good_status_is_refused(body):
    """
    A response that says that it went wrong is no success, whatever its status.
    """
    verdict, _ = Interpreter(expects_rows=False).judge(a_response(body))

    assert Outcome.REFUSED == verdict.outcome
