"""
A delivery explains itself: what started it, what its request was made of, and what decided each attempt.
"""

import asyncio

import pytest

from webhook_engine import CallContext, CallEvent, Engine
from webhook_engine.definitions import read_text
from webhook_engine.dispatch import LocalSecrets
from webhook_engine.errors import NotFound
from webhook_engine.explaining import Origin, explain_delivery, lines_of, shown_event
from webhook_engine.explaining.hidden import HIDDEN_IN_CALL, event_without
from webhook_engine.hiding import Hiding
from webhook_engine.queue import DeliveryReport, SqliteQueue, State
from webhook_engine.testing import FakeTarget as Target

DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
authentication = "api-key"
key_name = "X-Api-Key"
key = { env = "EXPLAINED_KEY" }

[[webhook]]
name = "Report"
group = "CRM"
type = "ajax-post"
content_type = "json"
delivery = "durable"
url = "URL/calls/{CALL_QUEUE}"
parameter = [{ name = "notes", value = "{CALL_NOTES}" }]

  [[webhook.outcome]]
  when = "response.error is defined"
  is = "refused"
  say = "The CRM says {{ response.error }}"

[[webhook]]
name = "Moved"
type = "ajax-get"
delivery = "durable"
max_redirects = 2
url = "URL/old"

[[webhook]]
name = "Note"
type = "ajax-post"
content_type = "text"
delivery = "durable"
url = "URL/notes/{DYNAMIC_PARAMETER}"
body = "{CALL_NOTES}"

[[rule]]
name = "A call is over"
on = ["disposed"]
webhooks = ["Report"]

  [[rule.then]]
  webhook = "Note"
  value = "response.id"

