"""
An agent's stream, over real connections.
"""

import asyncio
import json
import socket

import aiohttp
import pytest
from aiohttp import web

from tests.pops.screen import event, view
from webhook_engine.pops import PopBoard, PopBounds
from webhook_engine.service.stream import AgentStreams, StreamSettings

URL = "https://crm.example.com/contacts/1001"
SOON_S = 10.0


class Served:
    """
    A board with its streams, on loopback.
    """

    def __init__(self, board, settings):
        self.board = board
        self.streams = AgentStreams(board, settings=settings)

    async def __aenter__(self):
        app = web.Application()
        app.router.add_get("/v1/agents/{extension}/stream", self.streams.handle)

        async def close(_):
            self.streams.close()

        app.on_shutdown.append(close)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        self.session = aiohttp.ClientSession(f"http://127.0.0.1:{self.port}")
        return self

    async def __aexit__(self, *_):
        await self.session.close()
        await self.runner.cleanup()

    def get(self, agent="100-E", **options):
        return self.session.get(f"/v1/agents/{agent}/stream", **options)

    async def until(self, streams):
        async with asyncio.timeout(SOON_S):
            while len(self.streams) != streams:
                await asyncio.sleep(0.005)


async def events(response, count):
    """
    The next *count* events, each as (event, id, data); comments and `retry` are passed over.
    """
    found = []
    fields = {}
    async with asyncio.timeout(SOON_S):
        while len(found) < count:
            received = await response.content.readline()
            assert received, f"the stream ended after {found}, status {response.status}"
            line = received.decode().rstrip("\n")
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                found.append((fields["event"], fields["id"], json.loads(fields["data"])))
                fields = {}
    return found


@pytest.fixture
async def served():
    bounds = PopBounds(messages_per_agent=2_000)
    async with Served(PopBoard(bounds=bounds, epoch="e"), StreamSettings()) as served:
        yield served


async def test_a_pop_reaches_the_agents_screen(served):
    """
    First what is open, which is nothing; then each message as it arises.
    """
    async with served.get() as response:
        assert ("text/event-stream", 200) == (response.content_type, response.status)
        assert [("snapshot", "e-0", {"pops": []})] == await events(response, 1)

        served.board.show(served.board.begin(event("ringing"), "Contact lookup"), view("Zoë"))

        first, second = await events(response, 2)
        assert ("lookup", "e-1") == first[:2]
        assert ("table", "e-2", [["Zoë"]]) == (*second[:2], second[2]["view"]["rows"])


async def test_every_screen_of_an_agent_is_told_and_no_other(served):
    """
    Two tabs of one agent, one of another.
    """
    async with served.get() as one, served.get() as two, served.get("101-E") as other:
        for response in (one, two, other):
            await events(response, 1)

        served.board.open_window(event("ringing", "100-E"), "Contact page", URL)
        served.board.open_window(event("ringing", "101-E"), "Orders", URL)

        for response, webhook in ((one, "Contact page"), (two, "Contact page"), (other, "Orders")):
            ((kind, _, data),) = await events(response, 1)
            assert ("window", webhook) == (kind, data["webhook"])


async def test_a_message_is_encoded_once_for_all_its_readers(served, monkeypatch):
    """
    Twenty tabs cost twenty writes, not twenty encodings.
    """
    from webhook_engine.service import stream

    encoded = []
    async with served.get() as one, served.get() as two:
        await events(one, 1)
        await events(two, 1)
        monkeypatch.setattr(
            stream, "frame", lambda message: encoded.append(message) or b"event: x\nid: y\ndata: 1\n\n"
        )

        served.board.open_window(event("ringing"), "Contact page", URL)

        assert [("x", "y", 1)] == await events(one, 1) == await events(two, 1)
    assert 1 == len(encoded)


