"""
A service on loopback for the tests, with an engine of its own behind it.
"""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from webhook_engine import Engine
from webhook_engine.definitions import read_text
from webhook_engine.demo import crm, scenes
from webhook_engine.dispatch import LocalSecrets
from webhook_engine.errors import QueueUnavailable
from webhook_engine.pops import PopBoard
from webhook_engine.queue import Delivery, State
from webhook_engine.service import GivenKeys, Scope, ServiceSettings, make_app

KEY = "a-key-for-everything"
KEYS = {KEY: ()} | {f"only-{scope}": (scope,) for scope in Scope}
SOON_S = 15.0


def call(**others):
    return scenes.RINGING.to_json() | {"CALL_SIPID": "call-1"} | others


def told(moment="disposed", **others):
    """
    An event as a dialer sends it.
    """
    known = {"CALL_DURATION": 75, "CALL_DISPOSITION": "Success"} if moment == "disposed" else {}
    return {
        "id": "event-1",
        "moment": moment,
        "at": "2026-11-22T10:00:00+02:00",
        "call": call(**known),
    } | others


class Client:
    """
    Asks the service with a key.
    """

    def __init__(self, session, key=KEY):
        self.session = session
        self.headers = {"Authorization": f"Bearer {key}"}

    def get(self, path, **options):
        return self.session.get(path, headers=self.headers | options.pop("headers", {}), **options)

    def post(self, path, **options):
        return self.session.post(path, headers=self.headers | options.pop("headers", {}), **options)

    async def told(self, method, path, **options):
        """
        Status and document.
        """
        async with getattr(self, method)(path, **options) as response:
            return response.status, await response.json()

    async def until(self, state, event):
        """
        The deliveries of an event, once all are in a state.
        """
        async with asyncio.timeout(SOON_S):
            while True:
                _, found = await self.told("get", "/v1/deliveries", params={"event": event})
                if found["deliveries"] and all(each["state"] == state for each in found["deliveries"]):
                    return found["deliveries"]
                await asyncio.sleep(0.02)


@asynccontextmanager
async def served(engine, *, settings=None, keys=None, more=(), noting=None):
    """
    The engine over HTTP; yields a client, whose `app` is the application.
    """
    app = make_app(
        engine, keys=keys or GivenKeys(KEYS), settings=settings or ServiceSettings(), more=more, noting=noting
    )
    async with running(app) as client:
        yield client


@asynccontextmanager
async def running(app):
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            client = Client(session)
            client.app, client.port = app, port
            yield client
    finally:
        await runner.cleanup()


@asynccontextmanager
async def engine_on(path, *, port=None):
    """
    The example's definitions, on a CRM and a queue of their own.

    Args:
        port: Of the CRM; one of its own where left out, nobody's where 0.
    """
    if port == 0:
        text = scenes.DEFINITIONS.read_text().replace(f":{crm.PORT}/", ":9/")
        async with Engine(read_text(text), queue=path) as engine:
            yield engine
        return
    async with crm.serve(0) as found:
        text = scenes.DEFINITIONS.read_text().replace(f":{crm.PORT}/", f":{found}/")
        secrets = LocalSecrets(environ=crm.AGENT_KEYS)
        async with Engine(read_text(text), secrets=secrets, queue=path) as engine:
            yield engine


class Backend:
    """
    What the service needs of an engine, and nothing behind it: it answers when it is let.
    """

    def __init__(self):
        self.definitions = read_text(scenes.DEFINITIONS.read_text())
        self.secrets = LocalSecrets(environ={})
        self.pops = PopBoard()
        self.queue = None
        self.free = asyncio.Event()
        self.free.set()
        self.disk_is_full = False
        self.seen = []

    async def notify_all(self, events):
        await self.free.wait()
        if self.disk_is_full:
            raise QueueUnavailable(path="/var/lib/secret-place.db", why="no room on the disk")
        self.seen += events
        return tuple((Delivery(event_id=each.id, webhook="Call outcome", target="t"),) for each in events)

    async def ask(self, webhook, call):
        await self.free.wait()
        raise ZeroDivisionError("a fault that nobody foresaw")

    def open(self, webhook, call):
        return "https://crm.example.com/"

    async def resume(self, webhook):
        raise QueueUnavailable(path="/var/lib/secret-place.db", why="no room on the disk")

    def report(self):
        return None


__all__ = ["KEY", "Backend", "Client", "State", "call", "engine_on", "running", "served", "told"]
