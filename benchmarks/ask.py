"""
`Engine.ask` beside bare aiohttp: the same target, the same loop, turn about.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import aiohttp
import orjson
import uvloop
from yarl import URL

from benchmarks.by_hand import quote
from benchmarks.calls import call
from benchmarks.harness import Contender, Pace, compare
from benchmarks.records import FIVE
from benchmarks.target import BODY, serving
from webhook_engine.definitions import read_text
from webhook_engine.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from benchmarks.harness import Comparison
    from webhook_engine.variables import CallContext

    Ask = Callable[[int], Awaitable[object]]

IN_FLIGHT = (1, 32, 256)

_CALLS = 1024
"""Many more than are in flight: lookups that are the same would share a request, which is not what is measured."""

_DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
max_in_flight = 256

[[webhook]]
name = "Contact lookup"
group = "CRM"
type = "ajax-get"
url = "http://127.0.0.1:{port}/api/{CALL_QUEUE}/contacts"
[[webhook.parameter]]
name = "phone"
value = "{CALLERID_NUMBER}"
[[webhook.parameter]]
name = "name"
value = "{CALLERID_NAME}"
""" + "".join(f'[[webhook.view.column]]\npath = "{name}"\n' for name in FIVE)


def run(pace: Pace) -> Iterator[Comparison]:
    """
    1, 32 and 256 requests in flight, on asyncio's loop and on uvloop.
    """
    with serving() as port:
        for name, factory in (("asyncio", asyncio.new_event_loop), ("uvloop", uvloop.new_event_loop)):
            with asyncio.Runner(loop_factory=factory) as runner:
                for in_flight in IN_FLIGHT:
                    yield _compare(f"ask, {in_flight} in flight, {name}", runner, port, in_flight, pace)


def _compare(name: str, runner: asyncio.Runner, port: int, in_flight: int, pace: Pace) -> Comparison:
    opened = AsyncExitStack()
    ways = runner.run(_open(opened, port))
    try:
        contenders = [_contender(each, ask, runner, in_flight, pace) for each, ask in ways.items()]
        return compare(name, contenders, pace)
    finally:
        runner.run(opened.aclose())


async def _open(opened: AsyncExitStack, port: int) -> dict[str, Ask]:
    calls = [call(number).replace(extension="100-Euphoria") for number in range(_CALLS)]
    urls = [_url(port, each) for each in calls]
    assert len(set(urls)) == _CALLS
    ready = [URL(url, encoded=True) for url in urls]
    engine = await opened.enter_async_context(Engine(read_text(_DEFINITIONS.replace("{port}", str(port)))))
    bare, straight = [
        await opened.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        for _ in range(2)
    ]
    wanted = _rows(BODY)

    async def ask_bare(number: int) -> None:
        async with bare.get(ready[number % len(ready)]) as response:
            assert len(await response.read()) == len(BODY)

    async def ask_straight(number: int) -> None:
        async with straight.get(URL(_url(port, calls[number % len(calls)]), encoded=True)) as response:
            assert len(_rows(await response.read())) == len(wanted)

    async def ask_engine(number: int) -> None:
        view = await engine.ask("Contact lookup", calls[number % len(calls)])
        assert len(view.rows) == len(wanted), view

    assert list((await engine.ask("Contact lookup", calls[0])).rows) == wanted
    return {"bare aiohttp": ask_bare, "straight script": ask_straight, "Engine.ask": ask_engine}


def _url(port: int, call: CallContext) -> str:
    return (
        f"http://127.0.0.1:{port}/api/{quote(call.call_queue)}/contacts"
        f"?phone={quote(call.caller_number)}&name={quote(call.caller_name)}"
    )


def _rows(body: bytes) -> list[tuple[object, ...]]:
    return [tuple(each[name] for name in FIVE) for each in orjson.loads(body)["results"]]


def _contender(name: str, ask: Ask, runner: asyncio.Runner, in_flight: int, pace: Pace) -> Contender:
    requests = max(int(pace.slice_s * 10_000), in_flight * 4)

    async def worker(numbers: Iterator[int]) -> None:
        for number in numbers:
            await ask(number)

    async def turn() -> float:
        numbers = iter(range(requests))
        start = pace.clock()
        async with asyncio.TaskGroup() as group:
            for _ in range(in_flight):
                group.create_task(worker(numbers))
        return (pace.clock() - start) / requests

    runner.run(turn())  # connections are open from here on
    return Contender(name, lambda: runner.run(turn()))
