"""
`DialerTrickleFeed`: every field and every rule, all or nothing.
"""

import asyncio

import pytest

from tests.xml_api.asking import PROLOG, TENANT, error, request_of, serving
from webhook_engine.errors import NotFound
from webhook_engine.xml_api import ContactSink, Directory, GivenKeys, StoreDirectory, xml_api
from webhook_engine.xml_api.faults import SipServerNotFound
from webhook_engine.xml_api.feeding import dialer_trickle_feed

INCORRECT = error("Incorrect Input Parameters. Please check the documentation")
NOT_OF_TENANT = error("That username is not part of this Tenant")

FIELDS = {
    "Title": "Mr",
    "FirstName": "TestName",
    "Surname": "TestSurname",
    "Address": "Johannesburg",
    "Email": "test@gmail.com",
    "PhoneNumber": "0105934500",
    "Notes": "NotesTesting",
    "Language": "English",
    "Custom1": "Custom1",
    "Custom2": "Custom2",
    "Custom3": "Custom3",
    "Custom4": "Custom4",
    "Custom5": "Custom5",
    "CrmTag": "CrmTag1",
    "AssignedTo": "",
}
OUTER = {
    "ListName": "ListNumber5",
    "CampaignName": "SalesCampaign",
    "DataSource": "UploadMarch",
    "Priority": "2",
}
REQUIRED = ("FirstName", "PhoneNumber")


def accepted(count):
    return PROLOG + f"<XML><Status>Success</Status><Accepted>{count}</Accepted></XML>".encode()


def elements(fields):
    return "".join(f"<{name}>{value}</{name}>" for name, value in fields.items() if value is not None)


def contact(**fields):
    return f"<Contact>{elements(FIELDS | fields)}</Contact>"


def feed(*contacts, **outer):
    """
    What a feed holds beside tenant, key and action; a field that is None is left out.
    """
    inside = "".join(contacts or [contact()])
    return f"{elements(OUTER | outer)}<ContactsList>{inside}</ContactsList>"


async def waiting(client):
    return await client.store.dialer.waiting(TENANT, "SalesCampaign")


async def test_the_documented_example(standing):
    """
    Stored whole, and handed out as it was sent, with its number in international form beside it.
    """
    assert accepted(1) == await standing.ask("DialerTrickleFeed", feed())

    found = await standing.store.dialer.next_contact(TENANT, "100")

    who = found.contact
    sent = (
        who.title,
        who.first_name,
        who.surname,
        who.address,
        who.email,
        who.phone,
        who.notes,
        who.language,
    )
    assert tuple(FIELDS.values())[:8] == sent
    assert ("+27105934500", "CrmTag1", 2, "UploadMarch") == (
        who.phone_e164,
        who.crm_tag,
        found.priority,
        found.data_source,
    )
    custom = {"Policy": "Custom1"} | {f"Custom{n}": f"Custom{n}" for n in range(2, 6)}
    assert custom == found.custom


async def test_many_contacts_in_one_call(standing):
    """
    In the order in which they stand.
    """
    names = [f"N{n}" for n in range(250)]

    answer = await standing.ask("DialerTrickleFeed", feed(*(contact(FirstName=name) for name in names)))

    assert accepted(250) == answer
    found = [(await standing.store.dialer.next_contact(TENANT, "100")).contact.first_name for _ in range(5)]
    assert names[:5] == found


@pytest.mark.parametrize("name", ["ListName", "CampaignName", "DataSource"])
async def test_what_every_feed_says(standing, name):
    """
    Missing is an error; empty only where the documentation lets it be.
    """
    assert INCORRECT == await standing.ask("DialerTrickleFeed", feed(**{name: None}))
    expected = accepted(1) if name == "DataSource" else INCORRECT
    assert expected == await standing.ask("DialerTrickleFeed", feed(**{name: " "}))


