"""
Lenient in what comes in, exact in what goes out.
"""

import asyncio

import pytest
from aiohttp import web

from tests.xml_api.asking import (
    KEY,
    NOTHING_DONE,
    OTHER_KEY,
    OTHER_TENANT,
    PROLOG,
    TENANT,
    error,
    request_of,
    sentence_of,
    serving,
)
from webhook_engine.xml_api import FAULTS, GivenKeys, xml_api

DOCUMENTED = [
    "Input XML not loaded",
    "No Document Element",
    "Authorization Failed",
    "No Action Defined",
    "Action Name Not Found",
    "Permission Denied",
    "Concurrent API Calls Exceeded",
    "Incorrect Input Parameters. Please check the documentation",
    "That username is not part of this Tenant",
    "Sip Server not found",
    "I'm sorry, connection to one or more of the databases failed",
]


def test_the_eleven_sentences_in_their_order():
    """
    Word for word, and no other.
    """
    assert DOCUMENTED == list(FAULTS)
    assert DOCUMENTED == [fault.sentence for fault in FAULTS.values()]


async def test_nothing_is_done(api):
    """
    The exact bytes.
    """
    assert NOTHING_DONE == await api.send(request_of())


LENIENT = {
    "blanks around everything": f"\r\n <XML>\n\t<Tenant>\n<Name> {TENANT}\n</Name> <Auth>\t{KEY} </Auth>\n</Tenant>"
    "\n <ActionName>\n DoNothing </ActionName>\n</XML>\n\n",
    "blanks inside tags": request_of().replace("Name>", "Name >").replace("Auth>", "Auth\n>"),
    "a prolog": f'<?xml version="1.0" encoding="UTF-8"?>{request_of()}',
    "a prolog after a blank": f'\n<?xml version="1.0"?>{request_of()}',
    "a byte order mark": b"\xef\xbb\xbf" + request_of().encode(),
    "CDATA": request_of("<![CDATA[DoNothing]]>", auth=f"<![CDATA[{KEY}]]>"),
    "comments": request_of("Do<!-- not -->Nothing").replace("<Tenant>", "<!-- who --><Tenant>"),
    "a default namespace": request_of().replace("<XML>", '<XML xmlns="urn:dialer">'),
    "attributes": request_of().replace("<Tenant>", '<Tenant xml:lang="en" id="7">'),
    "elements nobody knows": request_of(inputs="<Colour>red</Colour><Tree><Leaf/><Leaf/></Tree>"),
    "another order": request_of()
    .replace("<ActionName>DoNothing</ActionName>", "")
    .replace("<Tenant>", "<ActionName>DoNothing</ActionName><Tenant>"),
    "character references": request_of("&#68;oNothing"),
    "a NUL at the end": request_of() + "\x00",
    "signs that look like attributes": request_of(inputs=f"<Notes>{'=' * 150_000}</Notes>"),
}


@pytest.mark.parametrize("body", LENIENT.values(), ids=LENIENT)
async def test_reads_what_callers_send(api, body):
    """
    None of this changes what a request means.
    """
    assert NOTHING_DONE == await api.send(body)


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/xml", "/any/where?a=b", "/%0A%00%ff"])
async def test_any_method_and_address_will_do(api, method, path):
    """
    Callers send GET with a body too.
    """
    assert NOTHING_DONE == await api.send(request_of(), method=method, path=path)


@pytest.mark.parametrize(
    "content_type", ["text/xml", "application/xml", "application/json", "text/plain", "nonsense", ""]
)
async def test_any_content_type_will_do(api, content_type):
    """
    What the body is called says nothing.
    """
    assert NOTHING_DONE == await api.send(request_of(), headers={"Content-Type": content_type})


CHARSETS = ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "iso-8859-1", "windows-1252", "cp037"]
CHARSETS += ["koi8-r", "shift_jis", "euc-jp", "iso-2022-jp", "gb18030", "big5", "us-ascii"]


