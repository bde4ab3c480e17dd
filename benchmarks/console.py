"""
Pages of the Integration Centre beside bare aiohttp-jinja2 pages: the time to the first byte.

The bare page is the same template with the same values, which it has in its hand: no session, no roles, no store and
no queue.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp_jinja2
import apsw
import uvloop
from aiohttp import web

from benchmarks.harness import QUICK, RESULTS, Contender, compare
from webhook_engine.console import Visitor, console
from webhook_engine.console.rendering import TEMPLATES
from webhook_engine.definitions import read_text
from webhook_engine.engine import Engine
from webhook_engine.queue import SqliteQueue
from webhook_engine.store import Role, Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.harness import Clock, Comparison, Pace

ROWS = 1_000_000
"""Deliveries, and actions in the log."""

_FEW = 20_000
"""The same for a quick look."""

_ASKED = 20
"""Requests in a turn."""

PAGES = {
    "deliveries": "/deliveries",
    "deliveries, filtered": "/deliveries?webhook=Webhook+7&state=dead",
    "delivery": "/delivery?delivery={delivery}",
    "targets": "/targets",
    "API Manager": "/keys",
    "API Monitoring": "/monitoring",
    "API Monitoring, filtered": "/monitoring?action=Action+7",
    "webhooks": "/webhooks",
    "webhook": "/webhook?webhook=Webhook+7",
    "groups": "/groups",
    "history": "/history",
}

_DEFINITIONS = """
[tenant]
name = "Euphoria"
[[agent]]
extension = "100-Euphoria"
[[group]]
name = "CRM"
""" + "".join(
    f"""
[[webhook]]
name = "Webhook {n}"
group = "CRM"
type = "ajax-post"
delivery = "durable"
url = "https://crm{n}.example.com/calls"
[[webhook.parameter]]
name = "notes"
value = "{{CALL_NOTES}}"
"""
    for n in range(20)
)


@dataclass(frozen=True, slots=True)
class Ports:
    """
    Where the two are served.
    """

    bare: int
    console: int

    delivery: str
    """One that is there."""


def run(pace: Pace) -> Iterator[Comparison]:
    """
    A page after the other, with a long list of deliveries and a long log.
    """
    rows = ROWS if pace.rounds > QUICK.rounds else _FEW
    RESULTS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=RESULTS))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            opened = AsyncExitStack()
            ports = runner.run(_open(opened, folder, rows))
            try:
                for name, path in PAGES.items():
                    yield _compare(name, path, runner, ports, pace)
            finally:
                runner.run(opened.aclose())
    finally:
        shutil.rmtree(folder)


def _compare(name: str, path: str, runner: asyncio.Runner, ports: Ports, pace: Pace) -> Comparison:
    path = path.format(delivery=ports.delivery)
    cookie = runner.run(_first_byte(ports.console, path))[1]

    def turn(port: int) -> float:
        return sum(runner.run(_first_byte(port, path, cookie, pace.clock))[0] for _ in range(_ASKED)) / _ASKED

    contenders = [
        Contender("bare aiohttp-jinja2", lambda: turn(ports.bare)),
        Contender("Integration Centre", lambda: turn(ports.console)),
    ]
    return compare(f"page: {name}", contenders, pace)


async def _open(opened: AsyncExitStack, folder: Path, rows: int) -> Ports:
    store = await opened.enter_async_context(Store.open(f"sqlite:///{folder / 'store.db'}"))
    definitions = read_text(_DEFINITIONS)
    await store.definitions.save("Euphoria", definitions, by="the benchmark")
    for n in range(10):
        await store.keys.add("Euphoria", f"System {n}", by="the benchmark")
    _fill_log(folder / "store.db", rows)
    async with SqliteQueue(folder / "queue.db"):
        pass
    _fill_queue(folder / "queue.db", rows)
    engine = await opened.enter_async_context(Engine(definitions, queue=folder / "queue.db"))
    somebody = Visitor(email="somebody@example.com", role=Role.ADMINISTRATOR)
    app = console(engine, store, user_of=lambda _: somebody)
    assert engine.queue is not None
    [first] = (await engine.queue.list(limit=1)).deliveries
    return Ports(await _served(opened, _bare(app)), await _served(opened, app), first.id)


async def _served(opened: AsyncExitStack, app: web.Application) -> int:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    opened.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return int(runner.addresses[0][1])


def _bare(pages: web.Application) -> web.Application:
    """
    Renders again what the pages rendered last at the same address.
    """
    kept: dict[str, tuple[str, dict[str, Any]]] = {}
    real = aiohttp_jinja2.render_string

    def keep(template: str, request: web.Request, context: dict[str, Any], **more: Any) -> str:
        kept.setdefault(request.path_qs, (template, context))
        return real(template, request, context, **more)

    aiohttp_jinja2.render_string = keep  # type: ignore[assignment]  # narrower, as the pages call it
    app = web.Application()
    app[TEMPLATES] = pages[TEMPLATES]

    async def page(request: web.Request) -> web.Response:
        template, context = kept[request.path_qs]
        return web.Response(
            text=real(template, request, context, app_key=TEMPLATES), content_type="text/html"
        )

    app.router.add_get("/{path:.*}", page)
    return app


async def _first_byte(
    port: int, path: str, cookie: str = "", clock: Clock = time.perf_counter
) -> tuple[float, str]:
    """
    Seconds to the first byte on an open connection, and the cookie that is given.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    try:
        start = clock()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode())
        first = await reader.readexactly(1)
        took_s = clock() - start
        head = first + await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(size)
        given = head.partition(b"Set-Cookie: ")[2].partition(b";")[0].decode()
    finally:
        writer.close()
    return took_s, given


