"""
Each sentence, provoked with curl over a real socket with real TLS.
"""

import asyncio
import gzip
import shutil

import pytest

from tests.xml_api.asking import NOTHING_DONE, OTHER_TENANT, TENANT, error, request_of, serving
from tests.xml_api.test_feeding import contact, feed
from webhook_engine.xml_api import Says, action, store_api

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

# The request of the documentation, as it is printed there, but for its second <Name>, which closes here.
DOCUMENTED = """<XML>
\t<Tenant>
\t\t<Name>Euphoria</Name>
\t\t<Auth>{key}</Auth>
\t</Tenant>
\t<ActionName>DialerTrickleFeed</ActionName>
\t<ListName>ListNumber5</ListName>
\t<CampaignName>SalesCampaign</CampaignName>
\t<DataSource></DataSource>
\t<Priority></Priority>
\t<ContactsList>
\t\t<Contact>
\t\t\t<Title></Title>
\t\t\t<FirstName>TestName</FirstName>
\t\t\t<Surname></Surname>
\t\t\t<Address></Address>
\t\t\t<Email></Email>
\t\t\t<PhoneNumber>0105934500</PhoneNumber>
\t\t\t<Notes></Notes>
\t\t\t<Language></Language>
\t\t\t<Custom1></Custom1>
\t\t\t<Custom2></Custom2>
\t\t\t<Custom3></Custom3>
\t\t\t<Custom4></Custom4>
\t\t\t<Custom5></Custom5>
\t\t\t<CrmTag></CrmTag>
\t\t\t<AssignedTo></AssignedTo>
</Contact>
</ContactsList>
</XML>
"""


@pytest.fixture
async def curl(store, server_tls, client_tls, authority, tmp_path):
    """
    Sends a body with curl and returns the answer; the API behind it has one action that waits.
    """
    free, three_wait, here = asyncio.Event(), asyncio.Event(), []

    @action("Wait", answer=Says(""), limit=3)
    async def wait() -> str:
        here.append("one more")
        if len(here) == 3:
            three_wait.set()
        await free.wait()
        return "waited"

    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    async with serving(app=store_api(store, actions=[wait]), tls=server_tls, client_tls=client_tls) as client:

        async def curl(body, *options):
            process = await asyncio.create_subprocess_exec(
                *(
                    "curl",
                    "-sS",
                    "-w",
                    "\n%{http_code}",
                    "--cacert",
                    str(ca),
                    "--data-binary",
                    "@-",
                    *options,
                ),
                f"https://localhost:{client.port}/xml",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            said, complained = await process.communicate(body.encode() if isinstance(body, str) else body)
            assert (0, b"") == (process.returncode, complained)
            answer, _, status = said.rpartition(b"\n")
            assert b"200" == status
            return answer

        curl.free, curl.three_wait = free, three_wait
        curl.key = (await store.keys.add(TENANT, "CRM", by="an administrator")).secret
        curl.narrow = (await store.keys.add(TENANT, "N", scopes=["DoNothing"], by="an administrator")).secret
        curl.theirs = (await store.keys.add(OTHER_TENANT, "CRM", by="an administrator")).secret
        curl.store = store
        yield curl


async def test_the_documented_request_works(curl):
    """
    With its typing error mended.
    """
    assert b"<Status>Success</Status><Accepted>1</Accepted>" in await curl(DOCUMENTED.format(key=curl.key))
    assert 1 == await curl.store.dialer.waiting(TENANT, "SalesCampaign")
    broken = DOCUMENTED.replace("</Name>", "<Name>").format(key=curl.key)
    assert error("Input XML not loaded") == await curl(broken)


async def test_every_sentence(curl):
    """
    In the documented order; one that looks at what waits comes when three are waiting.
    """

    def asked(name="DoNothing", inputs="", auth=curl.key):
        return request_of(name, inputs, auth=auth)

    waiting = [asyncio.create_task(curl(asked("Wait"))) for _ in range(3)]
    async with asyncio.timeout(30):
        await curl.three_wait.wait()
    wrong = {
        "Input XML not loaded": b"<XML>",
        "No Document Element": "<xml></xml>",
        "Authorization Failed": asked(auth=curl.theirs),
        "No Action Defined": asked(""),
        "Action Name Not Found": asked("donothing"),
        "Permission Denied": asked("Wait", auth=curl.narrow),
        "Concurrent API Calls Exceeded": asked("Wait"),
        "Incorrect Input Parameters. Please check the documentation": asked("DeleteContact"),
        "That username is not part of this Tenant": asked(
            "DialerTrickleFeed", feed(contact(AssignedTo="105-Elation"))
        ),
        "Sip Server not found": asked("GetCurrentCalls"),
    }

    said = {sentence: await curl(body) for sentence, body in wrong.items()}

    assert {sentence: error(sentence) for sentence in wrong} == said
    curl.free.set()
    assert all(b"<XML>waited</XML>" in each for each in await asyncio.gather(*waiting))
    curl.store._database._readers, kept = None, curl.store._database._readers
    last = "I'm sorry, connection to one or more of the databases failed"
    assert error(last) == await curl(asked("GetContacts"))
    curl.store._database._readers = kept


async def test_a_body_of_100_megabytes(curl):
    """
    Refused before it is read, with or without its length; the next request is answered.
    """
    huge = b"<XML>" + b" " * 100_000_000
    assert error("Input XML not loaded") == await curl(huge, "-H", "Expect: 100-continue")
    assert error("Input XML not loaded") == await curl(huge[:20_000_000], "-H", "Transfer-Encoding: chunked")
    assert NOTHING_DONE == await curl(request_of(auth=curl.key))


async def test_a_bomb_of_gzip(curl):
    """
    What unpacks to more than the bound is not unpacked to its end.
    """
    bomb = gzip.compress(b"<XML>" + b" " * 100_000_000)
    assert len(bomb) < 200_000
    assert error("Input XML not loaded") == await curl(bomb, "-H", "Content-Encoding: gzip")
    packed = gzip.compress(request_of(auth=curl.key).encode())
    assert NOTHING_DONE == await curl(packed, "-H", "Content-Encoding: gzip")
    assert error("Input XML not loaded") == await curl(packed[:60], "-H", "Content-Encoding: gzip")


async def test_what_a_client_expects(curl):
    """
    Whatever it is.
    """
    for expected in ("100-continue", "200-ok", ""):
        assert NOTHING_DONE == await curl(request_of(auth=curl.key), "-H", f"Expect: {expected}")
