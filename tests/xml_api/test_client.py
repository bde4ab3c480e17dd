"""
The Python client: typed errors, retries only where they are safe, and never a key in the open.
"""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tests.xml_api.asking import KEY, TENANT, serving
from webhook_engine.errors import (
    ActionRefused,
    ConnectFailed,
    ConnectionLost,
    NotFound,
    ResponseTooLarge,
    SettingsError,
    TimedOut,
    TlsFailed,
    UnreadableResponse,
    UnsafeValue,
)
from webhook_engine.xml_api import FAULTS, ApiUnavailable, Client, Says, action
from webhook_engine.xml_api.faults import AuthorizationFailed, ConcurrentCallsExceeded, IncorrectParameters


@asynccontextmanager
async def client_of(server, **options):
    known = {"tenant": TENANT, "key": server.key, "insecure_http": True, "patience_s": 0.0}
    async with Client(f"http://127.0.0.1:{server.port}/xml", **(known | options)) as client:
        yield client


@asynccontextmanager
async def answering(*answers):
    """
    Something that answers one thing after the other, the last one for ever; yields a client and what it was sent.
    """
    sent = []

    async def handle(request):
        sent.append(await request.text())
        answer = answers[min(len(sent), len(answers)) - 1]
        if answer is None:
            request.transport.abort()
            return web.Response()
        return (
            answer if isinstance(answer, web.Response) else web.Response(body=answer, content_type="text/xml")
        )

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    async with serving(app=app) as server, client_of(server) as client:
        yield client, sent


def error(sentence):
    return f"<XML><Error>{sentence}</Error></XML>".encode()


async def test_over_tls(server_tls, client_tls, authority):
    """
    With whom the client trusts; not with a stranger.
    """
    async with serving(tls=server_tls, client_tls=client_tls) as server:
        url = f"https://127.0.0.1:{server.port}/xml"
        async with Client(url, tenant=TENANT, key=KEY, tls=client_tls) as client:
            assert "Nothing Done" == (await client.call("DoNothing")).text
        async with Client(url, tenant=TENANT, key=KEY, tries=1) as client:
            with pytest.raises(TlsFailed, match=f"127.0.0.1:{server.port} could not prove"):
                await client.call("DoNothing")


def test_a_key_does_not_travel_in_the_open():
    """
    Nor is it shown.
    """
    for url in ("http://127.0.0.1/xml", "ftp://127.0.0.1/", "127.0.0.1"):
        with pytest.raises(SettingsError, match="in the open"):
            Client(url, tenant=TENANT, key="canary-7f3a")
    assert "canary" not in repr(Client("https://api.example.com/xml", tenant=TENANT, key="canary-7f3a"))


async def test_what_is_fed_is_stored(standing):
    """
    Whatever the values hold; what is left out is empty, and a field that is none is not sent.
    """
    async with client_of(standing) as client:
        contacts = [
            {
                "FirstName": "Thandi & <Co>",
                "PhoneNumber": "0821234567",
                "Notes": "line\r\nand \U0001f600 ]]>",
            },
            {"FirstName": "Sipho", "PhoneNumber": "0821234568", "CrmTag": "7"},
        ]
        where = {"campaign": "SalesCampaign", "list_name": "ListNumber5"}
        assert 2 == await client.feed(contacts, **where, priority=1, idempotency_key="k")
        assert 2 == await client.feed(contacts, **where, priority=1, idempotency_key="k")
        with pytest.raises(IncorrectParameters):
            await client.feed([{"FirstName": "a"}], **where)
        with pytest.raises(NotFound, match="did you mean 'FirstName'"):
            await client.feed([{"Firstname": "a"}], **where)

    found = await standing.store.dialer.next_contact(TENANT, "100")
    assert ("Thandi & <Co>", "line\r\nand \U0001f600 ]]>") == (found.contact.first_name, found.contact.notes)
    assert 1 == await standing.store.dialer.waiting(TENANT, "SalesCampaign")


async def test_rows_and_statuses(standing):
    """
    Rows by their fields, a status by its own.
    """
    async with client_of(standing) as client:
        rows = (await client.call("GetExtensions")).rows
        status = (await client.call("AddContact", {"FirstName": "a", "PhoneNumber": "1"})).status

    naledi = {"ExtensionNumber": "100", "Name": "Naledi & Co", "UserName": "100-Euphoria"}
    assert (naledi, 2) == (rows[0], len(rows))
    assert {"Status": "Success", "ContactId": "1"} == status


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.__name__)
async def test_an_error_for_each_sentence(fault):
    """
    So that a caller catches what it means to.
    """
    async with answering(error(fault.sentence)) as (client, _):
        with pytest.raises(fault, match="^" + fault.sentence.split("'")[0]):
            await client.call("AddContact")


