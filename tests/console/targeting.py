"""
A target system for tests on loopback, which answers what it is told to and remembers what it was asked.
"""

from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.console.browsing import DEFINITIONS, TENANT
from webhook_engine.definitions import read_text


class Target:
    def __init__(self):
        self.requests = []
        self.answer = {"body": b"{}", "content_type": "application/json"}

    async def handle(self, request):
        self.requests.append((request.method, request.path_qs, dict(request.headers), await request.read()))
        return web.Response(**self.answer)

    def says(self, body, content_type="application/json", **more):
        """
        What it answers from now on.
        """
        self.answer = {"body": body.encode(), "content_type": content_type, **more}


@asynccontextmanager
async def targeted(store, text=DEFINITIONS):
    """
    A target, and in the store definitions that lead to it.
    """
    target = Target()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", target.handle)
    async with TestServer(app) as server:
        target.url = f"http://127.0.0.1:{server.port}"
        definitions = read_text(text.replace("https://crm.example.com", target.url))
        await store.definitions.save(TENANT, definitions, by="an import")
        yield target
