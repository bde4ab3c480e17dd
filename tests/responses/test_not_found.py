"""
A target system that says 404 has found nothing, in whatever words it says so.
"""

import pytest

from webhook_engine.responses import Outcome, Response, interpret

WORDS = {
    "plain text": ("text/plain", b"404: Not Found"),
    "a word": ("text/plain", b"gone"),
    "a JSON text": ("application/json", b'"not found"'),
    "a message": ("application/json", b'{"message": "Not found"}'),
    "an XML error with a code": (
        "application/xml",
        b"<Error><Code>NoSuchKey</Code><HostId>x</HostId></Error>",
    ),
    "a page": ("text/html", b"<html><body>404</body></html>"),
    "nothing": ("", b""),
}


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(("content_type", "body"), WORDS.values(), ids=WORDS.keys())
def test_words_are_no_record(status, content_type, body):
    """
    What explains the status is not what was asked for.
    """
    headers = (("Content-Type", content_type),) if content_type else ()

    found = interpret(Response(status=status, headers=headers, body=body))

    assert (Outcome.NO_MATCH, ()) == (found.outcome, found.rows)


def test_a_success_that_calls_itself_gone_is_still_one():
    """
    Some systems answer a removed contact with 410 and the contact.
    """
    found = interpret(Response(status=410, body=b'{"id": 7, "name": "Thandi"}'))

    assert (Outcome.OK, ((7, "Thandi"),)) == (found.outcome, found.rows)
