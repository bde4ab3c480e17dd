"""
What is prepared is what the target reads, to the byte, and once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from webhook_engine.dispatch import Fault, Transport, fault_of, wire
from webhook_engine.dispatch.guard import Exchange
from webhook_engine.errors import ConnectFailed, ConnectionLost, UnsafeValue

from .conftest import LOOPBACK, OK, PATIENCE_S, StartTarget, Visit, a_request, answer, until


@pytest.fixture
async def transport(either_way: None) -> AsyncIterator[Transport]:
    """
    Both ways of giving a request to aiohttp keep the same promises.
    """
    async with Transport() as transport:
        yield transport


async def test_a_get_is_the_bytes_that_were_prepared(transport: Transport, start_target: StartTarget) -> None:
    """
    Nothing is decoded, encoded again, added or put into another order.
    """
    target = await start_target()
    path = "/a%2Fb/%27x%27/caf%C3%A9?q=x%2Fy%26z&plus=%2B27&space=a%20b&lower=%c3%a9&empty="

    await transport.send(
        a_request(target.url(path), headers=(("Accept", "application/json"), ("X-Caller", "Thandi")))
    )

    expected = (
        f"GET {path} HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{target.port}\r\n"
        "Accept: application/json\r\n"
        "X-Caller: Thandi\r\n"
        "Accept-Encoding: identity\r\n"
        "User-Agent: webhook-engine\r\n\r\n"
    )
    lines = target.requests[0].decode().split("\r\n")
    assert expected.split("\r\n")[:2] == lines[:2]
    assert sorted(expected.split("\r\n")) == sorted(lines)  # the session puts a default between


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_body_is_the_bytes_that_were_prepared(
    method: str, transport: Transport, start_target: StartTarget
) -> None:
    """
    With its own Content-Type and the right length.
    """
    target = await start_target()
    body = '{"name":"Çelik & Söhne"}'.encode()

    await transport.send(
        a_request(
            target.url("/orders"), method=method, headers=(("Content-Type", "application/json"),), body=body
        )
    )

    visit = target.visits[0]
    assert f"{method} /orders HTTP/1.1" == visit.line
    assert body == visit.body
    assert str(len(body)) == visit.headers["content-length"]
    assert "application/json" == visit.headers["content-type"]
    assert "transfer-encoding" not in visit.headers


async def test_a_delete_says_that_it_has_no_body(transport: Transport, start_target: StartTarget) -> None:
    """
    A target that waits for a body would wait for ever.
    """
    target = await start_target()

    await transport.send(a_request(target.url("/orders/7"), method="DELETE"))

    assert "DELETE /orders/7 HTTP/1.1" == target.visits[0].line
    assert "0" == target.visits[0].headers.get("content-length", "0")


async def test_each_request_has_its_own_headers(transport: Transport, start_target: StartTarget) -> None:
    """
    Headers that were written once are sent again for who has the same ones, never for another webhook or agent.
    """
    target = await start_target()
    one, other = (("X-Key", "one"),), (("X-Key", "other"),)
    bodies = (None, b"1", None, b"333", None, None)
    keys = (one, one, other, other, one, (("X-Key", "third"),))

    for headers, body in zip(keys, bodies, strict=True):
        await transport.send(
            a_request(target.url(), method="GET" if body is None else "POST", headers=headers, body=body)
        )

    assert [pairs[0][1] for pairs in keys] == [visit.headers["x-key"] for visit in target.visits]
    assert [body or b"" for body in bodies] == [visit.body for visit in target.visits]
    assert all("content-length" not in v.headers for v in target.visits if v.line.startswith("GET"))


async def test_the_fragment_stays_here(transport: Transport, start_target: StartTarget) -> None:
    """
    A fragment is for a browser.
    """
    target = await start_target()

    await transport.send(a_request(target.url("/page?x=1#part")))

    assert "GET /page?x=1 HTTP/1.1" == target.visits[0].line


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("", "/"),
        ("?q=1", "/?q=1"),
        ("?q=a/b", "/?q=a/b"),
        ("#part/of", "/"),
        ("/?a/b?c", "/?a/b?c"),
        ("//double", "//double"),
        ("/end?", "/end?"),
    ],
)
async def test_any_shape_of_path_arrives(
    url: str, path: str, transport: Transport, start_target: StartTarget
) -> None:
    """
    A URL of a host alone asks for its root.
    """
    target = await start_target()

    await transport.send(a_request(target.url(url)))

    assert f"GET {path} HTTP/1.1" == target.visits[0].line


async def test_the_response_is_whole(transport: Transport, start_target: StartTarget) -> None:
    """
    Status, headers as sent, body, time and address.
    """
    body = b"x" * 300_000
    target = await start_target(answer(body, status="404 Not Found", headers=("X-One: 1", "x-one: 2")))

    response = await transport.send(a_request(target.url("/gone")))

    assert (404, body, target.url("/gone")) == (response.status, response.body, response.url)
    assert [("X-One", "1"), ("x-one", "2")] == [h for h in response.headers if h[0].lower() == "x-one"]
    assert 0 < response.took_s < PATIENCE_S


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
        (
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
            b"x",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    ],
    ids=["no content", "in pieces", "after a hint", "empty"],
)
async def test_reads_every_framing(
    sent: bytes, expected: bytes, transport: Transport, start_target: StartTarget
) -> None:
    """
    However the body is framed, it is the body.
    """
    target = await start_target(sent)

    assert expected == (await transport.send(a_request(target.url()))).body


async def test_a_body_that_ends_with_the_connection_is_whole(
    transport: Transport, start_target: StartTarget
) -> None:
    """
    HTTP/1.0 targets frame so.
    """

    async def serve(visit: Visit) -> None:
        await visit.say(b"HTTP/1.0 200 OK\r\n\r\nolder")
        visit.writer.close()

    target = await start_target(serve)

    assert b"older" == (await transport.send(a_request(target.url()))).body


async def test_a_connection_is_used_again(transport: Transport, start_target: StartTarget) -> None:
    """
    The second request finds the first one's connection, and dials nobody.
    """
    target = await start_target()
    exchange = Exchange()

    for _ in range(3):
        await transport.send(a_request(target.url()))
    await transport.send(a_request(target.url()), exchange=exchange)

    assert 1 == target.connections
    assert [] == exchange.dials
    assert exchange.sent


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("reused", [False, True], ids=["fresh", "reused"])
async def test_a_lost_connection_means_one_send(
    method: str, reused: bool, transport: Transport, start_target: StartTarget
) -> None:
    """
    A target that reads the request and hangs up may have acted on it: nothing is sent again.
    """

    async def serve(visit: Visit) -> None:
        if visit.line.endswith("/first HTTP/1.1"):
            await visit.say(answer(b"ok"))
        else:
            visit.writer.close()

    target = await start_target(serve)
    if reused:
        await transport.send(a_request(target.url("/first")))

    with pytest.raises(ConnectionLost) as lost:
        await transport.send(
            a_request(target.url("/act"), method=method, body=b"x" if method == "PUT" else None)
        )
    await transport.send(a_request(target.url("/first")))

    assert lost.value.maybe_delivered
    assert 1 == len([visit for visit in target.visits if "/act " in visit.line])


@pytest.mark.parametrize("then", [b"", OK], ids=["hangs up", "says more"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_next_request_does_not_go_into_the_void(
    method: str, then: bytes, start_target: StartTarget
) -> None:
    """
    A target hangs up without having said so, and the next call comes in the very moment: it is dialled anew,
    and never answered by what was said before it asked.
    """

    async def serve(visit: Visit) -> None:
        visit.writer.write(answer(str(visit.number).encode()) + then)
        visit.writer.close()

    target = await start_target(serve)

    async with Transport() as transport:
        bodies = [(await transport.send(a_request(target.url(), method=method))).body for _ in range(10)]

    assert [str(number).encode() for number in range(1, 11)] == bodies
    assert 10 == len(target.visits)


async def test_a_connection_that_ended_while_idle_is_not_used(
    transport: Transport, start_target: StartTarget
) -> None:
    """
    A target that hung up in between is dialled anew.
    """

    async def serve(visit: Visit) -> None:
        await visit.say(answer(b"ok"))
        visit.writer.close()

    target = await start_target(serve)
    await transport.send(a_request(target.url()))
    connector = transport._connections.way(LOOPBACK, None).session.connector
    assert connector is not None
    [[(idle, _)]] = connector._conns.values()
    await until(lambda: not idle.is_connected())

    assert 200 == (await transport.send(a_request(target.url()))).status
    assert 2 == target.connections


async def test_what_comes_unasked_is_no_response(start_target: StartTarget) -> None:
    """
    A target that answers once too often has said nothing about the next agent's request.
    """

    async def serve(visit: Visit) -> None:
        own = answer(visit.line.split()[1].encode())
        await visit.say(own + answer(b"unasked") if visit.number == 1 else own)

    target = await start_target(serve)
    async with Transport() as transport:
        await transport.send(a_request(target.url("/first")))
        second = await transport.send(a_request(target.url("/second")))

    assert b"/second" == second.body
    assert 2 == target.connections


async def test_the_beginning_of_what_comes_unasked_is_noticed(start_target: StartTarget) -> None:
    """
    Its rest would be taken for the beginning of the next response.
    """
    answered = asyncio.Event()

    async def serve(visit: Visit) -> None:
        await visit.say(answer(visit.line.split()[1].encode()))
        if visit.number == 1:
            await answered.wait()
            await visit.say(b"HTTP/1.1 408 Request Time")

    target = await start_target(serve)
    async with Transport() as transport:
        await transport.send(a_request(target.url("/first")))
        answered.set()
        await asyncio.sleep(0.1)  # so that it has been read, and not only arrived
        second = await transport.send(a_request(target.url("/second")))

    assert b"/second" == second.body
    assert 2 == target.connections


async def test_no_cookie_is_kept(transport: Transport, start_target: StartTarget) -> None:
    """
    One agent's session is not another's.
    """
    target = await start_target(answer(b"ok", headers=("Set-Cookie: session=1; Path=/",)))
    for _ in range(2):
        # aiohttp's own jar keeps nothing for an address without a name.
        await transport.send(a_request(target.url(host="localhost")))

    assert "cookie" not in target.visits[1].headers


async def test_no_proxy_is_taken_from_the_environment(
    transport: Transport, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A proxy would hide the target's address from the guard.
    """
    target = await start_target()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert 200 == (await transport.send(a_request(target.url()))).status


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "127.0.0.1", "http:127.0.0.1", "", "/", "http://", "http:///a", "http://?a"]
)
async def test_what_is_no_web_address_is_not_sent(url: str, transport: Transport) -> None:
    """
    http and https to a host leave the house, and nothing else.
    """
    with pytest.raises(UnsafeValue):
        await transport.send(a_request(url))