[[rule]]
name = "A call ends"
on = ["ended"]
webhooks = ["Moved"]
"""

CALL = CallContext.from_tokens(
    {"CALL_QUEUE": "Sales", "CALL_NOTES": "Likes blue", "EXTENSION": "100-Euphoria"}, extra={"CASE": "7"}
)
DISPOSED = CallEvent("disposed", CALL, id="done-1")


@pytest.fixture
def crm(monkeypatch):
    monkeypatch.setenv("EXPLAINED_KEY", "canary-4711")
    with Target() as target:
        target.expect("POST", "/calls/Sales", status=201, body={"id": 11})
        target.expect("POST", "/notes/11", status=201)
        yield target


@pytest.fixture
def definitions(crm):
    return read_text(DEFINITIONS.replace("URL", crm.url))


async def explained(path, definitions, event, *, webhook, by=None, until=(State.DONE, State.DEAD)):
    """
    The explanation of what *event* delivered, as soon as it is in one of those states.
    """
    async with Engine(definitions, queue=path) as engine:
        await engine.notify(event)
        async with asyncio.timeout(60):
            while True:
                page = await engine.queue.list(webhook=webhook)
                if page.deliveries and page.deliveries[0].state in until and page.deliveries[0].attempts:
                    break
                await asyncio.sleep(0.01)
        report = await engine.queue.show(page.deliveries[0].id)
        return await explain_delivery(report, by or definitions, engine.queue.kept, secrets=LocalSecrets())


def texts(explanation):
    return [each.text for each in lines_of(explanation)]


async def test_every_step_is_told(tmp_path, definitions):
    """
    The rule with its reason, each variable with its source and encoder, the request, the attempt, the outcome.
    """
    found = await explained(tmp_path / "d.db", definitions, DISPOSED, webhook="Report")

    (start,) = found.starts
    assert ["A call is over"] == [each.rule for each in found.trace.rules if each.starts]
    assert [
        ("CALL_NOTES", "Likes blue", Origin.TOKEN, "body, parameter 'notes'", "json value"),
        ("CALL_QUEUE", "Sales", Origin.TOKEN, "url", "url path"),
        ("CREDENTIAL_KEY", "***", Origin.CREDENTIALS, "header 'X-Api-Key'", "header"),
    ] == [
        (each.name, each.value, each.source.origin, used.where, used.slot)
        for each in start.variables
        for used in each.used
    ]
    assert ("POST", '{"notes":"Likes blue"}') == (start.request["method"], start.request["body"])
    (attempt,) = start.attempts
    assert ("ok", 201, "127.0.0.1", "done", None) == (
        attempt.outcome, attempt.status, attempt.chosen, attempt.settled, attempt.wait_s,
    )  # fmt: skip
    assert attempt.decided_by.startswith("default: ")
    assert "canary" not in str(found.to_json())


async def test_the_outcome_rule_that_decided_is_named(crm, tmp_path, definitions):
    """
    With its sentence, and that the delivery is given up for it.
    """
    crm.expect("POST", "/calls/Sales", status=200, body={"error": "no such queue"})

    found = await explained(tmp_path / "d.db", definitions, DISPOSED, webhook="Report")

    (attempt,) = found.starts[0].attempts
    assert ("refused", "dead", "refused") == (attempt.outcome, attempt.settled, attempt.why)
    assert "response.error is defined" in attempt.decided_by or "outcome" in attempt.decided_by
    assert "The CRM says no such queue" in texts(found)


async def test_a_retry_is_told_with_its_wait(crm, tmp_path, definitions):
    """
    The status, the line of the table that wants it tried again, and after how long.
    """
    crm.expect("POST", "/calls/Sales", status=503)

    found = await explained(
        tmp_path / "d.db", definitions, DISPOSED, webhook="Report", until=(State.WAITING,)
    )

    attempt = found.starts[0].attempts[0]
    assert (503, "retry", "target-failed") == (attempt.status, attempt.settled, attempt.why)
    assert attempt.wait_s > 0
    assert any(f"tried again after {attempt.wait_s:g} s: target-failed" in each for each in texts(found))


async def test_redirects_are_told(crm, tmp_path, definitions):
    """
    Each address that was gone to.
    """
    crm.expect("GET", "/old", status=302, headers={"Location": "/new"})
    crm.expect("GET", "/new", body={"id": 1})

    event = CallEvent("ended", CALL, id="ended-1")
    found = await explained(tmp_path / "d.db", definitions, event, webhook="Moved")

    assert (f"{crm.url}/new",) == found.starts[0].attempts[0].redirects
    assert f"redirected to {crm.url}/new" in texts(found)


async def test_what_the_response_led_to_is_told(tmp_path, definitions):
    """
    The links of the rule's chain, by the response that is on record.
    """
    found = await explained(tmp_path / "d.db", definitions, DISPOSED, webhook="Report")

    (link,) = found.starts[0].follow.links
    assert ("Note", "followed") == (link.webhook, link.reason)


async def test_a_value_that_was_handed_on_names_the_response_it_is_from(tmp_path, definitions):
    """
    It is not the call's own DYNAMIC_PARAMETER.
    """
    found = await explained(tmp_path / "d.db", definitions, DISPOSED, webhook="Note")

    (handed,) = [each for each in found.starts[0].variables if each.name == "DYNAMIC_PARAMETER"]
    assert ("11", Origin.HANDED_ON, False) == (handed.value, handed.source.origin, handed.early)
    assert "handed on by the response of 'Report'" == handed.source.because
    assert "It was led to by Report: the rules below are those of its event." in found.notes


async def test_definitions_that_were_edited_since_do_not_change_what_was_sent(crm, tmp_path, definitions):
    """
    The rules are those of now, the request and its variables those of then; both are said.
    """
    edited = DEFINITIONS.replace("URL", crm.url).replace("/calls/{CALL_QUEUE}", "/other/{EXTENSION}")
    now = read_text(edited.replace('on = ["disposed"]', 'on = ["ringing"]'))

    found = await explained(tmp_path / "d.db", definitions, DISPOSED, webhook="Report", by=now)

    assert "CALL_QUEUE" in {each.name for each in found.starts[0].variables}
    assert found.starts[0].request["url"].endswith("/calls/Sales")
    assert "The rule 'A call is over' started it then, and would not now." in found.notes
    assert any("edited since it was accepted" in each for each in found.notes)


async def test_what_was_not_tried_yet_shows_the_request_that_it_would_be(tmp_path, definitions, monkeypatch):
    """
    No secret is asked for: it would be hidden anyway.
    """
    monkeypatch.delenv("EXPLAINED_KEY")
    async with Engine(definitions) as engine, SqliteQueue(tmp_path / "d.db") as queue:
        await engine._made.put([(DISPOSED, engine.match(DISPOSED).starts)], queue)
        (delivery,) = (await queue.list()).deliveries
        found = await explain_delivery(
            await queue.show(delivery.id), definitions, queue.kept, secrets=LocalSecrets()
        )

    (start,) = found.starts
    assert () == start.attempts
    assert ("***", '{"notes":"Likes blue"}') == (start.request["headers"]["X-Api-Key"], start.request["body"])


async def test_a_delivery_without_its_event_cannot_be_explained(definitions, tmp_path):
    """
    It was put by something else than rules.
    """
    found = await explained(tmp_path / "d.db", definitions, DISPOSED, webhook="Report")
    bare = {name: getattr(found.delivery, name) for name in DeliveryReport.__slots__} | {"reference": {}}

    with pytest.raises(NotFound, match="event of the delivery"):
        await explain_delivery(DeliveryReport(**bare), definitions, secrets=LocalSecrets())


SECRET = "canary-4711"
LEAKING = CallContext.from_tokens(
    {"CALL_QUEUE": "Sales", "CALL_NOTES": f"their key is {SECRET}", "EXTENSION": "100-Euphoria"},
    extra={"CASE": SECRET},
)


async def test_a_secret_in_the_calls_own_data_is_not_shown(crm, tmp_path, definitions):
    """
    Not among the variables, in the request, in what a condition read, in a response, or in what a response led to.
    """
    crm.expect("POST", "/calls/Sales", status=201, body={"id": 11, "said": SECRET})
    event = CallEvent("disposed", LEAKING, id=f"done-{SECRET}")

    found = await explained(tmp_path / "d.db", definitions, event, webhook="Report")

    assert SECRET not in str(found.to_json())
    assert not [each for each in texts(found) if SECRET in each]
    (notes,) = [each for each in found.starts[0].variables if each.name == "CALL_NOTES"]
    assert "their key is ***" == notes.value
    assert '{"notes":"their key is ***"}' == found.starts[0].request["body"]
    assert HIDDEN_IN_CALL in found.notes


async def test_a_time_that_is_a_secret_is_left_out(tmp_path, definitions):
    """
    A call cannot hold *** there, and shows nothing rather than a secret.
    """
    hiding = Hiding(LocalSecrets(environ={"EXPLAINED_KEY": "100-Euphoria"}))
    hiding.reveal(definitions)

    found = event_without(DISPOSED.to_json(), hiding)

    assert "Likes blue" == CallEvent.from_json(found).call.notes
    assert "100-Euphoria" not in str(found)


def test_an_event_is_shown_without_secrets(definitions):
    """
    Wherever somebody looks at what happened.
    """
    event = CallEvent("disposed", LEAKING, id="1")

    found = shown_event(event, LocalSecrets(environ={"EXPLAINED_KEY": SECRET}), definitions)

    assert ("their key is ***", {"CASE": "***"}) == (found.call.notes, dict(found.call.extra))


async def test_a_secret_that_cannot_be_read_is_named(tmp_path, definitions, monkeypatch):
    """
    Nobody takes for hidden what could not be looked for.
    """
    async with Engine(definitions) as engine, SqliteQueue(tmp_path / "d.db") as queue:
        await engine._made.put([(DISPOSED, engine.match(DISPOSED).starts)], queue)
        (delivery,) = (await queue.list()).deliveries
        report = await queue.show(delivery.id)
        monkeypatch.delenv("EXPLAINED_KEY")
        found = await explain_delivery(report, definitions, queue.kept, secrets=LocalSecrets())

    assert (
        "Secrets that cannot be read here are not looked for in the call's own data: env EXPLAINED_KEY."
        in found.notes
    )
