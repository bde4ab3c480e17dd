"""
The XML API: requests that do nothing, a feed of a thousand, a file of a hundred thousand, and the next of a million.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import xmltodict
from aiohttp import web

from benchmarks.harness import Contender, Pace, compare
from webhook_engine.definitions import read_text
from webhook_engine.store import Feed, NewContact, Store
from webhook_engine.xml_api import asking, store_api
from webhook_engine.xml_api.client import CONTACT_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.harness import Comparison

WAITING = 1_000_000
ROWS = 100_000

_TENANT, _COMMAND = "Euphoria", str(Path(sys.executable).with_name("webhook-engine"))
_DONE = b'<?xml version="1.0" encoding="UTF-8"?><XML>Nothing Done</XML>'
_REQUESTS, _IN_FLIGHT = 3_200, 64


def run(pace: Pace) -> Iterator[Comparison]:
    """
    Servers are processes of their own, on a disk that is waited for; a quick look has a tenth of the contacts.
    """
    share = 1 if pace.rounds > 5 else 10
    folder = Path(tempfile.mkdtemp(prefix="xml-api-", dir=Path.cwd()))
    try:
        with asyncio.Runner() as runner:
            key = runner.run(_prepared(folder / "store.db"))
            with _server("ours", folder) as ours:
                with _server("bare", folder) as bare:
                    yield _nothing(runner, bare, ours, key, pace)
                yield _feed(ours, key, pace)
                yield _memory(folder, ours, key, share)
            yield _next(runner, folder, pace, share)
    finally:
        shutil.rmtree(folder)


# --- Requests that do nothing ------------------------------------------------------------------------


def _nothing(runner: asyncio.Runner, bare: int, ours: int, key: str, pace: Pace) -> Comparison:
    """
    The reference answers with the same bytes and looks at nothing.
    """
    head = _posted(asking.request(_TENANT, key, "DoNothing", {}))

    def contender(name: str, port: int) -> Contender:
        return Contender(name, lambda: runner.run(_asked(port, head)))

    return compare(
        f"DoNothing, {_IN_FLIGHT} in flight",
        [contender("bare aiohttp handler", bare), contender("XML API", ours)],
        pace.slow(),
    )


async def _asked(port: int, request: bytes) -> float:
    async def lane() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(_REQUESTS // _IN_FLIGHT):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            assert await reader.readexactly(length) == _DONE
        writer.close()

    start = perf_counter()
    await asyncio.gather(*(lane() for _ in range(_IN_FLIGHT)))
    return (perf_counter() - start) / _REQUESTS


# --- Feeds -------------------------------------------------------------------------------------------


def _feed(port: int, key: str, pace: Pace) -> Comparison:
    """
    From the first byte sent until the answer, a thousand contacts on the disk; the reference only parses.
    """
    body = asking.request(
        _TENANT,
        key,
        "DialerTrickleFeed",
        {
            "ListName": "March",
            "CampaignName": "Sales",
            "DataSource": "benchmark",
            "ContactsList": {"Contact": [_contact(n) for n in range(1_000)]},
        },
    )
    request = _posted(body)

    def parsed() -> float:
        start = perf_counter()
        xmltodict.parse(body)
        return perf_counter() - start

    def fed() -> float:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            start = perf_counter()
            connection.sendall(request)
            answer = b""
            while b"</XML>" not in answer:
                answer += connection.recv(4096)
            took = perf_counter() - start
        assert b"<Accepted>1000</Accepted>" in answer
        return took

    ways = [Contender("xmltodict.parse", parsed), Contender("fed and stored", fed)]
    return compare("a feed of 1,000 contacts", ways, pace)


def _memory(folder: Path, port: int, key: str, share: int) -> Comparison:
    """
    The most that `webhook-engine feed` ever has.
    """

    def contender(rows: int) -> Contender:
        file = folder / f"{rows}.csv"
        with file.open("w") as out:
            out.write("FirstName,Surname,PhoneNumber,Notes,CrmTag\n")
            out.writelines(f"Name{n},Surname{n},08212{n % 100_000:05},{'x' * 60},{n}\n" for n in range(rows))

        def turn() -> float:
            url = f"http://127.0.0.1:{port}/xml"
            where = ("--tenant", _TENANT, "--campaign", "Sales", "--list", "March", "--insecure-http")
            command = (sys.executable, "-m", "benchmarks.xml_api", "peak", _COMMAND, "feed", str(file))
            environ = os.environ | {"WEBHOOK_ENGINE_API_KEY": key}
            said = subprocess.run(
                (*command, *where, "--url", url), env=environ, check=True, capture_output=True, text=True
            )
            return float(said.stdout.splitlines()[-1])

        return Contender(f"{rows:,} contacts", turn)

    rows = ROWS // share
    return compare(
        "memory of `feed`",
        [contender(rows // 10), contender(rows)],
        Pace(rounds=5 if share > 1 else 2, slice_s=0),
        unit="B",
    )


# --- The next contact --------------------------------------------------------------------------------


def _next(runner: asyncio.Runner, folder: Path, pace: Pace, share: int) -> Comparison:
    """
    Handed out and written down, one after the other.
    """
    stores = {f"{n:,} waiting": _filled(runner, folder / f"{n}.db", n) for n in (1_000, WAITING // share)}

    def contender(name: str, store: Store) -> Contender:
        async def turn() -> float:
            start = perf_counter()
            for _ in range(20):
                found = await store.dialer.next_contact(_TENANT, "100")
                assert found is not None
            return (perf_counter() - start) / 20

        return Contender(name, lambda: runner.run(turn()))

    try:
        return compare("the next contact", [contender(*each) for each in stores.items()], pace)
    finally:
        for store in stores.values():
            runner.run(store.close())


def _filled(runner: asyncio.Runner, path: Path, waiting: int) -> Store:
    async def fill() -> Store:
        store = await Store.open(f"sqlite:///{path}").__aenter__()
        await store.campaigns.add(_TENANT, "Sales", lists=["March"], agents=["100"], by="a benchmark")
        contact = NewContact(first_name="Thandi", phone="0821234567", notes="x" * 60)
        size = min(waiting, 10_000)
        for number in range(waiting // size):
            await store.dialer.feed(
                Feed(
                    tenant=_TENANT,
                    campaign="Sales",
                    list_name="March",
                    contacts=(contact,) * size,
                    priority=number % 10 + 1,
                )
            )
        return store

    return runner.run(fill())


# --- Processes ---------------------------------------------------------------------------------------


async def _prepared(path: Path) -> str:
    async with Store.open(f"sqlite:///{path}") as store:
        definitions = read_text(f'[tenant]\nname = "{_TENANT}"\ncountry = "ZA"\n')
        await store.definitions.save(_TENANT, definitions, by="a benchmark")
        await store.campaigns.add(_TENANT, "Sales", lists=["March"], by="a benchmark")
        return (await store.keys.add(_TENANT, "benchmark", by="a benchmark")).secret


def _contact(number: int) -> dict[str, str]:
    return {name: f"{name} {number}" for name in CONTACT_FIELDS} | {
        "PhoneNumber": f"08212{number:05}",
        "AssignedTo": "",
    }


def _posted(body: bytes) -> bytes:
    head = f"POST /xml HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@contextmanager
def _server(what: str, folder: Path) -> Iterator[int]:
    command = (sys.executable, "-m", "benchmarks.xml_api", what, str(folder / "store.db"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def _serve(app: web.Application) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def _bare(_: str) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(body=_DONE, content_type="text/xml")

    app = web.Application()
    app.router.add_post("/xml", handle)
    await _serve(app)


async def _ours(path: str) -> None:
    async with Store.open(f"sqlite:///{path}") as store:
        await _serve(store_api(store, insecure_http=True))


def _peak(command: list[str]) -> None:
    """
    Runs a command, and prints the most memory that it ever had.
    """
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024.0)


if __name__ == "__main__":
    if sys.argv[1] == "peak":
        _peak(sys.argv[2:])
    else:
        asyncio.run({"bare": _bare, "ours": _ours}[sys.argv[1]](sys.argv[2]))