@pytest.mark.parametrize("charset", CHARSETS)
async def test_any_encoding_that_the_prolog_names(api, charset):
    """
    The bytes are read as what the XML says of itself.
    """
    body = f"<?xml version='1.0' encoding='{charset}'?>{request_of()}".encode(charset)

    assert NOTHING_DONE == await api.send(body)


async def test_the_prolog_counts_more_than_the_header(api):
    """
    And a header alone counts where the prolog says nothing.
    """
    name = "Müller"
    keys = GivenKeys({name: {"CRM": KEY}})
    async with serving(app=xml_api(keys=keys, insecure_http=True)) as client:
        text = request_of(tenant=name)
        latin = {"Content-Type": "text/xml; charset=iso-8859-1"}
        in_prolog = f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()

        assert NOTHING_DONE == await client.send(in_prolog, headers=latin)
        assert NOTHING_DONE == await client.send(text.encode("latin-1"), headers=latin)
        assert error(DOCUMENTED[0]) == await client.send(text.encode("latin-1"))


async def test_a_wide_encoding_that_is_only_claimed(api):
    """
    Programs that keep text in UTF-16 say so, and send UTF-8.
    """
    assert NOTHING_DONE == await api.send(f'<?xml version="1.0" encoding="utf-16"?>{request_of()}')


BOMB = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
NOT_LOADED = {
    "nothing": b"",
    "blanks": b" \r\n\t",
    "no XML": b"ActionName=DoNothing",
    "JSON": b'{"XML": {}}',
    "a prolog alone": PROLOG,
    "cut short": request_of()[:-5],
    "the typing error of the documentation": request_of().replace("</Name>", "<Name>"),
    "two document elements": request_of() * 2,
    "words after it": request_of() + "and more",
    "a document type": f"<!DOCTYPE XML>{request_of()}",
    "a billion laughs": f'<!DOCTYPE XML [<!ENTITY l0 "ha">{BOMB}]>{request_of("&l9;")}',
    "an outside entity": f'<!DOCTYPE XML [<!ENTITY f SYSTEM "file:///etc/passwd">]>{request_of("&f;")}',
    "an entity nobody defined": request_of("Do&nbsp;Nothing"),
    "an encoding nobody knows": f'<?xml version="1.0" encoding="klingon"?>{request_of()}',
    "a codec that is no charset": f'<?xml version="1.0" encoding="unicode_escape"?>{request_of()}',
    "half a codec": f'<?xml version="1.0" encoding="zlib_codec"?>{request_of()}',
    "bytes that do not fit": request_of("DoNothing\udcff").encode(errors="surrogateescape"),
    "a control character": request_of("Do\x01Nothing"),
    "a reference to one": request_of("Do&#1;Nothing"),
    "a prefix nobody declared twice": '<XML a="1" a="2"></XML>',
    "too deep": "<XML>" + "<a>" * 20 + "</a>" * 20 + "</XML>",
    "very deep": "<XML>" + "<a>" * 200_000,
    "too many": "<XML>" + "<a/>" * 500_000 + "</XML>",
    "too many attributes": "<XML " + " ".join(f'a{n}=">"' for n in range(100_001)) + "></XML>",
}


@pytest.mark.parametrize("body", NOT_LOADED.values(), ids=NOT_LOADED)
async def test_refuses_what_is_no_xml_here(api, body):
    """
    Damaged, dangerous or beyond the bounds: one sentence for all of it.
    """
    assert error("Input XML not loaded") == await api.send(body)


@pytest.mark.parametrize("root", ["xml", "Xml", "a:XML", "request", "XMLs"])
async def test_the_document_element_has_its_case(api, root):
    """
    `XML`, in capitals.
    """
    body = request_of().replace("<XML>", f"<{root} xmlns:a='urn:a'>").replace("</XML>", f"</{root}>")

    assert error("No Document Element") == await api.send(body)


