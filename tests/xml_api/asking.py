"""
Asking an XML API as other systems do: bytes over a socket.
"""

import io
from contextlib import asynccontextmanager
from xml.etree import ElementTree as ET

import aiohttp
from aiohttp import web

from webhook_engine.xml_api import GivenKeys, xml_api

TENANT, KEY = "Euphoria", "the-key-of-euphoria"
OTHER_TENANT, OTHER_KEY = "Elation", "the-key-of-elation"
KEYS = GivenKeys(
    {TENANT: {"CRM": KEY, "narrow": "only-nothing"}, OTHER_TENANT: {"theirs": OTHER_KEY}},
    scopes={"narrow": ["DoNothing"]},
)
PROLOG = b'<?xml version="1.0" encoding="UTF-8"?>'
NOTHING_DONE = PROLOG + b"<XML>Nothing Done</XML>"


def request_of(action="DoNothing", inputs="", *, tenant=TENANT, auth=KEY):
    """
    A request as the documentation has it.
    """
    return (
        f"<XML><Tenant><Name>{tenant}</Name><Auth>{auth}</Auth></Tenant>"
        f"<ActionName>{action}</ActionName>{inputs}</XML>"
    )


def error(sentence):
    """
    The answer that says so.
    """
    return PROLOG + f"<XML><Error>{sentence}</Error></XML>".encode()


def sentence_of(answer):
    """
    What an answer complains of; None where it does not.
    """
    return ET.fromstring(answer).findtext("Error")


class Client:
    """
    Sends bodies; every answer must have status 200.
    """

    def __init__(self, session, app, port):
        self.session, self.app, self.port = session, app, port
        self.key = KEY

    async def send(self, body, *, method="POST", path="/", **options):
        data = body.encode() if isinstance(body, str) else body
        # aiohttp warns of long bytes, not of a stream of them.
        data = io.BytesIO(data) if isinstance(data, bytes) else data
        async with self.session.request(method, path, data=data, **options) as response:
            answer = await response.read()
            assert (200, "text/xml") == (response.status, response.content_type)
            return answer

    async def ask(self, *args, headers=None, **options):
        """
        A request with the client's key, where nothing else is said.
        """
        return await self.send(request_of(*args, **({"auth": self.key} | options)), headers=headers)


@asynccontextmanager
async def serving(*, app=None, tls=None, client_tls=True, **options):
    """
    An API that listens; yields a `Client`.
    """
    app = app or xml_api(**{"keys": KEYS} | options)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = runner.addresses[0][1]
        connector = aiohttp.TCPConnector(ssl=client_tls, limit=0)
        base = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        async with aiohttp.ClientSession(base, connector=connector) as session:
            yield Client(session, app, port)
    finally:
        await runner.cleanup()
