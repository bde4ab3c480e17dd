"""
Responses that are two things at once: names that stand twice, lengths that disagree, and one answer behind another.
"""

import json
import socket
import threading
import time
import tracemalloc
from contextlib import suppress

import pytest

from webhook_engine import CallContext, Engine
from webhook_engine.definitions import read_text
from webhook_engine.errors import ResponseError
from webhook_engine.pops import PopBounds
from webhook_engine.pops.view import view_json
from webhook_engine.responses import Outcome, Response, interpret

CALL = CallContext(extension="100-Euphoria", sip_id="s")

# --- Names that stand twice, and names without end ---------------------------------------------------


def _json(body):
    return Response(status=200, headers=(("Content-Type", "application/json"),), body=body)


def _xml(body):
    return Response(status=200, headers=(("Content-Type", "text/xml"),), body=body)


def _seen(response):
    """
    What is seen of it: in 3 s of a processor, and 64 MB, at the most.
    """
    began = time.process_time()
    seen = interpret(response)
    assert time.process_time() - began < 3
    tracemalloc.start()
    try:
        interpret(response)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()
    return seen


def test_of_a_name_that_stands_twice_in_json_one_counts():
    """
    The last one, as everywhere: never a mixture of both, and no error an agent waits for.
    """
    seen = _seen(_json(b'{"results":[{"id":1,"name":"one","id":2}],"results":[{"id":3,"id":4}]}'))

    assert Outcome.OK is seen.outcome
    assert ((4,),) == seen.table.rows


def test_an_attribute_that_stands_twice_in_xml_is_no_xml():
    """
    XML 1.0, 3.1: a document with one is not well-formed, and no reader guesses which was meant.
    """
    for twice in (b'<r><a id="1" id="2">x</a></r>', b'<r><a xmlns="u" xmlns="v"/></r>'):
        seen = _seen(_xml(twice))

        assert Outcome.TARGET_FAILED is seen.outcome
        assert "duplicate attribute" in str(seen.error)


NAMES = {
    "one of a megabyte": b'{"%b": 1}' % (b"k" * 2**20),
    "many of a kilobyte": b"{" + b",".join(b'"%04d%b": 1' % (n, b"k" * 1_000) for n in range(900)) + b"}",
    "the same, a hundred thousand times": b"{" + b",".join([b'"k": 1'] * 100_000) + b"}",
    "in each of many records": json.dumps([{"k" * 9_000 + str(n): 1} for n in range(100)]).encode(),
    "made to collide for some": b"{"
    + b",".join(b'"%d": 1' % (n * (2**61 - 1)) for n in range(40_000))
    + b"}",
}


@pytest.mark.parametrize("body", NAMES.values(), ids=NAMES.keys())
def test_huge_and_many_names_take_a_bounded_time(body):
    """
    And what an agent is shown of them stays as small as that of any other table.
    """
    seen = _seen(_json(body))

    assert seen.outcome is Outcome.OK or isinstance(seen.error, ResponseError)
    assert len(json.dumps(view_json(seen.as_view(webhook="W"), PopBounds()))) < 200_000


@pytest.mark.parametrize(
    "body",
    [
        b"<r><%b>1</%b></r>" % (b"k" * 2**19, b"k" * 2**19),
        b"<r " + b" ".join(b'a%d="1"' % n for n in range(40_000)) + b"/>",
        b"<r>" + b"".join(b"<e%d/>" % n for n in range(60_000)) + b"</r>",
        b'<r a="%b"/>' % (b"v" * 2**20),
    ],
    ids=["a long name", "many attributes", "many elements", "a long attribute"],
)
def test_huge_and_many_names_of_xml_take_a_bounded_time(body):
    """
    As those of JSON.
    """
    seen = _seen(_xml(body))

    assert seen.outcome is Outcome.OK or isinstance(seen.error, ResponseError)
    assert len(json.dumps(view_json(seen.as_view(webhook="W"), PopBounds()))) < 200_000