@pytest.mark.parametrize("how", ["header", "query"])
async def test_a_stream_that_was_cut_resumes(served, how):
    """
    By the header of an EventSource, or by the query of clients that cannot send it.
    """
    async with served.get() as response:
        served.board.open_window(event("ringing"), "Contact page", URL)
        last_id = (await events(response, 2))[-1][1]
    served.board.note(event("ended", at=5))
    served.board.open_window(event("ringing", call="next"), "Contact page", URL)
    named = (
        {"headers": {"Last-Event-ID": last_id}} if how == "header" else {"params": {"lastEventId": last_id}}
    )

    async with served.get(**named) as response:
        found = await events(response, 2)

    assert [("withdrawn", "e-2"), ("window", "e-3")] == [each[:2] for each in found]


async def test_the_header_is_newer_than_the_query(served):
    """
    A browser that reconnects repeats the address it was first given.
    """
    for call in ("one", "two"):
        served.board.open_window(event("ringing", call=call), "Contact page", URL)

    async with served.get(params={"lastEventId": "e-0"}, headers={"Last-Event-ID": "e-1"}) as response:
        assert [("window", "e-2")] == [each[:2] for each in await events(response, 1)]


async def test_a_busy_stream_loses_and_repeats_nothing(served):
    """
    While messages arise, connections break at any point and come back.
    """
    total, seen, last_id = 300, [], "e-0"

    async def work():
        for n in range(total):
            served.board.open_window(event("ringing", call=f"call-{n}"), "Contact page", URL)
            await asyncio.sleep(0)
            if n % 7 == 0:
                await asyncio.sleep(0.002)

    working = asyncio.create_task(work())
    numbers = 0
    async with asyncio.timeout(SOON_S):
        while numbers < total:
            async with served.get(headers={"Last-Event-ID": last_id}) as response:
                for kind, message_id, _ in await events(response, 1 + len(seen) % 5):
                    assert kind in {"window", "withdrawn"}
                    seen.append(last_id := message_id)
            numbers = int(last_id.split("-")[1])
    await working

    assert [f"e-{n}" for n in range(1, len(seen) + 1)] == seen


async def test_a_quiet_stream_has_a_heart():
    """
    Proxies keep the connection, and the server notices who is gone.
    """
    async with (
        Served(PopBoard(epoch="e"), StreamSettings(heartbeat_s=0.05)) as served,
        served.get() as response,
    ):
        await events(response, 1)
        async with asyncio.timeout(SOON_S):
            assert [b":\n", b"\n", b":\n"] == [await response.content.readline() for _ in range(3)]
        response.close()
        await served.until(0)


async def test_a_slow_reader_is_cut_and_resumes():
    """
    What waits for it is bounded; the others of the agent notice nothing.
    """
    settings = StreamSettings(unread_bytes=200_000)
    async with Served(PopBoard(epoch="e"), settings) as served, served.get() as quick:
        await events(quick, 1)
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(slow, ("127.0.0.1", served.port))
        await loop.sock_sendall(slow, b"GET /v1/agents/100-E/stream HTTP/1.1\r\nHost: x\r\n\r\n")
        await served.until(2)

        for n in range(1, 200):
            table = view(*["x" * 1000] * 100)
            served.board.show(served.board.begin(event("manual", call=f"call-{n}"), f"Lookup {n}"), table)
            await asyncio.sleep(0)
            if len(served.streams) == 1:
                break
            await events(quick, 2 if n <= 50 else 3)  # from then on the oldest pop is withdrawn as well

        await served.until(1)
        async with asyncio.timeout(SOON_S):  # what is cut does not wait for its reader
            while len(served.runner.server.connections) > 1:
                await asyncio.sleep(0.005)
        slow.close()
        async with served.get(
            headers={"Last-Event-ID": f"e-{served.board.since('100-E')[0].number}"}
        ) as again:
            served.board.open_window(event("ringing"), "Contact page", URL)
            assert "window" == (await events(again, 1))[0][0]


def table(letter):
    return view(*[letter * 1000] * 100)


