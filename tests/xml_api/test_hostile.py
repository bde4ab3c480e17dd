"""
Whatever comes in, one of the documented answers goes out, and memory stays within bounds.
"""

import asyncio
import tracemalloc
from itertools import chain
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.xml_api.asking import KEY, KEYS, PROLOG, TENANT, request_of, sentence_of
from tests.xml_api.test_feeding import FIELDS, OUTER
from webhook_engine.errors import NotFound
from webhook_engine.xml_api import FAULTS, PROVIDED_ACTIONS, AddressBook, ContactSink, Directory
from webhook_engine.xml_api.actions import Actions
from webhook_engine.xml_api.cache import AnswerCache
from webhook_engine.xml_api.faults import DatabaseFailed
from webhook_engine.xml_api.handling import Handling
from webhook_engine.xml_api.inputs import plan_of
from webhook_engine.xml_api.monitoring import NoRequestLog
from webhook_engine.xml_api.reading import DEFAULT


class Behind:
    """
    A sink, a directory and an address book that take whatever they are given.
    """

    async def feed(self, feed):
        if feed.campaign != OUTER["CampaignName"]:
            raise NotFound("campaign", feed.campaign)
        return len(feed.contacts)

    async def definitions(self, tenant):
        return None

    async def add(self, tenant, contact):
        return contact

    async def remove(self, tenant, contact):
        if contact > 7:
            raise NotFound("contact", str(contact))

    async def list(self, tenant, *, search, limit, skip):
        return ()


def handling():
    """
    What answers, with all of this behind it.
    """
    behind = Behind()
    return Handling(
        Actions(PROVIDED_ACTIONS),
        keys=KEYS,
        requests=NoRequestLog(),
        provided={ContactSink: behind, Directory: behind, AddressBook: behind},
        cache=AnswerCache(),
        bounds=DEFAULT,
    )


@pytest.fixture(scope="module")
def answer():
    """
    Has bytes answered, in a loop of the module's own.
    """
    answering = handling()
    with asyncio.Runner() as runner:

        def answer(body, content_type=""):
            return runner.run(answering.answer(body, content_type=content_type))

        yield answer


def is_documented(found):
    """
    An answer of an action, or one of the sentences but that for what nobody foresaw.
    """
    assert found.startswith(PROLOG)
    root = ET.fromstring(found)
    assert "XML" == root.tag
    said = sentence_of(found)
    assert said is None or said in FAULTS
    assert said != DatabaseFailed.sentence
    return said


# --- Over bytes --------------------------------------------------------------------------------------

WHOLE = request_of("DialerTrickleFeed", "".join(f"<{k}>{v}</{k}>" for k, v in OUTER.items())).encode()


@given(body=st.binary(max_size=400), content_type=st.text(max_size=60))
@example(body=b"\xff\xfe\x00", content_type="")
@example(body=b"\x4c\x6f\xa7\x94", content_type="")
@example(body=b"<XML>", content_type="text/xml; charset=rot13")
@example(body=b"\x00<\x00", content_type="")
def test_any_bytes(answer, body, content_type):
    """
    What is no XML is said to be none.
    """
    is_documented(answer(body, content_type))


@given(
    place=st.integers(0, len(WHOLE) - 1),
    instead=st.binary(max_size=6),
    gone=st.integers(0, 40),
    start=st.sampled_from(
        [b"", b"\xef\xbb\xbf", b"\xff\xfe", PROLOG, PROLOG.replace(b"UTF-8", b"shift_jis")]
    ),
)
def test_a_request_with_a_wound(answer, place, instead, gone, start):
    """
    Cut, overwritten or lengthened anywhere.
    """
    is_documented(answer(start + WHOLE[:place] + instead + WHOLE[place + gone :]))


@given(
    name=st.sampled_from(
        ["utf-8", "utf-16", "utf-32", "cp037", "latin-1", "gb18030", "iso2022_jp", "hz", "utf-7"]
    ),
    body=st.text(max_size=200),
)
def test_any_encoding(answer, name, body):
    """
    Whatever the prolog names and the bytes are.
    """
    text = f'<?xml version="1.0" encoding="{name}"?>{request_of(body)}'

    is_documented(answer(text.encode(name, "replace")))


# --- Over the grammar --------------------------------------------------------------------------------