async def test_a_user_name_in_the_url_is_not_sent(transport: Transport) -> None:
    """
    aiohttp would make an Authorization header of it, and nothing would mask that.
    """
    with pytest.raises(UnsafeValue, match="user name"):
        await transport.send(a_request("http://thandi:s3cret@127.0.0.1/"))


async def test_a_tracer_sees_every_request(transport: Transport, start_target: StartTarget) -> None:
    """
    Whoever instruments aiohttp in the embedding application is not passed by.
    """
    seen: list[str] = []

    async def started(session: object, context: object, params: aiohttp.TraceRequestStartParams) -> None:
        seen.append(params.method)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(started)
    trace.freeze()
    transport._connections.way(LOOPBACK, None).session.trace_configs.append(trace)
    target = await start_target()

    await transport.send(a_request(target.url()))

    assert ["GET"] == seen


async def test_a_stand_in_for_the_session_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Test doubles such as aioresponses put themselves there, and no request goes round them.
    """

    async def stand_in(session: object, method: str, url: object, **options: object) -> None:
        raise aiohttp.ServerDisconnectedError(f"{method} {url}")

    monkeypatch.setattr(aiohttp.ClientSession, "_request", stand_in)
    async with Transport() as transport:
        with pytest.raises(ConnectFailed):
            await transport.send(a_request("http://127.0.0.1:1/"))

        assert not wire.may_go_straight(transport._connections.way(LOOPBACK, None).session)


async def test_an_unknown_aiohttp_is_asked_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Inner steps that nobody looked at are not relied on.
    """
    async with Transport() as transport:
        session = transport._connections.way(LOOPBACK, None).session
        known = wire.may_go_straight(session)
        monkeypatch.setattr(aiohttp, "__version__", "3.99.0")

        assert known
        assert not wire.may_go_straight(session)


async def test_a_closed_transport_sends_nothing(start_target: StartTarget) -> None:
    """
    Closing is for good.
    """
    target = await start_target()
    transport = Transport()
    await transport.send(a_request(target.url()))
    await transport.close()

    with pytest.raises(ConnectFailed, match=r"the engine was closed before .* was asked") as failed:
        await transport.send(a_request(target.url()))

    assert Fault.OURS is fault_of(failed.value)
    assert 1 == len(target.visits)
