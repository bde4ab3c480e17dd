"""
Calls are recorded where a tenant asks for it: what happened and what target systems answered, without a secret.
"""

import json
from base64 import b64encode
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from webhook_engine import Engine
from webhook_engine.definitions import read_text
from webhook_engine.dispatch import Attempt, LocalSecrets
from webhook_engine.dispatch.prepare import Preparation
from webhook_engine.errors import ConnectFailed, LimitExceeded, StoreUnavailable, TimedOut
from webhook_engine.hiding import Hiding
from webhook_engine.performing.recorded import BODY_BYTES, answer_of
from webhook_engine.process import recording
from webhook_engine.process.recording import Recording
from webhook_engine.responses import Response
from webhook_engine.store import Store
from webhook_engine.variables import CallContext, CallEvent

TENANT = "Euphoria"
SECRET = "s3cr/t <key>&more"
DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]
record_events = {most}
record_days = {days}

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
authentication = "credentials"
username = "naledi"
password = {{ env = "CRM_PASSWORD" }}

[[webhook]]
name = "Lookup"
group = "CRM"
type = "ajax-get"
url = "{url}/lookup?call={{CALL_SIPID}}"

[[webhook]]
name = "Report"
group = "CRM"
type = "ajax-post"
url = "{url}/calls"
delivery = "durable"
content_type = "json"

[[rule]]
name = "Look up"
on = ["ringing"]
webhooks = ["Lookup"]