async def deaf(served, agent):
    """
    A connection that asks for the agent's stream and reads nothing of it.
    """
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    found.setblocking(False)
    before = len(served.streams)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(found, ("127.0.0.1", served.port))
    await loop.sock_sendall(found, f"GET /v1/agents/{agent}/stream HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await served.until(before + 1)
    return found


def show(served, agent, number):
    happened = event("manual", agent, call=f"call-{agent}-{number}")
    served.board.show(served.board.begin(happened, "Lookup"), table("x"))


async def test_streams_that_nobody_reads_are_bounded_together():
    """
    None is over its own bound: the one that held up most goes first, and comes back to what it missed.
    """
    settings = StreamSettings(unread_bytes=2**24, unread_total_bytes=8_000_000)
    bounds = PopBounds(messages_per_agent=2_000, message_bytes_per_agent=2**26)
    async with Served(PopBoard(bounds=bounds, epoch="e"), settings) as served, served.get("quick-E") as quick:
        await events(quick, 1)
        sockets = [await deaf(served, "old-E")]
        for n in range(60):
            show(served, "old-E", n)
        await asyncio.sleep(0.2)
        sockets += [await deaf(served, agent) for agent in ("new-E", "last-E")]
        backlog = served.streams.backlog
        peak = 0
        for n in range(60):
            for agent in ("new-E", "last-E", "quick-E"):
                show(served, agent, n)
            await asyncio.sleep(0)
            peak = max(peak, backlog.unread)
            if backlog.cut["all"]:
                break
            await events(quick, 2 if n < 50 else 3)
        await served.until(3)

        assert 2_000_000 < peak < 8_000_000
        assert {"reader": 0, "all": 1} == backlog.cut
        assert {"new-E", "last-E", "quick-E"} == set(served.streams._readers)
        async with served.get("old-E", headers={"Last-Event-ID": "e-3"}, read_bufsize=2**24) as again:
            assert ["e-4", "e-5"] == [number for _, number, _ in await events(again, 2)]
        for each in sockets:
            each.close()


async def test_what_was_read_in_the_end_does_not_count():
    """
    Nobody is cut for what readers were behind with earlier, though they were told nothing since.
    """
    settings = StreamSettings(unread_bytes=2**24, unread_total_bytes=6_000_000)
    bounds = PopBounds(message_bytes_per_agent=2**26)
    loop = asyncio.get_running_loop()
    async with Served(PopBoard(bounds=bounds, epoch="e"), settings) as served:
        sockets = []
        for agent in ("one-E", "two-E", "three-E"):
            late = await deaf(served, agent)
            sockets.append(late)
            for n in range(50):
                show(served, agent, n)
            received = 0
            async with asyncio.timeout(SOON_S):
                while received < 50 * 100 * 1000:
                    received += len(await loop.sock_recv(late, 2**20))

        assert {"reader": 0, "all": 0} == served.streams.backlog.cut
        for each in sockets:
            each.close()


async def test_a_stream_that_ended_does_not_wait_for_its_reader_for_ever(monkeypatch):
    """
    Its connection would hold what is left as long as the other side liked.
    """
    monkeypatch.setattr("webhook_engine.service.reader._LAST_S", 0.1)
    async with Served(PopBoard(epoch="e"), StreamSettings(unread_bytes=2**24)) as served:
        reader = await deaf(served, "100-E")
        for n in range(40):
            show(served, "100-E", n)
        await asyncio.sleep(0.05)
        assert served.streams.backlog.unread > 1_000_000

        for each in list(served.streams._readers["100-E"]):
            each.end()

        async with asyncio.timeout(SOON_S):
            while served.runner.server.connections:
                await asyncio.sleep(0.01)
        assert 0 == served.streams.backlog.unread
        reader.close()


async def test_too_many_streams_of_one_agent_are_refused():
    """
    A page that connects again and again does not eat the service up.
    """
    async with (
        Served(PopBoard(), StreamSettings(streams_per_agent=2)) as served,
        served.get() as one,
        served.get() as two,
        served.get() as three,
        served.get("101-E") as other,
    ):
        assert [200, 200, 429, 200] == [each.status for each in (one, two, three, other)]
        assert "15" == three.headers["Retry-After"]


async def test_a_page_that_is_loaded_anew_is_not_refused_for_its_past():
    """
    Whoever left does not count, even before a heartbeat noticed it.
    """
    async with Served(PopBoard(), StreamSettings(streams_per_agent=1)) as served:
        for _ in range(5):
            response = await served.get()
            assert 200 == response.status
            await events(response, 1)
            response.close()
            await asyncio.sleep(0.05)


async def test_a_stop_ends_every_stream(served):
    """
    The response ends as a whole, so that a browser connects again; it does so elsewhere.
    """
    async with served.get() as response:
        await events(response, 1)

        served.streams.close()

        async with asyncio.timeout(SOON_S):
            assert b"" == await response.content.read()
    async with served.get() as late:
        assert 503 == late.status
    await served.until(0)


async def test_what_is_told_in_one_go_arrives_whole_and_in_order(served):
    """
    To many agents and many times each, before the loop has had a turn; and what was told last before a stop.
    """
    agents = [f"{n}-E" for n in range(120)]
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{served.port}", connector=connector) as session:
        responses = [await session.get(f"/v1/agents/{agent}/stream") for agent in agents]
        await served.until(120)

        for n in range(3):
            for agent in agents:
                served.board.open_window(event("ringing", agent), f"Page {n}", URL)
        served.streams.close()

        for response in responses:
            found = await events(response, 4)
            assert ["Page 0", "Page 1", "Page 2"] == [data["webhook"] for _, _, data in found[1:]]
            assert b"" == await response.content.read()


async def test_a_stream_that_was_ended_is_told_nothing_more(served):
    """
    What was decided in the same go, but not yet written, would stand behind the end of the response.
    """
    async with served.get() as response:
        await events(response, 1)
        served.board.open_window(event("ringing"), "Contact page", URL)
        (reader,) = served.streams._readers["100-E"]
        reader.end()

        assert b"" == await response.content.read()


async def test_asking_for_the_head_alone_ends(served):
    """
    A stream has no end that a HEAD request could wait for.
    """
    async with asyncio.timeout(SOON_S), served.session.head("/v1/agents/100-E/stream") as response:
        assert ("text/event-stream", 200) == (response.content_type, response.status)


async def test_a_thousand_agents_are_told_without_a_task_for_each_message(served):
    """
    One task for each connection, however many messages go out on it.
    """
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{served.port}", connector=connector) as session:
        agents = [f"{n}-E" for n in range(200)]
        async with asyncio.timeout(SOON_S):
            responses = await asyncio.gather(*(session.get(f"/v1/agents/{agent}/stream") for agent in agents))
        await served.until(200)
        before = len(asyncio.all_tasks())
        for n in range(5):
            for agent in agents:
                served.board.open_window(event("ringing", agent, call=f"call-{n}"), "Contact page", URL)

        assert before == len(asyncio.all_tasks())
        for response in responses:
            assert 5 == len(await events(response, 6)) - 1
            response.close()


async def test_a_big_beginning_arrives_whole():
    """
    A reader is not cut for what it missed: it would come back for the same, again and again.
    """
    async with Served(PopBoard(epoch="e"), StreamSettings(unread_bytes=1_000)) as served:
        table = view(*["x" * 600] * 200)
        for n in range(50):
            served.board.show(served.board.begin(event("manual"), f"Lookup {n}"), table)

        async with served.get(read_bufsize=2**24) as response:
            await asyncio.sleep(0.05)
            ((kind, _, data),) = await events(response, 1)

        assert ("snapshot", 50) == (kind, len(data["pops"]))


async def test_an_old_proxy_is_served_without_chunks(served):
    """
    HTTP/1.0 knows none; there the end of the connection is the end of the stream.
    """
    async with asyncio.timeout(SOON_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"GET /v1/agents/100-E/stream HTTP/1.0\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        await served.until(1)
        served.board.open_window(event("ringing"), "Contact page", URL)
        served.streams.close()

        body = await reader.read()
    writer.close()

    assert b"chunked" not in head
    assert body.startswith(b'retry: 2000\n\nid: e-0\nevent: snapshot\ndata: {"pops":[]}\n\nid: e-1\n')
    assert body.endswith(b"}\n\n")
