"""
The record of an attempt is bounded, holds no secret, and says what an operator needs.
"""

from hashlib import sha256

import orjson
import pytest

from tests.performing.work import CRM, attempt, broken, request
from webhook_engine.dispatch import Dial, Masker
from webhook_engine.errors import ConnectFailed, RenderError
from webhook_engine.performing import detail_of
from webhook_engine.performing.record import BODY_BYTES, body_of

SECRET = "s3cret-key-0815"


def test_it_tells_request_and_response():
    """
    Method, address, headers and bodies of both.
    """
    prepared = request(headers=(("Content-Type", "application/json"),), body=b'{"a": 1}')

    detail = detail_of(
        attempt(201, prepared=prepared, body=b'{"id": 7}', headers=[("Server", "crm")]),
        None,
        sentence="Fine.",
    )

    assert {
        "sentence": "Fine.",
        "request": {
            "method": "POST",
            "url": "https://crm.example.com/calls",
            "headers": {"Content-Type": "application/json"},
            "body": '{"a": 1}',
        },
        "response": {"status": 201, "headers": {"Server": "crm"}, "took_s": 0.0, "body": '{"id": 7}'},
    } == detail


def test_it_tells_why_nothing_came_back():
    """
    With the addresses tried.
    """
    tried = broken(ConnectFailed("nobody answers", target=CRM), sent=False)
    tried = type(tried)(
        number=1,
        prepared=tried.prepared,
        error=tried.error,
        dials=(Dial("192.0.2.1", None), Dial("10.0.0.1", "is private")),
    )

    detail = detail_of(tried, None)

    assert {"kind": "ConnectFailed", "message": "nobody answers"} == detail["error"]
    assert ["192.0.2.1", "10.0.0.1: is private"] == detail["addresses"]


def test_it_tells_why_nothing_was_sent():
    """
    Where it never came to a request.
    """
    assert {"error": {"kind": "RenderError", "message": "no such filter"}} == detail_of(
        None, RenderError("no such filter")
    )


@pytest.mark.parametrize(
    "place",
    [
        {"url": f"https://crm.example.com/?key={SECRET}"},
        {"headers": (("X-Crm", f"Key {SECRET}"),)},
        {"headers": (("Authorization", "Bearer another-one"), ("X-Api-Key", "yet another"))},
        {"body": f'{{"key": "{SECRET}"}}'.encode()},
        {"body": b"x" * (BODY_BYTES - 5) + SECRET.encode()},
    ],
    ids=["address", "header", "telling headers", "body", "where a body is cut"],
)
def test_it_holds_no_secret(place):
    """
    Not in any part of the request, nor a piece of one.
    """
    detail = detail_of(attempt(prepared=request(mask=Masker([SECRET]), **place)), None)

    written = orjson.dumps(detail).decode()
    assert SECRET[:4] not in written
    assert "another" not in written


def test_headers_that_are_secret_are_hidden_in_answers_too():
    """
    A session of the target system's is nobody's business.
    """
    detail = detail_of(
        attempt(headers=[("Set-Cookie", "session=4711"), ("Date", "today"), ("Vary", "a"), ("Vary", "b")]),
        None,
    )

    assert {"Set-Cookie": "***", "Date": "today", "Vary": "a, b"} == detail["response"]["headers"]


def test_a_long_body_is_cut():
    """
    Its beginning is kept, with its length and a digest of all of it.
    """
    body = b"0123456789" * 10_000

    kept = body_of(body)

    assert body[:BODY_BYTES].decode() == kept["body"]
    assert (100_000, sha256(body).hexdigest(), True) == (kept["bytes"], kept["sha256"], kept["truncated"])


def test_a_body_that_is_no_text_is_known_by_its_digest():
    """
    Replacements in it must not make two bodies one.
    """
    kept = body_of(b"\xff\xfe")

    assert ("��", 2, sha256(b"\xff\xfe").hexdigest()) == (kept["body"], kept["bytes"], kept["sha256"])
    assert "truncated" not in kept


def test_it_is_bounded_whatever_comes():
    """
    Small enough for the queue, and for a million of them.
    """
    prepared = request(
        url="https://crm.example.com/" + "a" * 100_000,
        headers=tuple((f"X-{n}", "b" * 500) for n in range(1000)),
        body=b"c" * 10**7,
    )
    huge = attempt(prepared=prepared, body=b"d" * 10**7, headers=[(f"X-{n}", "e" * 500) for n in range(1000)])

    assert len(orjson.dumps(detail_of(huge, RenderError("f" * 10**6), sentence="g" * 10**6))) < 100_000
