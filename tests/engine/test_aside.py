"""
What a response costs is paid by threads of the engine's own, never by the application's.
"""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from webhook_engine import Engine
from webhook_engine.aside import Aside
from webhook_engine.definitions import read_text
from webhook_engine.demo import scenes
from webhook_engine.responses import Outcome

DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Lookup"
type = "ajax-get"
url = "http://127.0.0.1:{port}/"
deadline_s = 30
"""

LONG = b"[%s]" % b",".join([b'{"a":[1,2],"b":{"c":[]}}'] * 20_000)


def readers():
    """
    Threads of engines that read.
    """
    return [each for each in threading.enumerate() if each.name.startswith("webhook-engine reading")]


class Nobodys(ThreadPoolExecutor):
    """
    The application's threads, which are not for us.
    """

    def submit(self, work, *args, **kwargs):
        if getattr(work, "__name__", "") != "getaddrinfo":
            raise AssertionError(f"{work} was given to the application's threads")
        return super().submit(work, *args, **kwargs)


async def test_a_costly_response_leaves_the_applications_threads_alone():
    """
    It is read on a thread of the engine, which is gone when the engine is.
    """
    asyncio.get_running_loop().set_default_executor(Nobodys(1))

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LONG) + LONG)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Engine(read_text(DEFINITIONS.replace("{port}", str(port)))) as engine:
            view = await engine.ask("Lookup", scenes.RINGING)
            during = len(readers())

    assert (Outcome.OK, 1) == (view.outcome, during)
    for each in readers():
        each.join(10)
    assert [] == readers()


async def test_what_holds_the_threads_costs_others_no_more_than_their_time():
    """
    Who waits for a thread waits until the deadline and no longer, and is not begun afterwards.
    """
    aside, loop = Aside(), asyncio.get_running_loop()
    gate, begun = threading.Event(), []
    holding = [asyncio.create_task(aside.run(gate.wait, until=loop.time() + 60)) for _ in range(3)]
    await asyncio.sleep(0)

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await aside.run(lambda: begun.append(1), until=loop.time() + 0.05)
    took_s = time.monotonic() - began
    gate.set()
    await asyncio.gather(*holding)
    aside.close()

    assert [] == begun
    assert took_s < 20  # wide: a busy machine


async def test_no_more_than_so_much_waits():
    """
    Each holds a response in memory, so what would wait too long is refused at once.
    """
    aside, until = Aside(), asyncio.get_running_loop().time() + 60
    gate = threading.Event()
    tasks = [asyncio.create_task(aside.run(gate.wait, until=until)) for _ in range(200)]
    await asyncio.sleep(0.05)
    gate.set()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    aside.close()

    assert (100, 100) == (done.count(True), sum(isinstance(each, TimeoutError) for each in done))
