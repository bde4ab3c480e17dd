"""
The circle of a dialer, in one process: the CRM feeds contacts in, an agent dials one and disposes of the call,
webhooks tell the CRM what came of it and feed back into the dialer whoever is to be called again.

    python examples/dialer_circle.py
"""

import asyncio
import os
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web

from webhook_engine import CallEvent, Engine
from webhook_engine.definitions import read_file
from webhook_engine.demo import crm
from webhook_engine.queue import State
from webhook_engine.store import Store
from webhook_engine.xml_api import Client, store_api

DEFINITIONS = Path(__file__).with_name("dialer.toml")
PORT = 8710
TENANT, AGENT = "Euphoria", "100-Euphoria"

CONTACTS = [
    {
        "FirstName": "Thandi",
        "Surname": "Mokoena",
        "PhoneNumber": "082 123 4567",
        "CrmTag": "1001",
        "Notes": "Likes timber",
    },
    {"FirstName": "Sipho", "Surname": "Dlamini", "PhoneNumber": "0105934500", "CrmTag": "1002"},
]


async def main() -> None:
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        await opened.enter_async_context(crm.serve())

        # What an administrator does once: definitions, a campaign, a key for the CRM.
        store = await opened.enter_async_context(Store.open(f"sqlite:///{folder / 'store.db'}"))
        definitions = read_file(DEFINITIONS)
        await store.definitions.save(TENANT, definitions, by="an administrator")
        lists = ["Leads", "Callbacks"]
        await store.campaigns.add(TENANT, "SalesCampaign", lists=lists, agents=[AGENT], by="an administrator")
        os.environ["XML_API_KEY"] = (await store.keys.add(TENANT, "CRM", by="an administrator")).secret

        runner = web.AppRunner(store_api(store, insecure_http=True))  # TLS in front of it, in earnest
        await runner.setup()
        opened.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", PORT).start()
        engine = await opened.enter_async_context(Engine(definitions, queue=folder / "deliveries.db"))

        # The CRM feeds.
        url = f"http://127.0.0.1:{PORT}/xml"
        async with Client(url, tenant=TENANT, key=os.environ["XML_API_KEY"], insecure_http=True) as client:
            fed = await client.feed(
                CONTACTS, campaign="SalesCampaign", list_name="Leads", data_source="March"
            )
        print(f"fed {fed} contacts")

        # The agent dials, and what the CRM said of the contact is known from the beginning.
        contact = await store.dialer.next_contact(TENANT, AGENT)
        call = contact.call(sip_id="call-1")
        print(f"dialled {call.caller_name} at {call.caller_number}, CRM tag {call.crm_tag}: {call.notes}")

        # The agent disposes of the call, and the rules do the rest.
        ended = call.replace(disposition="Unsure", outcome="Busy", notes="On Monday, please", duration_s=75)
        deliveries = await engine.notify(CallEvent("disposed", ended))
        await delivered(engine, len(deliveries))
        print(f"delivered {', '.join(sorted(each.webhook for each in deliveries))}")

        again = await store.dialer.next_contact(TENANT, AGENT)
        print(
            f"to be called again: {again.contact.first_name}, from {again.list_name}: {again.contact.notes}"
        )


async def delivered(engine: Engine, count: int) -> None:
    """
    Waits until so many deliveries are done.
    """
    for _ in range(600):
        if len((await engine.queue.list(state=State.DONE)).deliveries) >= count:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("the deliveries are not done yet")


if __name__ == "__main__":
    asyncio.run(main())