UNAUTHORIZED = {
    "another's key": request_of(auth=OTHER_KEY),
    "no such key": request_of(auth="x" * len(OTHER_KEY)),
    "another's tenant": request_of(tenant=OTHER_TENANT),
    "no such tenant": request_of(tenant="Nobody"),
    "the tenant in another case": request_of(tenant=TENANT.lower()),
    "an empty key": request_of(auth=""),
    "an empty tenant": request_of(tenant=""),
    "neither": "<XML/>",
    "a key in pieces": request_of(auth=f"<b>{KEY}</b>"),
    "a tenant of text": f"<XML><Tenant>{TENANT}</Tenant><Auth>{KEY}</Auth><ActionName>DoNothing</ActionName></XML>",
    "tenant in small letters": request_of().replace("Tenant>", "tenant>"),
    "auth in small letters": request_of().replace("Auth>", "auth>"),
    "two tenants": request_of().replace("<Tenant>", "<Tenant/><Tenant>"),
    "two keys": request_of().replace("<Auth>", f"<Auth>{KEY}</Auth><Auth>"),
    "a vast key": request_of(auth="x" * 100_000),
}


@pytest.mark.parametrize("body", UNAUTHORIZED.values(), ids=UNAUTHORIZED)
async def test_only_a_tenant_with_its_key(api, body):
    """
    Another tenant's right key reads exactly like a wrong one.
    """
    assert error("Authorization Failed") == await api.send(body)


@pytest.mark.parametrize("name", ["", " ", "<b>DoNothing</b>", "DoNothing</ActionName><ActionName>DoNothing"])
async def test_no_action(api, name):
    """
    Empty, in pieces, or there twice.
    """
    assert error("No Action Defined") == await api.ask(name)


@pytest.mark.parametrize("name", ["donothing", "DoNothings", "x" * 500, "DoNothing&#10;x"])
async def test_action_names_have_their_case(api, name):
    """
    An action is found by exactly its name.
    """
    assert error("Action Name Not Found") == await api.ask(name)


async def test_the_first_fault_is_said(api):
    """
    In the documented order, whatever else is wrong.
    """
    said = [
        await api.send("<xml><Tenant>"),
        await api.send("<xml/>"),
        await api.send("<XML/>"),
        await api.ask("", auth="only-nothing"),
        await api.ask("Unknown", auth="only-nothing"),
    ]

    assert DOCUMENTED[:5] == list(map(sentence_of, said))


async def test_a_body_beyond_the_bound(api):
    """
    Refused by its announced length, or once it has become too long; the connection ends.
    """

    async def pieces():
        yield b"<XML>"
        for _ in range(100):
            yield b" " * 2**20

    assert error(DOCUMENTED[0]) == await api.send(pieces())
    huge = b"<XML>" + b" " * (9 * 2**20)
    assert error(DOCUMENTED[0]) == await api.send(huge)
    assert NOTHING_DONE == await api.ask()


async def test_a_client_that_goes_away(api, caplog):
    """
    In the middle of its body, or before its answer: nobody is told, and nothing is complained of.
    """
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n"
    for sent in (head + b"<XML>", head.replace(b"900", b"70") + request_of().encode()):
        _, writer = await asyncio.open_connection("127.0.0.1", api.port)
        writer.write(sent)
        await writer.drain()
        writer.transport.abort()

    assert NOTHING_DONE == await api.send(request_of())
    assert [] == [each.message for each in caplog.records if each.levelname != "DEBUG"]


async def test_within_another_application():
    """
    Mounted, with and without a slash behind its address.
    """
    from tests.xml_api.asking import KEYS

    app = web.Application()
    app.add_subapp("/xml", xml_api(keys=KEYS, insecure_http=True))

    async with serving(app=app) as client:
        for path in ("/xml", "/xml/", "/xml/deeper"):
            assert NOTHING_DONE == await client.send(request_of(), path=path)