@pytest.mark.parametrize("name", FIELDS)
async def test_what_every_contact_says(standing, name):
    """
    All fields are there; all but two may be empty.
    """
    assert INCORRECT == await standing.ask("DialerTrickleFeed", feed(contact(**{name: None})))
    assert 0 == await waiting(standing)
    expected = INCORRECT if name in REQUIRED else accepted(1)
    assert expected == await standing.ask("DialerTrickleFeed", feed(contact(**{name: ""})))


@pytest.mark.parametrize("priority", [None, "", " ", "1", "10", "+7"])
async def test_priorities(standing, priority):
    """
    1 to 10, and 5 where nothing is said.
    """
    assert accepted(1) == await standing.ask("DialerTrickleFeed", feed(Priority=priority))
    found = await standing.store.dialer.next_contact(TENANT, "100")
    assert (int(priority) if priority and priority.strip() else 5) == found.priority


@pytest.mark.parametrize("priority", ["0", "11", "-1", "2.5", "high", "1e1", "٣", "<b>1</b>", "9" * 400])
async def test_no_priorities(standing, priority):
    """
    Anything else is no priority.
    """
    assert INCORRECT == await standing.ask("DialerTrickleFeed", feed(Priority=priority))


@pytest.mark.parametrize(
    "number",
    ["abc", "12", "0105934500x", "0105934", "+1", "+27 82", "sip:100@pbx", "0821234567;ext=5", "9" * 70],
)
async def test_no_telephone_number(standing, number):
    """
    What cannot be dialled in the tenant's country, or in the one it names.
    """
    assert INCORRECT == await standing.ask("DialerTrickleFeed", feed(contact(PhoneNumber=number)))


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("0821234567", "+27821234567"),
        ("082 123 4567", "+27821234567"),
        ("(082) 123-4567", "+27821234567"),
        ("+27 82 123 4567", "+27821234567"),
        ("+44 20 7946 0018", "+442079460018"),
    ],
)
async def test_a_number_is_kept_as_sent_and_in_e164(standing, sent, expected):
    """
    Both, so that nothing is lost.
    """
    await standing.ask("DialerTrickleFeed", feed(contact(PhoneNumber=sent)))

    who = (await standing.store.dialer.next_contact(TENANT, "100")).contact
    assert (sent, expected) == (who.phone, who.phone_e164)


async def test_one_bad_contact_stores_none(standing):
    """
    Of two hundred, wherever it stands.
    """
    good = [contact() for _ in range(199)]

    for place in (0, 100, 199):
        wrong = [*good[:place], contact(PhoneNumber="abc"), *good[place:]]
        assert INCORRECT == await standing.ask("DialerTrickleFeed", feed(*wrong))

    assert 0 == await waiting(standing)


SHAPES = {
    "no list": elements(OUTER),
    "an empty list": elements(OUTER) + "<ContactsList/>",
    "a list of text": elements(OUTER) + "<ContactsList>Thandi</ContactsList>",
    "two lists": feed() + f"<ContactsList>{contact()}</ContactsList>",
    "something else in the list": feed(contact(), "<contact/>"),
    "an empty contact": feed(contact(), "<Contact/>"),
    "a contact of text": feed("<Contact>Thandi</Contact>"),
    "a contact beside the list": elements(OUTER) + contact(),
    "a name in pieces": feed(contact(FirstName="<b>Thandi</b>")),
    "a name twice": feed(contact().replace("<Surname>", "<FirstName>Sipho</FirstName><Surname>")),
    "a priority twice": feed() + "<Priority>2</Priority>",
    "fields in small letters": feed(
        contact(FirstName=None).replace("<Surname>", "<firstname>a</firstname><Surname>")
    ),
    "notes beyond the bound": feed(contact(Notes="x" * 4_001)),
    "a campaign that is not there": feed(CampaignName="Nobody"),
    "a campaign in another case": feed(CampaignName="salescampaign"),
    "a list that is not there": feed(ListName="Nobody"),
}


@pytest.mark.parametrize("inputs", SHAPES.values(), ids=SHAPES)
async def test_refuses_what_is_no_feed(standing, inputs):
    """
    Nothing of it is stored.
    """
    assert INCORRECT == await standing.ask("DialerTrickleFeed", inputs)
    assert 0 == await waiting(standing)


