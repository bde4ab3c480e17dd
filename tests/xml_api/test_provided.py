"""
The other actions that an installation has: agents, the address book, the telephone system.
"""

import pytest

from tests.xml_api.asking import PROLOG, TENANT, error, serving
from webhook_engine.xml_api import PROVIDED_ACTIONS, PbxBackend, store_api
from webhook_engine.xml_api.faults import NotOfTenant
from webhook_engine.xml_api.pbx import PBX

INCORRECT = error("Incorrect Input Parameters. Please check the documentation")


def xml(inside):
    return PROLOG + f"<XML>{inside}</XML>".encode()


async def test_extensions_are_the_agents(standing):
    """
    One child for each, one grandchild for each field.
    """
    expected = (
        "<Extension><ExtensionNumber>100</ExtensionNumber><Name>Naledi &amp; Co</Name>"
        "<UserName>100-Euphoria</UserName></Extension>"
        "<Extension><ExtensionNumber>101</ExtensionNumber><Name></Name>"
        "<UserName>101-Euphoria</UserName></Extension>"
    )

    assert xml(expected) == await standing.ask("GetExtensions")


async def test_the_address_book(standing):
    """
    Written, read, struck; reading sees what was written although answers are kept for a while.
    """
    assert xml("") == await standing.ask("GetContacts")

    added = await standing.ask(
        "AddContact", "<FirstName>Thandi</FirstName><PhoneNumber>082</PhoneNumber><Email/>"
    )
    assert xml("<Status>Success</Status><ContactId>1</ContactId>") == added
    row = (
        "<Contact><ContactId>1</ContactId><FirstName>Thandi</FirstName><Surname></Surname><Company></Company>"
        "<PhoneNumber>082</PhoneNumber><Email></Email></Contact>"
    )
    assert xml(row) == await standing.ask("GetContacts")
    assert xml("") == await standing.ask("GetContacts", "<startAt>1</startAt>")

    assert xml("<Status>Success</Status>") == await standing.ask("DeleteContact", "<ContactId>1</ContactId>")
    assert xml("") == await standing.ask("GetContacts")
    for wrong in ("<ContactId>1</ContactId>", "<ContactId/>", "<ContactId>0</ContactId>", ""):
        assert INCORRECT == await standing.ask("DeleteContact", wrong)
    for wrong in ("<FirstName>a</FirstName>", "<FirstName/><PhoneNumber>1</PhoneNumber>"):
        assert INCORRECT == await standing.ask("AddContact", wrong)


INPUTS = {
    "GetFullSipStatus": "<UserName>100-Euphoria</UserName>",
    "GetSimpleSipStatus": "<UserName>100-Euphoria</UserName>",
    "GetCurrentCalls": "",
    "HangUpChannel": "<Channel>SIP/1</Channel>",
    "GetCallingCredit": "",
    "GetOutboundCallingHistory": "<pageSize>5</pageSize><startAt>0</startAt><startDate>2026-11-01</startDate>"
    "<endDate>2026-11-02</endDate><extension></extension><OnlyAnswered>1</OnlyAnswered>",
    "GetInboundCallingHistory": "<pageSize>5</pageSize><startAt>0</startAt><startDate>2026-11-01</startDate>"
    "<endDate>2026-11-02 10:00:00</endDate>",
    "GetQueueAnalytics": "<QueueName>Sales</QueueName><startDate>2026-11-01</startDate><endDate>2026-11-02</endDate>",
    "GetCallRecordings": "<pageSize>5</pageSize><startAt>0</startAt><StartDate>2026-11-01</StartDate>"
    "<EndDate>2026-11-02</EndDate><direction>outgoing</direction>",
    "DownloadCallRecordingByUniqueId": "<uniqueId>1.1</uniqueId>",
}


def test_every_action_that_is_known_to_exist():
    """
    The names of the product, in their case.
    """
    names = ["DoNothing", "DialerTrickleFeed", "GetExtensions", "GetContacts", "AddContact", "DeleteContact"]

    assert [*names, *INPUTS] == [each.name for each in PROVIDED_ACTIONS]


@pytest.mark.parametrize(("name", "inputs"), INPUTS.items())
async def test_without_a_telephone_system(standing, name, inputs):
    """
    Said once the inputs are right.
    """
    assert error("Sip Server not found") == await standing.ask(name, inputs)
    if inputs:
        assert INCORRECT == await standing.ask(name)


class Pbx(PbxBackend):
    """
    A telephone system that can do most of it.
    """

    async def sip_status(self, tenant, user_name, *, full):
        if not user_name.endswith(f"-{tenant}"):
            raise NotOfTenant
        return [{"UserName": user_name, "Full": full, "Latency": 2.5, "Address": None}]

    async def calling_history(self, tenant, page, *, outbound, only_answered):
        return [{"Size": page.size, "From": page.start, "Outbound": outbound, "OnlyAnswered": only_answered}]

    async def hang_up(self, tenant, channel):
        self.hung_up = (tenant, channel)


async def test_with_a_telephone_system(store):
    """
    It is asked with typed values, its rows are written as they are, and what it lacks is not found.
    """
    key, pbx = (await store.keys.add(TENANT, "CRM", by="an administrator")).secret, Pbx()
    async with serving(app=store_api(store, pbx=pbx, insecure_http=True)) as client:
        client.key = key
        status = await client.ask("GetFullSipStatus", INPUTS["GetFullSipStatus"])
        foreign = await client.ask("GetSimpleSipStatus", "<UserName>100-Elation</UserName>")
        history = await client.ask("GetOutboundCallingHistory", INPUTS["GetOutboundCallingHistory"])
        hung_up = await client.ask("HangUpChannel", INPUTS["HangUpChannel"])
        lacking = await client.ask("GetCurrentCalls")
        backwards = INPUTS["GetQueueAnalytics"].replace("2026-11-01", "2026-12-01")
        wrong = await client.ask("GetQueueAnalytics", backwards)

    assert (
        xml(
            "<Status><UserName>100-Euphoria</UserName><Full>true</Full><Latency>2.5</Latency><Address></Address></Status>"
        )
        == status
    )
    assert error("That username is not part of this Tenant") == foreign
    assert (
        xml(
            "<Call><Size>5</Size><From>2026-11-01 00:00:00</From><Outbound>true</Outbound>"
            "<OnlyAnswered>true</OnlyAnswered></Call>"
        )
        == history
    )
    assert (xml("<Status>Success</Status>"), (TENANT, "SIP/1")) == (hung_up, pbx.hung_up)
    assert error("Sip Server not found") == lacking
    assert INCORRECT == wrong
    assert 10 == len(PBX)