async def test_a_sentence_that_nobody_knows():
    """
    Of a later version, or another product.
    """
    async with answering(error("Tea is ready")) as (client, _):
        with pytest.raises(ActionRefused, match="Tea is ready") as caught:
            await client.call("DoNothing")
    assert ActionRefused is type(caught.value)


DOWN = {
    "a connection that breaks": (None, ConnectionLost),
    "a gateway that answers": (lambda: web.Response(status=502), ApiUnavailable),
    "a database that fails": (
        error("I&apos;m sorry, connection to one or more of the databases failed"),
        ActionRefused,
    ),
}


@pytest.mark.parametrize(("answer", "expected"), DOWN.values(), ids=DOWN)
async def test_only_what_reads_is_tried_again(answer, expected):
    """
    Of a request that writes, nobody knows what became.
    """
    tried = {}
    for name in ("GetContacts", "AddContact", "Mine"):
        answers = [answer() if callable(answer) else answer for _ in range(9)]
        async with answering(*answers) as (client, sent):
            with pytest.raises(expected):
                await client.call(name)
            tried[name] = len(sent)

    assert {"GetContacts": 3, "AddContact": 1, "Mine": 1} == tried


async def test_a_reading_request_comes_through_at_last():
    """
    Also one of the application's own, where the caller says that it reads.
    """
    async with answering(None, b"<XML>told</XML>") as (client, sent):
        assert "told" == (await client.call("Mine", reads=True)).text
    assert 2 == len(sent)


async def test_a_place_is_waited_for():
    """
    As long as the caller has patience; whatever the request does, for nothing of it was done.
    """
    free = asyncio.Event()

    @action("Work", answer=Says(""), limit=1)
    async def work() -> str:
        await free.wait()
        return "done"

    async with (
        serving(actions=[work], insecure_http=True) as server,
        client_of(server, patience_s=30) as client,
    ):
        asked = [asyncio.create_task(client.call("Work")) for _ in range(3)]
        await asyncio.sleep(0.3)
        assert not any(each.done() for each in asked)
        async with client_of(server) as hasty:
            with pytest.raises(ConcurrentCallsExceeded):
                await hasty.call("Work")
        free.set()
        assert ["done"] * 3 == [each.text for each in await asyncio.gather(*asked)]


NO_ANSWERS = {
    "HTML": b"<html><body>Welcome</body></html>",
    "nothing": b"",
    "JSON": b"{}",
    "half an answer": b"<XML><Status>Succ",
    "a billion laughs": b'<!DOCTYPE XML [<!ENTITY a "b">]><XML>&a;</XML>',
}


@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS)
async def test_what_is_no_answer(answer):
    """
    Said so, whoever it was.
    """
    async with answering(answer) as (client, _):
        with pytest.raises(UnreadableResponse):
            await client.call("DoNothing")


async def test_nobody_there(free_port):
    """
    Nobody at that port, an answer that does not come, one that does not end.
    """
    async with Client(f"https://127.0.0.1:{free_port()}", tenant=TENANT, key=KEY, tries=1) as client:
        with pytest.raises(ConnectFailed, match="nobody answers at"):
            await client.call("DoNothing")

    @action("Hang", answer=Says(""))
    async def hang() -> str:
        await asyncio.sleep(1)
        return ""

    async with serving(actions=[hang], insecure_http=True) as server:
        async with client_of(server, timeout_s=0.1) as client:
            with pytest.raises(TimedOut):
                await client.call("Hang")
        async with client_of(server, key="wrong") as client:
            with pytest.raises(AuthorizationFailed):
                await client.call("Hang")
    async with answering(b"<XML>" + b" " * (65 * 2**20)) as (client, _):
        with pytest.raises(ResponseTooLarge):
            await client.call("DoNothing")


@pytest.mark.parametrize(
    "inputs",
    [{"Search": "a\x00b"}, {"Search": "\ud800"}, {"a b": "c"}, {"<x>": "c"}, {"A": {"b>": "c"}}],
    ids=repr,
)
async def test_what_xml_cannot_carry_is_not_sent(inputs):
    """
    Neither repaired nor left out.
    """
    async with answering(b"<XML/>") as (client, sent):
        with pytest.raises(UnsafeValue):
            await client.call("GetContacts", inputs)
    assert [] == sent