def _fill_queue(path: Path, rows: int) -> None:
    ends = int(time.time() * 1000)
    db = apsw.Connection(str(path))
    counts: dict[tuple[str, str], int] = {}

    def deliveries() -> Iterator[tuple[Any, ...]]:
        for n in range(1, rows + 1):
            put = ends - (rows - n) * 100
            state = "dead" if n % 20 == 0 else "done"
            target = f"crm{n % 20}.example.com:443"
            counts[target, state] = counts.get((target, state), 0) + 1
            yield n, n.to_bytes(28, "big"), f"event-{n}", f"Webhook {n % 21}", target, state, put + 300, put

    with db:
        db.executemany(
            "INSERT INTO delivery (id, key, event_id, webhook, target, state, at, put_at, urgency, expires, attempts) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 9007199254740992, 1)",
            deliveries(),
        )
        db.executemany(
            "INSERT INTO content (id, reference) VALUES (?, '{}')", ((n,) for n in range(1, rows + 1))
        )
        detail = '{"request": {"method": "POST", "url": "https://crm.example.com/calls", "headers": {}, "body": "{}"}}'
        db.executemany(
            "INSERT INTO attempt VALUES (?, ?, 0.1, 'ok', 200, ?)",
            ((n * 65536 + 1, ends, detail) for n in range(1, rows + 1)),
        )
        db.executemany(
            "INSERT INTO tally VALUES (?, ?, ?)",
            ((target, state, count) for (target, state), count in counts.items()),
        )
    db.close()


def _fill_log(path: Path, rows: int) -> None:
    now = datetime.now(UTC)
    db = apsw.Connection(str(path))
    tenant = db.execute("SELECT id FROM tenant").get
    with db:
        db.executemany(
            "INSERT INTO api_request (tenant_id, at, key, action, took_s, outcome) "
            "VALUES (?, ?, ?, ?, 0.01, 'Success')",
            (
                (
                    tenant,
                    f"{now - timedelta(seconds=rows - n):%Y-%m-%d %H:%M:%S.%f}",
                    "System 1",
                    f"Action {n % 20}",
                )
                for n in range(rows)
            ),
        )
    db.close()
