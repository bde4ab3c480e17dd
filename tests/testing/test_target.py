"""
The target on loopback keeps every byte, and answers as it was told.
"""

from __future__ import annotations

import http.client

import pytest

from webhook_engine.testing import FakeTarget


@pytest.fixture
def asked():
    """
    A target, and a connection to it.
    """
    with FakeTarget() as target:
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
        yield target, connection
        connection.close()


def said(connection, method, path, **options):
    connection.request(method, path, **options)
    response = connection.getresponse()
    return response.status, response.read()


def test_answers_what_it_was_told(asked):
    """
    By method and path; the latest word counts, as often as it says.
    """
    target, connection = asked
    target.expect("GET", "/a", body="always")
    target.expect("GET", "/a", status=503, times=1)
    target.expect("GET", "/a?q=1", body={"q": 1})

    answers = [said(connection, "GET", path) for path in ("/a", "/a?q=2", "/a?q=1")]

    assert [(503, b""), (200, b"always"), (200, b'{"q": 1}')] == answers
    assert [] == target.unexpected


def test_keeps_every_byte(asked):
    """
    The spelling of headers, the encoding of the path, and the body.
    """
    target, connection = asked
    target.expect("POST", "/b%20c", status=201)

    said(connection, "POST", "/b%20c?d=%2B", body=b"\x00\xff", headers={"X-oDD": "1"})

    (received,) = target.received
    assert ("POST", "/b%20c?d=%2B", b"\x00\xff") == (received.method, received.path, received.body)
    assert ("X-oDD", "1") in received.headers
    assert b"X-oDD: 1\r\n" in received.raw
    assert received.raw.endswith(b"\r\n\r\n\x00\xff")


def test_puts_chunks_together(asked):
    """
    A body of unknown length is one body.
    """
    target, connection = asked
    target.expect("PUT", "/c")

    said(connection, "PUT", "/c", body=iter([b"ab", b"cd"]), encode_chunked=True)

    assert b"abcd" == target.received[0].body


def test_what_is_not_expected_is_told(asked):
    """
    To whoever asked, and to the test.
    """
    target, connection = asked

    status, body = said(connection, "GET", "/nobody")

    assert (501, b"the test does not expect GET /nobody") == (status, body)
    assert ["GET /nobody"] == [str(each) for each in target.unexpected]