@pytest.mark.parametrize(
    ("assigned", "expected"),
    [("105", "105"), ("105-Euphoria", "105"), ("105-Elation", None), ("105-", None)],
)
async def test_assigned_to(standing, assigned, expected):
    """
    An extension of this tenant, with or without its name; it waits for it.
    """
    answer = await standing.ask("DialerTrickleFeed", feed(contact(AssignedTo=assigned)))

    assert (NOT_OF_TENANT if expected is None else accepted(1)) == answer
    assert await standing.store.dialer.next_contact(TENANT, "105") is None
    if expected:
        await standing.store.campaigns.assign(TENANT, "SalesCampaign", "105")
        assert (
            expected == (await standing.store.dialer.next_contact(TENANT, "105-Euphoria")).contact.assigned_to
        )


@pytest.mark.parametrize("assigned", ["Naledi Dlamini", "105,106", "-Euphoria-", "1" * 41, "105/"])
async def test_assigned_to_nobody_that_could_be(standing, assigned):
    """
    What is no extension would wait for ever.
    """
    answer = await standing.ask("DialerTrickleFeed", feed(contact(AssignedTo=assigned)))

    assert answer in {INCORRECT, NOT_OF_TENANT}
    assert 0 == await waiting(standing)


async def test_sent_again_with_its_key_it_is_stored_once(standing):
    """
    The header that our own durable webhooks send too.
    """
    headers = {"Idempotency-Key": "upload-7"}

    answers = await asyncio.gather(
        *(standing.ask("DialerTrickleFeed", feed(contact(), contact()), headers=headers) for _ in range(3))
    )

    assert [accepted(2)] * 3 == answers
    assert 2 == await waiting(standing)
    assert accepted(1) == await standing.ask("DialerTrickleFeed", feed())
    assert accepted(1) == await standing.ask("DialerTrickleFeed", feed())
    assert 4 == await waiting(standing)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("upload-7", INCORRECT),
        ("\udcff\udcfe", INCORRECT),
        ("k" * 513, INCORRECT),
        ("k" * 512, accepted(1)),
        ("", accepted(1)),
    ],
    ids=["another feed's", "no characters", "too long", "long", "empty"],
)
async def test_a_key_that_is_none(standing, key, expected):
    """
    Of another feed, or one that no store could keep: nothing is stored.
    """
    headers = {"Idempotency-Key": "upload-7"}
    await standing.ask("DialerTrickleFeed", feed(contact(), contact()), headers=headers)

    head = f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nIdempotency-Key: {key}\r\n"
    body = request_of("DialerTrickleFeed", feed(), auth=standing.key).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", standing.port)
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode(errors="surrogateescape") + body)
    answer = await reader.read()
    writer.close()

    assert expected == answer.partition(b"\r\n\r\n")[2]
    assert 2 + (expected == accepted(1)) == await waiting(standing)


async def test_a_sink_of_the_applications_own(store):
    """
    It is given the whole feed; what it refuses is said, what it does not know is an incorrect parameter.
    """

    class Sink:
        answer = 7

        async def feed(self, feed):
            self.taken = feed
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    sink = Sink()
    app = xml_api(
        keys=GivenKeys({TENANT: {"CRM": "the-key-of-euphoria"}}),
        actions=[dialer_trickle_feed],
        provide={ContactSink: sink, Directory: StoreDirectory(store.definitions)},
        insecure_http=True,
    )
    async with serving(app=app) as client:
        assert accepted(7) == await client.ask("DialerTrickleFeed", feed())
        assert ("SalesCampaign", "ListNumber5", 2, "TestName") == (
            sink.taken.campaign,
            sink.taken.list_name,
            sink.taken.priority,
            sink.taken.contacts[0].first_name,
        )
        sink.answer = NotFound("list", "x")
        assert INCORRECT == await client.ask("DialerTrickleFeed", feed())
        sink.answer = SipServerNotFound()
        assert error("Sip Server not found") == await client.ask("DialerTrickleFeed", feed())
