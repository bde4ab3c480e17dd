"""
From an event to a request that is recorded on the disk, beside bare aiohttp that posts the same bodies.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import uvloop
from yarl import URL

from benchmarks.calls import CALLS
from benchmarks.harness import Contender, Pace, compare, scratch
from benchmarks.target import TAKEN, serving
from webhook_engine.definitions import read_text
from webhook_engine.engine import Engine
from webhook_engine.process.memory import Settled
from webhook_engine.variables import CallEvent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from benchmarks.harness import Comparison

    Work = Callable[[Sequence[CallEvent]], Awaitable[None]]

IN_FLIGHT = 10
"""What the engine grants one target, where nothing else is said of it."""

BATCH = 100
_PRODUCERS = 64
_PATIENCE_S = 60.0

DEFINITIONS = """
[tenant]
name = "Euphoria"
country = "ZA"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"

[[webhook]]
name = "Log the call"
group = "CRM"
type = "ajax-post"
url = "http://127.0.0.1:{port}/api/calls"
content_type = "json"
delivery = "durable"
[[webhook.parameter]]
name = "phone"
value = "{{ CALLERID_NUMBER | e164 }}"
[[webhook.parameter]]
name = "name"
value = "{CALLERID_NAME}"
[[webhook.parameter]]
name = "outcome"
value = "{CALL_OUTCOME}"
[[webhook.parameter]]
name = "notes"
value = "{CALL_NOTES}"
[[webhook.parameter]]
name = "seconds"
value = "{CALL_DURATION}"

[[rule]]
name = "Log every call"
on = ["disposed"]
when = "CALL_QUEUE != 'Internal'"
webhooks = ["Log the call"]
"""


def events(numbers: Iterable[int]) -> list[CallEvent]:
    """
    One for each number, no two of the same call.
    """
    return [
        CallEvent(
            "disposed",  # type: ignore[arg-type]  # as a program writes it
            CALLS[number % len(CALLS)].replace(
                extension="100-Euphoria",
                sip_id=f"{number:012}@pbx0",
                caller_number=f"082{number * 7919 % 10_000_000:07}",
            ),
            id=f"{number:012}",
        )
        for number in numbers
    ]


def run(pace: Pace) -> Iterator[Comparison]:
    """
    Events one by one and in batches of a hundred, on uvloop and with a collector of garbage as the worker has.
    """
    with serving() as port, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        folder = scratch("durable")
        opened = AsyncExitStack()
        try:
            ways = runner.run(_open(opened, port, folder / "queue.db"))
            Settled().settle()  # as the worker does once it is open
            numbers = count()
            contenders = [_contender(name, work, runner, numbers, pace) for name, work in ways.items()]
            yield compare("durable: event to recorded POST", contenders, pace)
        finally:
            runner.run(opened.aclose())
            shutil.rmtree(folder)


def _contender(
    name: str, work: Work, runner: asyncio.Runner, numbers: Iterator[int], pace: Pace
) -> Contender:
    requests = max(int(pace.slice_s * 20_000), 4 * BATCH)

    def turn() -> float:
        made = events(next(numbers) for _ in range(requests))
        start = pace.clock()
        runner.run(_call(work, made))
        return (pace.clock() - start) / requests

    turn()  # connections are open from here on
    return Contender(name, turn)


async def _call(work: Work, made: Sequence[CallEvent]) -> None:
    await work(made)


async def _open(opened: AsyncExitStack, port: int, path: Path) -> dict[str, Work]:
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"Content-Type": "application/json"}
    bare = await opened.enter_async_context(aiohttp.ClientSession(connector=connector, headers=headers))
    definitions = read_text(DEFINITIONS.replace("{port}", str(port)))
    engine = await opened.enter_async_context(Engine(definitions, queue=path))
    url = URL(f"http://127.0.0.1:{port}/api/calls", encoded=True)
    bodies = [engine.render("Log the call", event.call).body for event in events(range(len(CALLS)))]

    async def post(made: Iterator[CallEvent]) -> None:
        for event in made:
            async with bare.post(url, data=bodies[int(event.id) % len(bodies)]) as response:
                assert await response.read() == TAKEN

    async def notify(made: Iterator[CallEvent]) -> None:
        for event in made:
            assert await engine.notify(event)

    async def post_all(made: Sequence[CallEvent]) -> None:
        each = iter(made)
        await asyncio.gather(*(post(each) for _ in range(IN_FLIGHT)))

    async def one_by_one(made: Sequence[CallEvent]) -> None:
        wanted = _done(engine) + len(made)
        each = iter(made)
        await asyncio.gather(*(notify(each) for _ in range(_PRODUCERS)))
        await _recorded(engine, wanted)

    async def in_batches(made: Sequence[CallEvent]) -> None:
        wanted = _done(engine) + len(made)
        for first in range(0, len(made), BATCH):
            await engine.notify_all(made[first : first + BATCH])
        await _recorded(engine, wanted)

    return {"bare aiohttp": post_all, "Engine.notify": one_by_one, "Engine.notify_all": in_batches}


def _done(engine: Engine) -> int:
    report = engine.report()
    assert report is not None
    return report.done


async def _recorded(engine: Engine, wanted: int) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while _done(engine) < wanted:
            await asyncio.sleep(0.005)
