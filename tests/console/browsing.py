"""
A browser without a screen: keeps cookies, and sends a form as the page has it.
"""

from contextlib import asynccontextmanager
from html.parser import HTMLParser

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from jinja2 import BytecodeCache

from webhook_engine import Engine
from webhook_engine.console import ConsoleSettings, console
from webhook_engine.console.app import CONSOLE
from webhook_engine.console.rendering import TEMPLATES
from webhook_engine.store import new_key

TENANT = "Euphoria"
KEY = new_key()
PASSWORD = "correct horse battery"

DEFINITIONS = """
[tenant]
name = "Euphoria"
time_zone = "Africa/Johannesburg"
country = "ZA"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"
name = "Naledi"

[[agent]]
extension = "101-Euphoria"

[[group]]
name = "CRM"

[[group]]
name = "Orders"
authentication = "api-key"
level = "user"
key_name = "X-Api-Key"

[[group]]
name = "Unused"

[[webhook]]
name = "Contact lookup"
group = "CRM"
type = "ajax-get"
url = "https://crm.example.com/api/{CALL_QUEUE}/contacts"

[[webhook.parameter]]
name = "phone"
value = "{{ CALLERID_NUMBER | e164 }}"
when_empty = "skip"
test_value = "0821234567"

[[webhook]]
name = "Place an order"
group = "Orders"
type = "ajax-post"
content_type = "json"
url = "https://crm.example.com/api/orders"

[[webhook.parameter]]
name = "customer"
value = "{DYNAMIC_PARAMETER}"

[[rule]]
name = "Look up a sales call"
on = ["ringing"]
webhooks = ["Contact lookup"]
"""


class Compiled(BytecodeCache):
    """
    Templates as one console compiled them, for the consoles of all tests after it.
    """

    def __init__(self):
        self._codes = {}

    def load_bytecode(self, bucket):
        if (code := self._codes.get(bucket.key)) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket):
        self._codes[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


@asynccontextmanager
async def consoled(store, *, prefix="", user_of=None, settings=None, definitions=DEFINITIONS, queue=None):
    """
    A client of a console on *store*, mounted under *prefix*; its engine has a delivery queue at *queue*.
    """
    from webhook_engine.definitions import read_text

    engine = Engine(read_text(definitions), secrets=store.secrets(TENANT), queue=queue)
    app = console(engine, store, user_of=user_of, settings=settings or ConsoleSettings())
    inner = app
    inner[TEMPLATES].bytecode_cache = COMPILED
    if prefix:
        app = web.Application()
        app.add_subapp(prefix, inner)
    async with engine, TestClient(TestServer(app)) as client:
        client.engine, client.app_console = engine, inner[CONSOLE]
        yield client


class Browser:
    """
    One person at a console.
    """

    def __init__(self, client, store, prefix=""):
        self.client, self.store, self.prefix = client, store, prefix
        self.engine = client.engine
        self.form = {}

    async def sign_in(self, role, email=None, password=PASSWORD):
        await self.get("/sign-in")
        page = await self.post("/sign-in", email=email or f"{role}@example.com", password=password)
        assert 200 == page.status, page.text
        return self

    async def get(self, path, *, follow=True, headers=None):
        """
        The page at *path*.
        """
        return await self._read(
            await self.client.get(f"{self.prefix}{path}", allow_redirects=follow, headers=headers)
        )

    async def post(self, path, *, follow=True, headers=None, **fields):
        """
        What comes of sending *fields*, with the token of the page that was read last.
        """
        fields.setdefault("csrf", self.form.get("csrf", ""))
        return await self.send(path, list(fields.items()), follow=follow, headers=headers)

    async def send(self, path, fields, *, follow=True, headers=None):
        """
        As `post`, with fields in an order and by any name.
        """
        from aiohttp import FormData

        given = FormData(quote_fields=True)
        for name, value in fields:
            given.add_field(name, value)
        return await self._read(
            await self.client.post(
                f"{self.prefix}{path}", data=given, allow_redirects=follow, headers=headers
            )
        )

    async def submit(self, path, **changes):
        """
        Sends the form of the page that was read last, as it stands but for *changes*.
        """
        fields = {**self.form, **changes}
        return await self.send(path, [(name, value) for name, value in fields.items() if value is not None])

    async def _read(self, response):
        page = Page(response, await response.text())
        if page.form.get("csrf"):
            self.form = page.form
        return page


class Page(HTMLParser):
    """
    What came back: its status, its text, and the fields of its largest form.
    """

    def __init__(self, response, text):
        super().__init__()
        self.response, self.status, self.text = response, response.status, text
        self.path = response.url.path_qs
        self.headers = response.headers
        self.forms, self._area, self._select = [], None, None
        self.words = []
        self.tags = []
        self.feed(text)

    @property
    def form(self):
        return max(self.forms, key=len, default={})

    @property
    def words_of(self):
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        if tag == "form":
            self.forms.append({})
        elif not self.forms:
            return
        elif tag == "input" and found.get("name"):
            if found.get("type") not in ("checkbox", "radio") or "checked" in found:
                self.forms[-1][found["name"]] = found.get("value", "")
        elif tag == "textarea":
            self._area = found["name"]
            self.forms[-1][self._area] = ""
        elif tag == "select":
            self._select = found["name"]
        elif tag == "option" and self._select and ("selected" in found or self._select not in self.forms[-1]):
            self.forms[-1][self._select] = found.get("value", "")

    def handle_endtag(self, tag):
        if tag == "textarea" and self._area:
            # The line break after the tag is no part of the text.
            self.forms[-1][self._area] = self.forms[-1][self._area].removeprefix("\n")
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data):
        self.words.append(data)
        if self._area:
            self.forms[-1][self._area] += data