[[rule]]
name = "Report"
on = ["ended"]
webhooks = ["Report"]
"""


def defined(most=10, days=14.0, url="https://crm.example.com"):
    return read_text(DEFINITIONS.format(most=most, days=days, url=url))


def event(name, moment="ringing", **facts):
    return CallEvent(moment, CallContext(sip_id=name, extension="100-Euphoria", **facts), id=name)


def attempt(body=b"{}", *, headers=(), status=200, error=None):
    prepared = Preparation(defined().compiled("Lookup")).prepare
    response = None if error else Response(status=status, headers=headers, body=body)
    return Attempt(number=1, prepared=prepared, response=response, error=error)


@pytest.fixture
async def store(tmp_path):
    async with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        yield store


@pytest.fixture
def recorder(store):
    """
    A recording of an engine with these definitions.
    """

    async def recorder(*, is_shared=False, **definitions):
        secrets = LocalSecrets(environ={"CRM_PASSWORD": SECRET})
        tenancy = SimpleNamespace(name=TENANT, resolve=secrets.resolve)
        found = Recording(store, Engine(defined(**definitions)), tenancy, is_shared=is_shared)
        await found.begin()
        return found

    return recorder


async def recorded(store):
    return await store.recordings.last(TENANT, 100)


# --- What is recorded --------------------------------------------------------------------------------


async def test_an_event_and_what_came_of_it(recorder, store):
    """
    Every try in its order, also where it comes later than the event was written down.
    """
    recording = await recorder()

    recording.note_events([event("1")])
    recording.note_attempt("1", "Lookup", attempt(status=503))
    await recording.save()
    recording.note_attempt("1", "Lookup", attempt(b'{"id": 7}', headers=(("Content-Type", "text/plain"),)))
    await recording.save()

    [found] = await recorded(store)
    assert ("1", "ringing", "1") == (found["id"], found["moment"], found["call"]["CALL_SIPID"])
    assert [
        {"status": 503, "headers": {}, "body": "{}"},
        {"status": 200, "headers": {"Content-Type": "text/plain"}, "body": '{"id": 7}'},
    ] == found["responses"]["Lookup"]


FAULTS = {
    "a target that hangs": (TimedOut(target="crm", after_s=4), {"fault": "time-out"}),
    "nobody there": (ConnectFailed("no", target="crm"), {"fault": "no-connection"}),
    "what we refuse ourselves": (LimitExceeded("no", target="crm"), None),
}


@pytest.mark.parametrize(("error", "told"), FAULTS.values(), ids=FAULTS.keys())
def test_what_went_wrong_is_recorded_as_tests_name_it(error, told):
    """
    As far as it is the target's doing.
    """
    assert told == answer_of(attempt(error=error), bytes)


def test_bytes_stay_bytes():
    """
    In base64 where they are no text.
    """
    told = answer_of(attempt(b"\xe9t\xe9"), bytes)

    assert b64encode(b"\xe9t\xe9").decode() == told["body_base64"]


def test_a_long_body_is_left_out():
    """
    Its beginning would be read as something else.
    """
    told = answer_of(attempt(b"x" * (BODY_BYTES + 1)), bytes)

    assert {"status": 200, "headers": {}, "left_out": "a body of 262,145 bytes"} == told


# --- Secrets -----------------------------------------------------------------------------------------

ENCODED = {
    "as it is": SECRET,
    "in a URL": quote(SECRET, safe=""),
    "in JSON": json.dumps(SECRET),
    "in XML": SECRET.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    "in base64": b64encode(f"naledi:{SECRET}".encode()).decode(),
}


@pytest.mark.parametrize("text", ENCODED.values(), ids=ENCODED.keys())
async def test_a_secret_is_recorded_in_no_encoding(recorder, store, text):
    """
    Neither in a call nor in a response, whichever group it belongs to; everything else stays.
    """
    recording = await recorder()

    recording.note_events([event("1", notes=f"before {text} after")])
    body = f"before {text} after".encode()
    recording.note_attempt("1", "Report", attempt(body, headers=(("X-Echo", text), ("Set-Cookie", "id=7"))))
    await recording.save()

    [found] = await recorded(store)
    [response] = found["responses"]["Report"]
    for told in (found["call"]["CALL_NOTES"], response["body"], response["headers"]["X-Echo"]):
        assert text not in told
        assert "***" in told
    assert found["call"]["CALL_NOTES"].startswith("before ")
    assert "***" == response["headers"]["Set-Cookie"]


async def test_a_user_name_is_no_secret(recorder, store):
    """
    Nor is anything else that anybody may know.
    """
    recording = await recorder()

    recording.note_events([event("1", notes="naledi")])
    await recording.save()

    [found] = await recorded(store)
    assert "naledi" == found["call"]["CALL_NOTES"]


async def test_an_event_named_by_a_secret_is_left_out(recorder, store):
    """
    Nobody could find it by another id.
    """
    recording = await recorder()

    recording.note_events([event(SECRET), event("1")])
    await recording.save()

    assert ["1"] == [each["id"] for each in await recorded(store)]


async def test_one_of_thousands_of_secrets_is_found():
    """
    In every encoding, also where it stands at the end of a text.
    """
    secrets = {f"KEY_{number}": f"sk/{number:05} x{number * 7919 % 99991:05}" for number in range(3000)}
    members = "".join(
        f'[[agent]]\nextension = "{number}-E"\n'
        f'[[group.member]]\nextension = "{number}-E"\nkey = {{ env = "KEY_{number}" }}\n'
        for number in range(3000)
    )
    group = '[tenant]\nname = "E"\n[[group]]\nname = "CRM"\nauthentication = "api-key"\nlevel = "user"\nkey_name = "X"\n'
    hiding = Hiding(LocalSecrets(environ=secrets))

    hiding.reveal(read_text(group + members))

    secret = secrets["KEY_1234"]
    for text in (
        secret,
        quote(secret, safe=""),
        json.dumps(secret),
        b64encode(f"a:{secret}".encode()).decode(),
    ):
        assert text.encode() not in hiding.hide(f"it is {text}".encode()), text
    assert b"nothing of the kind 12345" == hiding.hide(b"nothing of the kind 12345")


async def test_what_json_does_not_hold_is_left_out(recorder, store):
    """
    Such as a number of a hundred digits; what came with it is recorded.
    """
    recording = await recorder()

    recording.note_events([event("1", extra={"BUDGET": 10**100}), event("2")])
    await recording.save()

    assert ["2"] == [each["id"] for each in await recorded(store)]


# --- Bounds ------------------------------------------------------------------------------------------


async def test_nothing_is_recorded_unless_a_tenant_asks(recorder):
    """
    Then the engine tells nobody.
    """
    recording = await recorder(most=0)

    assert recording._engine._recorder is None
    assert recording._engine._shown.recorder is None


async def test_only_the_newest_are_recorded(recorder, store):
    """
    In memory and in the store; what comes of those that are gone is left out.
    """
    recording = await recorder(most=2)

    recording.note_events([event(str(number)) for number in range(5)])
    await recording.save()
    recording.note_events([event("5")])
    recording.note_attempt("3", "Lookup", attempt())
    recording.note_attempt("5", "Lookup", attempt())
    held = [each.event_id for each in recording._noted]
    await recording.save()

    assert ["5"] == held
    assert [("4", {}), ("5", {"Lookup": [{"status": 200, "headers": {}, "body": "{}"}]})] == [
        (each["id"], each["responses"]) for each in await recorded(store)
    ]


async def test_bodies_that_wait_are_bounded(recorder, store, monkeypatch):
    """
    What is beyond that is left out, and there is room again when they are written.
    """
    monkeypatch.setattr(recording, "_HELD_BYTES", 2000)
    found = await recorder()

    found.note_events([event("1")])
    for _ in range(3):
        found.note_attempt("1", "Lookup", attempt(b"x" * 600))
    await found.save()
    found.note_attempt("1", "Lookup", attempt(b"x" * 600))
    await found.save()

    [told] = await recorded(store)
    assert 2 == len(told["responses"]["Lookup"])


async def test_what_a_tenant_does_not_want_any_more_goes(recorder, store):
    """
    At the next look, where nothing is recorded from now on.
    """
    before = await recorder()
    before.note_events([event("1")])
    await before.save()

    after = await recorder(most=0)
    await after.save()

    assert () == await recorded(store)


async def test_what_is_old_goes_though_nothing_comes(recorder, store):
    """
    Days may be parts of one.
    """
    before = await recorder()
    before.note_events([event("1")])
    await before.save()

    after = await recorder(days=1e-9)
    await after.save()

    assert () == await recorded(store)


async def test_what_the_store_does_not_take_is_tried_again(recorder, store, monkeypatch):
    """
    Nothing is written twice.
    """
    found = await recorder()
    found.note_events([event("1")])
    found.note_attempt("1", "Lookup", attempt())

    async def unavailable(*_):
        raise StoreUnavailable(path="store.db", why="there is no room")

    with monkeypatch.context() as broken:
        broken.setattr(store.recordings, "add", unavailable)
        await found.save()
    await found.save()
    await found.save()

    [told] = await recorded(store)
    assert 1 == len(told["responses"]["Lookup"])


async def test_what_another_process_took_is_recorded_where_it_is_tried(recorder, store):
    """
    Where several work on one database; of an event that none of them recorded nothing is.
    """
    taking, trying = await recorder(), await recorder(is_shared=True)
    taking.note_events([event("1")])
    await taking.save()

    trying.note_attempt("1", "Report", attempt())
    trying.note_attempt("2", "Report", attempt())
    await trying.save()

    [told] = await recorded(store)
    assert ["Report"] == [*told["responses"]]


async def test_what_comes_after_a_restart_belongs_to_the_event_before_it(recorder, store):
    """
    A delivery may be tried again by the next process.
    """
    before = await recorder()
    before.note_events([event("1")])
    await before.save()

    after = await recorder()
    after.note_attempt("1", "Report", attempt())
    await after.save()

    [told] = await recorded(store)
    assert ["Report"] == [*told["responses"]]
