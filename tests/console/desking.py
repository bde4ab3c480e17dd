"""
Definitions for the agent desktop, calls to play on it, and a reader of its stream.
"""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import orjson

from tests.console.browsing import TENANT, Browser, consoled
from tests.console.targeting import targeted
from webhook_engine.store import Role
from webhook_engine.variables import CallContext, CallEvent

DESKTOP = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"
name = "Naledi"

[[agent]]
extension = "101-Euphoria"

[[group]]
name = "CRM"

[[webhook]]
name = "Contact lookup"
group = "CRM"
type = "ajax-get"
url = "https://crm.example.com/contacts?phone={CALLERID_NUMBER}"

[webhook.view]
records = "results"

[[webhook.view.column]]
path = "name"
label = "Customer"

[[webhook.view.column]]
path = "id"
link = "Open orders"

[[webhook]]
name = "Contact page"
group = "CRM"
type = "browser-window"
url = "https://crm.example.com/page?name={CALLERID_NAME}"

[[webhook]]
name = "Open orders"
group = "CRM"
type = "ajax-get"
url = "https://crm.example.com/orders/{DYNAMIC_PARAMETER}?tag={CALL_CRMTAG}"

[[webhook]]
name = "Find a ticket"
group = "CRM"
type = "ajax-get"
url = "https://crm.example.com/tickets?number={DYNAMIC_PARAMETER}"

[[webhook]]
name = "Report the call"
group = "CRM"
type = "ajax-post"
content_type = "json"
delivery = "durable"
url = "https://crm.example.com/reports"

[[webhook.parameter]]
name = "outcome"
value = "{CALL_OUTCOME}"

[[rule]]
name = "Look up who calls"
on = ["ringing"]
when = "CALL_QUEUE == 'Sales'"
webhooks = ["Contact lookup", "Contact page"]

[[rule]]
name = "Tickets by number"
on = ["manual"]
when = "CALL_QUEUE != 'Secret'"
webhooks = ["Find a ticket"]

[[rule]]
name = "Report what came of it"
on = ["disposed"]
call_queue = ["Sales"]
webhooks = ["Report the call"]
"""

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"

CONTACTS = {"results": [{"id": 9007199254740993, "name": HOSTILE}, {"id": 4712, "name": "Sipho"}]}

CALL = CallContext(
    caller_name="Thandi Mokoena",
    caller_number="0821234567",
    crm_tag="C-1001",
    direction="incoming",
    call_queue="Sales",
    sip_id="5f3a9c1e7d@pbx0",
    extension="100-Euphoria",
)

_BEGAN = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)


def happened(moment, *, after_s=0, **facts):
    """
    A moment of the call, so many seconds after it rang.
    """
    at = _BEGAN + timedelta(seconds=after_s)
    return CallEvent(moment, CALL.replace(at=at, **facts), at=at)


@asynccontextmanager
async def desks(store, text=DESKTOP, queue=None):
    """
    A target, and a client of a console whose engine works by definitions that lead to it.
    """
    async with targeted(store, text) as target, consoled(store, queue=queue) as client:
        target.says(orjson.dumps(CONTACTS).decode())
        await until(
            lambda: (
                client.engine.definitions.rules and "Find a ticket" in str(client.engine.definitions.rules)
            )
        )
        yield client, target


async def until(holds, within_s=8.0):
    """
    Waits until *holds* does.
    """
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.01)


async def agent_at(client, store, role=Role.AGENT):
    return await Browser(client, store).sign_in(role)


class Stream:
    """
    The messages of a desktop's stream, as they come.
    """

    def __init__(self, response):
        self.response, self.id = response, ""

    async def next(self):
        """
        The next message: its event and its data.
        """
        fields = {}
        async with asyncio.timeout(8):
            while True:
                line = (await self.response.content.readline()).decode()
                assert line, "the stream ended"
                name, _, value = line.rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                elif "data" in fields:
                    self.id = fields["id"]
                    return fields["event"], orjson.loads(fields["data"])
                else:
                    fields = {}


@asynccontextmanager
async def streaming(browser, *, last_id="", **query):
    """
    The desktop's stream, read as a browser reads it.
    """
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
    async with browser.client.get("/desktop/stream", headers=headers, params=query) as response:
        assert 200 == response.status, await response.text()
        yield Stream(response)


__all__ = [
    "CALL",
    "CONTACTS",
    "DESKTOP",
    "HOSTILE",
    "TENANT",
    "Stream",
    "agent_at",
    "desks",
    "happened",
    "streaming",
    "until",
]