# --- One answer behind another -----------------------------------------------------------------------

DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Find"
type = "ajax-get"
deadline_s = 2
url = "http://127.0.0.1:PORT/find/{DYNAMIC_PARAMETER}"
header = [{ name = "X-Note", value = "{DYNAMIC_PARAMETER}" }]
"""

NOBODYS = b'[{"name":"of nobody"}]'

SECOND = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(NOBODYS),
    NOBODYS,
)

FRAMINGS = {
    "a length and pieces": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "pieces and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 400\r\n\r\n0\r\n\r\n",
    "a length of two": b"Content-Length: 2, 2\r\n\r\n{}",
    "a length with a sign": b"Content-Length: +2\r\n\r\n{}",
    "a negative length": b"Content-Length: -1\r\n\r\n{}",
    "pieces twice": b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "pieces, but not last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a blank before the colon": b"Transfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\n{}",
    "nothing, and more": b"Content-Length: 0\r\n\r\n",
    "less than there is": b"Content-Length: 2\r\n\r\n{}",
    "a piece with a huge length": b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff0\r\n{}",
}


class Wire:
    """
    A server that says the same bytes to each request, and keeps the connection and what came on it.
    """

    def __init__(self, said):
        self.said, self.heard = said, []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        with suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(30)
        with suppress(OSError), connection:
            while True:
                head = b""
                while b"\r\n\r\n" not in head:
                    some = connection.recv(65_536)
                    if not some:
                        return
                    head += some
                self.heard.append(head)
                number = head.split(b" ")[1].rpartition(b"/")[2]
                connection.sendall(self.said(number))


async def test_a_response_that_is_its_requests_own_is_shown():
    """
    What is looked for behind others would be found, if it were taken for a response.
    """
    with Wire(lambda _: SECOND) as wire:
        async with Engine(read_text(DEFINITIONS.replace("PORT", str(wire.port)))) as engine:
            view = await engine.ask("Find", CALL.replace(dynamic_parameter="7"))

    assert (("of nobody",),) == view.rows


@pytest.mark.parametrize("framing", FRAMINGS.values(), ids=FRAMINGS.keys())
async def test_what_stands_behind_a_response_is_nobodys(framing):
    """
    Bytes that could be a second response are never taken for the response to the request of somebody else.
    """
    with Wire(lambda _: b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + framing + SECOND) as wire:
        async with Engine(read_text(DEFINITIONS.replace("PORT", str(wire.port)))) as engine:
            began = time.monotonic()
            for number in range(3):
                view = await engine.ask("Find", CALL.replace(dynamic_parameter=str(number)))
                assert "of nobody" not in str(view.to_json())
            assert time.monotonic() - began < 20
    assert wire.heard


SPLITTING = [
    "7\r\nX-Admin: 1",
    "7\r\n\r\nGET /admin HTTP/1.1\r\nHost: x",
    "7\nX-Admin: 1",
    "7 HTTP/1.1\r\nX: y",
    "7\x00",
    "7\u010d\u010aX: y",
    "../../admin",
    "7?x#y",
]


@pytest.mark.parametrize("value", SPLITTING, ids=ascii)
async def test_a_targets_value_splits_no_request(value):
    """
    Rendered into the path and a header of the next request it is one segment and one line, or the request is not sent.
    """
    with Wire(
        lambda _: b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"
    ) as wire:
        async with Engine(read_text(DEFINITIONS.replace("PORT", str(wire.port)))) as engine:
            await engine.ask("Find", CALL.replace(dynamic_parameter=value))

    for head in wire.heard:
        lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        assert 1 == head.count(b"\r\n\r\n")
        assert 1 == sum(line.startswith(b"GET ") for line in lines)
        assert 2 == lines[0].count(b" ")
        assert lines[0].startswith(b"GET /find/")
        assert 2 == lines[0].split(b" ")[1].count(b"/")
        assert {b"X-Note"} == {line.partition(b":")[0] for line in lines if line.lower().startswith(b"x-")}