INPUTS = {action.name: [each.input.name for each in action.inputs.inputs] for action in PROVIDED_ACTIONS}
NAMES = sorted(
    {
        "XML",
        "Tenant",
        "Name",
        "Auth",
        "ActionName",
        "Contact",
        "xml",
        "x:Contact",
        *FIELDS,
        *chain.from_iterable(INPUTS.values()),
    }
)
VALUES = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            TENANT,
            KEY,
            "DoNothing",
            *INPUTS,
            *FIELDS.values(),
            *OUTER.values(),
            "5",
            "-1",
            "100-Elation",
        ]
    ),
    st.sampled_from(
        [
            "<![CDATA[a]]>",
            "<!-- a -->",
            "&#65;",
            "&amp;",
            "&lt;Contact&gt;",
            "<?a b?>",
            "]]>",
            "&nope;",
            "\x85",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(
        lambda text: text.replace("<", "").replace("&", "")
    ),
)
ELEMENTS = st.recursive(
    VALUES,
    lambda inside: st.lists(st.tuples(st.sampled_from(NAMES), inside), max_size=5).map(
        lambda pairs: "".join(f"<{name}>{value}</{name}>" for name, value in pairs)
    ),
    max_leaves=12,
)


@given(root=st.sampled_from(["XML", "XML", "XML", "xml"]), inside=ELEMENTS)
def test_any_tree_of_our_names(answer, root, inside):
    """
    Known names in unknown places.
    """
    is_documented(answer(f"<{root}>{inside}</{root}>".encode()))


@given(name=st.sampled_from(sorted(INPUTS)), data=st.data())
def test_any_inputs_of_an_action(answer, name, data):
    """
    Right and wrong values, missing, doubled and blank.
    """
    given_ = data.draw(st.lists(st.tuples(st.sampled_from([*INPUTS[name], "Other"]), ELEMENTS), max_size=8))

    inputs = "".join(f"<{each}>{value}</{each}>" for each, value in given_)
    is_documented(answer(request_of(name, inputs).encode()))


CONTACT = st.fixed_dictionaries({name: st.one_of(st.just(value), VALUES) for name, value in FIELDS.items()})


@given(contacts=st.lists(CONTACT, max_size=4), left_out=st.sampled_from([None, *FIELDS]))
def test_any_contacts(answer, contacts, left_out):
    """
    Accepted where every contact is right, refused as a whole where one is not.
    """
    inside = "".join(
        f"<Contact>{''.join(f'<{name}>{value}</{name}>' for name, value in each.items() if name != left_out)}</Contact>"
        for each in contacts
    )
    outer = "".join(f"<{name}>{value}</{name}>" for name, value in OUTER.items())

    found = answer(request_of("DialerTrickleFeed", f"{outer}<ContactsList>{inside}</ContactsList>").encode())

    if is_documented(found) is None:
        assert f"<Accepted>{len(contacts)}</Accepted>".encode() in found
        assert contacts
        assert left_out is None


def test_the_fields_that_are_tried_are_all_there_are():
    """
    A field that is added is tried too.
    """
    from webhook_engine.xml_api.feeding import FedContact

    assert list(FIELDS) == [each.input.name for each in plan_of(FedContact)[0].inputs]


# --- Bounds ------------------------------------------------------------------------------------------

ROOM = DEFAULT.body_bytes
HUGE = {
    "many elements": b"<XML>" + b"<a/>" * (ROOM // 4 - 4) + b"</XML>",
    "many contacts": request_of("DialerTrickleFeed", "<ContactsList>" + "<Contact/>" * 700_000).encode(),
    "one long text": b"<XML><Tenant>" + b"x" * (ROOM - 40) + b"</Tenant></XML>",
    "many attributes": b"<XML " + b" ".join(b'a%d=""' % n for n in range(500_000)) + b"/>",
    "many attributes that end tags": b"<XML " + b" ".join(b'a%d=">"' % n for n in range(600_000)) + b"/>",
    "many short attributes": b"<XML>" + b'<a b="" c="" d="" e="" f="" g=""/>' * 200_000 + b"</XML>",
    "many comments": b"<XML>" + b"<!---->" * (ROOM // 8) + b"</XML>",
    "many instructions": b"<XML>" + b"<?a?>" * (ROOM // 6) + b"</XML>",
    "a long name": b"<" + b"x" * (ROOM - 100) + b"/>",
    "a long end": b"<XML></" + b"x" * (ROOM - 100) + b">",
    "open tags": b"<" * (ROOM - 100),
    "references": b"<XML>" + b"&amp;" * (ROOM // 5 - 10) + b"</XML>",
}


@pytest.mark.parametrize("body", HUGE.values(), ids=HUGE)
def test_memory_is_bounded(answer, body):
    """
    The largest bodies that are read at all, made as costly as can be.
    """
    tracemalloc.start()
    try:
        is_documented(answer(body))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 16 * ROOM
