"""
Whatever is made of the XML API's own words, an answer of the documented shape comes back over the socket.

The store is a real one, and the telephone system repeats what it is asked with.
"""

import asyncio
import http.client
import logging
import os
import threading
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.xml_api.asking import PROLOG, TENANT, request_of, sentence_of, serving
from tests.xml_api.conftest import DEFINITIONS
from webhook_engine import log
from webhook_engine.definitions import read_text
from webhook_engine.store import Store
from webhook_engine.xml_api import FAULTS, PROVIDED_ACTIONS, PbxBackend, store_api
from webhook_engine.xml_api.answers import Rows, Says, Status
from webhook_engine.xml_api.faults import DatabaseFailed

EXAMPLES = 400 if os.environ.get("WEBHOOK_ENGINE_ATTACK") else 60
"""Requests for each action; the longer run is `make attack`."""

ACTIONS = {action.name: action for action in PROVIDED_ACTIONS}


class Repeating(PbxBackend):
    """
    A telephone system that answers with what it was asked.
    """

    async def sip_status(self, tenant, user_name, *, full):
        return [{"UserName": user_name, "Registered": full}]

    async def current_calls(self, tenant):
        return [{"Channel": tenant, "Duration": float("nan"), "Source": None}]

    async def hang_up(self, tenant, channel):
        pass

    async def calling_credit(self, tenant):
        return {"Credit": tenant, "Currency": "\x00\ud800]]>"}

    async def calling_history(self, tenant, page, *, outbound, only_answered):
        return [{"Source": page.extension, "Destination": str(page), "Duration": page.size}] * min(
            page.size, 3
        )

    async def queue_analytics(self, tenant, queue, start, end):
        return [{"QueueName": queue, "Calls": 1, "Since": start}]

    async def recordings(self, tenant, page, *, direction, search):
        return [{"Source": search, "Direction": direction, "Start": page.start, "End": page.end}]

    async def recording(self, tenant, unique_id):
        return [{"UniqueId": unique_id, "Content": "\u2028\x85\r\n"}]


class Api:
    """
    The API in a loop and a thread of its own, asked over one connection.
    """

    def __init__(self, port, key):
        self.port, self.key = port, key
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, body, *, method="POST", path="/", content_type="text/xml"):
        """
        What is answered; the connection goes on.
        """
        try:
            self.connection.request(method, path, body, {"Content-Type": content_type})
            answer = self.connection.getresponse()
            said = answer.read()
        except (http.client.HTTPException, ConnectionError):
            self.connection.close()
            raise
        assert (200, "text/xml; charset=utf-8") == (answer.status, answer.headers["Content-Type"])
        return said


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    folder, ready, over = tmp_path_factory.mktemp("xml"), threading.Event(), threading.Event()
    found, complaints = {}, []
    keeper = logging.Handler(logging.WARNING)
    keeper.emit = complaints.append
    logging.getLogger(log.NAME).addHandler(keeper)

    async def serve():
        async with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
            await store.definitions.save(TENANT, read_text(DEFINITIONS), by="a test")
            await store.campaigns.add(
                TENANT, "SalesCampaign", lists=["ListNumber5"], labels=["Policy"], agents=["100"], by="a test"
            )
            key = (await store.keys.add(TENANT, "CRM", by="a test")).secret
            async with serving(app=store_api(store, pbx=Repeating(), insecure_http=True)) as client:
                found["api"] = Api(client.port, key)
                ready.set()
                await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(60)
    yield found["api"]
    over.set()
    found["api"].connection.close()
    thread.join(60)
    logging.getLogger(log.NAME).removeHandler(keeper)
    assert [] == [each.getMessage() for each in complaints]


# --- The grammar -------------------------------------------------------------------------------------

NUMBERS = st.one_of(
    st.integers().map(str),
    st.sampled_from(
        ["0", "-0", "+1", "1e5", "1.0", "0x10", "٥", "1_000", " 5 ", "9" * 18, "9" * 400, "NaN", str(2**63)]
    ),
)
DAYS = st.one_of(
    st.datetimes().map(lambda at: at.strftime("%Y-%m-%d %H:%M:%S")),
    st.sampled_from(
        ["2026-11-01", "2026-02-30 00:00:00", "0000-00-00 00:00:00", "9999-12-31 23:59:59", "0001-01-01 00:00:00",
         "2026-11-01T00:00:00+99:99", "2026-11-01 00:00:00+02:00", "2026-11-01 00:00:00Z", "1-1-1", "20261101"]
    ),
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["", " ", TENANT, f"100-{TENANT}", "100", "SalesCampaign", "ListNumber5", "0821234567", "+27821234567",
         "a" * 5000, "'; DROP TABLE contact; --", "%", "_", "\\", "\u202e", "\u0130", "\U0001f4de", "]]>", "{CALL_NOTES}"]
    ),
)  # fmt: skip
KINDS = {
    "int": NUMBERS,
    "datetime": DAYS,
    "date": DAYS,
    "bool": st.sampled_from(["1", "0", "true", "No", "maybe"]),
}


