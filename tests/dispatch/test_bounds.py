"""
No target makes us keep more than was granted, packed or not.
"""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from webhook_engine.dispatch import Transport
from webhook_engine.dispatch.body import read_body, unpacker
from webhook_engine.errors import ConnectionLost, ResponseTooLarge, UnreadableResponse
from webhook_engine.settings import Limits

from .conftest import StartTarget, Visit, a_request, answer, until

BOUND = 100_000


@pytest.fixture
async def transport(either_way: None) -> AsyncIterator[Transport]:
    """
    A transport that reads at most 100,000 bytes of a body.
    """
    async with Transport(Limits(response_bytes=BOUND, header_bytes=20_000)) as transport:
        yield transport


async def test_a_body_of_the_bound_is_read(transport: Transport, start_target: StartTarget) -> None:
    """
    The bound itself is within.
    """
    target = await start_target(answer(b"x" * BOUND))

    assert BOUND == len((await transport.send(a_request(target.url()))).body)


@pytest.mark.parametrize("status", ["000", "042", "099", "600", "999"])
async def test_a_status_that_there_is_not_is_no_response(
    status: str, transport: Transport, start_target: StartTarget
) -> None:
    """
    Whatever it was meant to say, no table and no rule knows it.
    """
    target = await start_target(answer(b"x", status=f"{status} Odd"))

    with pytest.raises(UnreadableResponse, match=rf"{int(status)} is no status of a response"):
        await transport.send(a_request(target.url()))


@pytest.mark.parametrize("stated", [True, False], ids=["stated", "not stated"])
async def test_one_byte_more_is_refused(
    stated: bool, transport: Transport, start_target: StartTarget
) -> None:
    """
    With a Content-Length before the first byte of it is read, without one as soon as it shows.
    """
    body = b"x" * (BOUND + 1)
    pieces = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    target = await start_target(
        answer(body) if stated else b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces
    )

    with pytest.raises(ResponseTooLarge, match="larger than 100,000 bytes"):
        await transport.send(a_request(target.url()))


async def test_an_endless_body_ends_at_the_bound(transport: Transport, start_target: StartTarget) -> None:
    """
    And the connection with it, so that the target notices.
    """
    hung_up = asyncio.Event()

    async def serve(visit: Visit) -> None:
        await visit.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                await visit.say(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        except ConnectionError:
            hung_up.set()
            raise

    target = await start_target(serve)

    with pytest.raises(ResponseTooLarge):
        await transport.send(a_request(target.url()))

    await until(hung_up.is_set)


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", "deflate", "identity"])
async def test_what_comes_packed_all_the_same_is_unpacked(
    coding: str, transport: Transport, start_target: StartTarget
) -> None:
    """
    Nobody asked for it, yet some targets pack whatever they send.
    """
    body = b'{"name":"Thandi"}' * 100
    packed = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}
    target = await start_target(
        answer(packed.get(coding.lower(), bytes)(body), headers=(f"Content-Encoding: {coding}",))
    )

    assert body == (await transport.send(a_request(target.url()))).body


async def test_a_bare_deflate_stream_is_unpacked(transport: Transport, start_target: StartTarget) -> None:
    """
    Some take the word at its name and leave the wrapping away.
    """
    pack = zlib.compressobj(wbits=-15)
    packed = pack.compress(b"hello" * 50) + pack.flush()
    target = await start_target(answer(packed, headers=("Content-Encoding: deflate",)))

    assert b"hello" * 50 == (await transport.send(a_request(target.url()))).body


async def test_several_gzip_members_are_one_body(transport: Transport, start_target: StartTarget) -> None:
    """
    RFC 1952, 2.2: a file is a row of members.
    """
    target = await start_target(
        answer(gzip.compress(b"one ") + gzip.compress(b"two"), headers=("Content-Encoding: gzip",))
    )

    assert b"one two" == (await transport.send(a_request(target.url()))).body


async def test_an_empty_packed_body_is_empty(transport: Transport, start_target: StartTarget) -> None:
    """
    Nothing, packed, may be nothing at all.
    """
    target = await start_target(answer(b"", headers=("Content-Encoding: gzip",)))

    assert b"" == (await transport.send(a_request(target.url()))).body