def _value(declared):
    """
    What an input may hold: mostly something of its kind, as XML spells it in one of its ways.
    """
    if declared.within is not None:
        one = _inputs(declared.within.inputs).map(
            lambda inside: f"<{declared.input.each}>{inside}</{declared.input.each}>"
        )
        return st.lists(one, max_size=3).map("".join)
    right = st.just(declared.input.example)
    plain = st.one_of(right, right, KINDS.get(declared.type.__name__, TEXTS), TEXTS)
    return st.tuples(plain, st.sampled_from([_escaped, _cdata, _referred])).map(lambda pair: pair[1](pair[0]))


def _legal(text):
    return (
        "".join(each for each in text if each in "\t\n\r" or each >= " ")
        .replace("\ufffe", "")
        .replace("\uffff", "")
    )


def _escaped(text):
    return escape(_legal(text))


def _cdata(text):
    return f"<![CDATA[{_legal(text).replace(']]>', ']] >')}]]>"


def _referred(text):
    return "".join(f"&#{ord(each)};" for each in _legal(text))


def _inputs(declared):
    """
    All of them once and in their order, or some missing, doubled, empty, or with something around and within.
    """

    def element(each):
        name = each.input.name
        usual = _value(each).map(lambda value: f"<{name}>{value}</{name}>")
        odd = st.one_of(
            st.just(""),
            st.just(f"<{name}/>"),
            usual.map(lambda text: text + text),
            usual.map(lambda text: f"<!-- {name} -->{text}<Other a='b'>c</Other>"),
            usual.map(lambda text: text.replace(f"<{name}>", f"<{name} xmlns='urn:x' a=\"&lt;\">", 1)),
            usual.map(lambda text: f"<{name}>{text}</{name}>"),
        )
        return st.one_of(usual, usual, usual, usual, odd)

    right = st.just([f"<{each.input.name}>{_example(each)}</{each.input.name}>" for each in declared])
    whole = st.tuples(*(element(each) for each in declared))
    return st.one_of(right, whole, whole.flatmap(st.permutations)).map("".join)


def _example(declared):
    if declared.within is None:
        return _escaped(declared.input.example)
    inside = "".join(
        f"<{each.input.name}>{_example(each)}</{each.input.name}>" for each in declared.within.inputs
    )
    return f"<{declared.input.each}>{inside}</{declared.input.each}>"


REQUESTS = {name: _inputs(action.inputs.inputs) for name, action in ACTIONS.items()}


def is_documented(name, said):
    """
    A sentence of the table but that for what nobody foresaw, or an answer of the action's own shape.
    """
    assert said.startswith(PROLOG)
    assert b"Traceback" not in said
    root = ET.fromstring(said)
    assert "XML" == root.tag
    sentence = sentence_of(said)
    if sentence is not None:
        assert sentence in FAULTS
        assert sentence != DatabaseFailed.sentence
        return sentence
    shape = ACTIONS[name].answer
    if isinstance(shape, Says):
        assert [] == list(root)
    elif isinstance(shape, Status):
        assert set(shape.example) == {each.tag for each in root}
    else:
        assert isinstance(shape, Rows)
        assert {each.tag for each in root} <= {shape.name}
        assert all(len(inside) == 0 for row in root for inside in row)
    return None


@pytest.mark.parametrize("name", ACTIONS)
def test_each_action_answers_in_its_shape(api, name):
    """
    Over its own inputs, with right and wrong values in every way that XML has of writing them.
    """
    outcomes = set()

    @settings(max_examples=EXAMPLES)
    @given(inputs=REQUESTS[name])
    def each(inputs):
        said = api.ask(request_of(name, inputs, auth=api.key).encode("utf-8", "replace"))
        outcomes.add(is_documented(name, said))

    each()

    assert None in outcomes, outcomes


WAYS = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["POST", "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]),
        "path": st.sampled_from(["/", "/xml", "//", "/a/../b", "/%00", "/%zz", "/?a=b&ActionName=DoNothing", "/x" * 500]),
        "content_type": st.sampled_from(
            ["text/xml", "application/xml; charset=utf-8", "text/xml; charset=utf-16", "text/plain", "multipart/form-data",
             "application/x-www-form-urlencoded", "", "text/xml; charset=nonsense", "a" * 300]
        ),
    }
)  # fmt: skip


@settings(max_examples=EXAMPLES)
@given(name=st.sampled_from(list(ACTIONS)), data=st.data(), way=WAYS)
def test_any_way_of_sending_is_answered(api, name, data, way):
    """
    By whichever method, to whichever address and as whichever type.
    """
    body = request_of(name, data.draw(REQUESTS[name]), auth=api.key).encode("utf-8", "replace")

    is_documented(name, api.ask(body, **way))


@settings(max_examples=EXAMPLES)
@given(text=st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), min_size=1, max_size=60))
@example(text="]]>")
@example(text="\u2028\x85")
@example(text="a\ufffeb")
@example(text="</UserName></Status></XML>")
def test_what_is_repeated_stays_what_it_is(api, text):
    """
    A value that comes back in an answer is a text in its element: it ends nothing and begins nothing.
    """
    legal = _legal(text)
    said = api.ask(
        request_of("GetFullSipStatus", f"<UserName>{escape(legal)}</UserName>", auth=api.key).encode()
    )

    if is_documented("GetFullSipStatus", said) is None:
        found = ET.fromstring(said)
        assert [["UserName", "Registered"]] == [[each.tag for each in row] for row in found]
        assert legal.strip() == found[0][0].text.strip()