@pytest.mark.parametrize("members", [1, 60], ids=["one member", "many members"])
async def test_a_bomb_costs_no_more_than_the_bound(
    members: int, transport: Transport, start_target: StartTarget
) -> None:
    """
    60 MB in 60 KB: what would not fit is never unpacked.
    """
    bomb = gzip.compress(bytes(60_000_000 // members)) * members
    target = await start_target(answer(bomb, headers=("Content-Encoding: gzip",)))
    tracemalloc.start()
    try:
        with pytest.raises(ResponseTooLarge):
            await transport.send(a_request(target.url()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 20 * BOUND


async def test_a_flood_of_empty_members_is_refused(transport: Transport, start_target: StartTarget) -> None:
    """
    Each costs time although it holds nothing.
    """
    target = await start_target(answer(gzip.compress(b"") * 1_100, headers=("Content-Encoding: gzip",)))

    with pytest.raises(ResponseTooLarge, match="1,024 pieces"):
        await transport.send(a_request(target.url()))


@pytest.mark.parametrize(
    ("packed", "coding", "message"),
    [
        (b"no gzip at all", "gzip", "broken"),
        (gzip.compress(b"x" * 999)[:-9], "gzip", "breaks off"),
        (gzip.compress(b"x") + b"tail", "gzip", "broken"),
        (b"x", "br", "'br'"),
        (b"(\xb5/\xfd\x04X", "zstd", "'zstd'"),
        (b"x", "gzip, gzip", "'gzip, gzip'"),
    ],
    ids=["no gzip", "half", "a tail", "br", "zstd", "twice"],
)
async def test_a_broken_packing_is_unreadable(
    packed: bytes, coding: str, message: str, transport: Transport, start_target: StartTarget
) -> None:
    """
    And says why.
    """
    target = await start_target(answer(packed, headers=(f"Content-Encoding: {coding}",)))

    with pytest.raises(UnreadableResponse, match=message):
        await transport.send(a_request(target.url()))


@pytest.mark.parametrize(
    "lines",
    [
        (f"X-Long: {'x' * 9_000}",),
        tuple(f"X-{n}: {'x' * 300}" for n in range(100)),
        tuple(f"X-{n}: x" for n in range(200)),
    ],
    ids=["a long line", "much in all", "many lines"],
)
async def test_a_large_head_is_refused(
    lines: tuple[str, ...], transport: Transport, start_target: StartTarget
) -> None:
    """
    A head is bounded in every direction.
    """
    target = await start_target(answer(b"", headers=lines))

    with pytest.raises((ResponseTooLarge, UnreadableResponse)):
        await transport.send(a_request(target.url()))


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", ConnectionLost),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", ConnectionLost),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n", UnreadableResponse),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", UnreadableResponse),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", UnreadableResponse),
        (b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n", UnreadableResponse),
        (b"HTTP/1.1 999999 OK\r\n\r\n", UnreadableResponse),
        (b"", ConnectionLost),
    ],
    ids=[
        "short",
        "half a piece",
        "no pieces",
        "another protocol",
        "two lengths",
        "NUL",
        "a status",
        "nothing",
    ],
)
async def test_what_is_not_http_is_an_error_of_the_tree(
    sent: bytes, error: type[Exception], transport: Transport, start_target: StartTarget
) -> None:
    """
    A response that breaks off is told apart from one that never was one.
    """

    async def serve(visit: Visit) -> None:
        await visit.say(sent)
        visit.writer.close()

    target = await start_target(serve)

    with pytest.raises(error):
        await transport.send(a_request(target.url()))


@given(st.binary(max_size=3_000), st.integers(min_value=1, max_value=64))
def test_unpacking_does_not_depend_on_how_the_bytes_arrive(body: bytes, step: int) -> None:
    """
    In whatever pieces: the same body, and never one longer than the bound.
    """
    packed = gzip.compress(body)
    unpack = unpacker("gzip", at_most=3_000)

    unpacked = b"".join(unpack.feed(packed[at : at + step]) for at in range(0, len(packed), step))
    unpack.finish()

    assert body == unpacked


@given(st.binary(max_size=500), st.sampled_from(["gzip", "deflate"]))
def test_any_bytes_are_a_body_or_an_error_of_the_tree(data: bytes, coding: str) -> None:
    """
    Nothing else comes out of a body that claims to be packed.
    """
    unpack = unpacker(coding, at_most=1_000)
    try:
        unpacked = unpack.feed(data)
    except (ResponseTooLarge, UnreadableResponse):
        return

    assert len(unpacked) <= 1_000


class Crumbs:
    """
    A response of which there is always one more byte at hand, and each takes a while.
    """

    status = 200

    def __init__(self, body: bytes, **headers: str) -> None:
        self._left = list(body)
        self.headers = CIMultiDict(headers)
        self.content = self

    async def readany(self) -> bytes:
        time.sleep(0.006)
        return bytes([self._left.pop(0)]) if self._left else b""


BODY = b"in crumbs"


@pytest.mark.parametrize(
    "crumbs",
    [Crumbs(BODY), Crumbs(zlib.compress(BODY), **{"Content-Encoding": "deflate"})],
    ids=["plain", "packed"],
)
async def test_a_body_in_crumbs_holds_up_nobody(crumbs: Crumbs) -> None:
    """
    Others have their turn between its pieces, although none of them has to be waited for.
    """
    reading = asyncio.create_task(read_body(crumbs, at_most=BOUND))  # type: ignore[arg-type]  # all it asks for

    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns >= len(BODY)
    assert BODY == reading.result()


HEADS = {
    "early hints": b"HTTP/1.1 103 Early Hints\r\n\r\n",
    "continues": b"HTTP/1.1 100 Continue\r\n\r\n",
    "answers": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
async def test_heads_without_end_end_the_connection(
    head: bytes, transport: Transport, start_target: StartTarget
) -> None:
    """
    Thousands of them come in one go, and parsing them would hold up every other call past its deadline.
    """
    hung_up = asyncio.Event()

    async def serve(visit: Visit) -> None:
        try:
            while True:
                await visit.say(head * (1_000_000 // len(head)))
        except ConnectionError:
            hung_up.set()
            raise

    target = await start_target(serve)

    with pytest.raises(UnreadableResponse, match="did not answer in HTTP"):
        await transport.send(a_request(target.url()))
    await asyncio.wait_for(hung_up.wait(), 30)


async def test_a_few_heads_before_the_answer_are_passed_over(
    transport: Transport, start_target: StartTarget
) -> None:
    """
    RFC 9110, 15.2: as many as a target with some sense sends.
    """
    target = await start_target(HEADS["early hints"] * 20 + answer(b"x"))

    assert b"x" == (await transport.send(a_request(target.url()))).body


async def test_several_lines_of_packing_are_one(transport: Transport, start_target: StartTarget) -> None:
    """
    RFC 9110, 5.3; and identity is no packing.
    """
    packed = gzip.compress(b"x" * 99)
    lines = b"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n"
    target = await start_target(
        b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (lines, len(packed), packed)
    )

    assert b"x" * 99 == (await transport.send(a_request(target.url()))).body
