"""
A recorded event explains all that it started: lookups, windows, deliveries, and what their responses led to.
"""

import pytest

from webhook_engine.definitions import read_text
from webhook_engine.dispatch import LocalSecrets
from webhook_engine.explaining import explain_recorded, lines_of
from webhook_engine.explaining.hidden import HIDDEN_IN_CALL

DEFINITIONS = """
[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
authentication = "api-key"
key_name = "X-Api-Key"
key = { env = "CRM_KEY" }

[[webhook]]
name = "Lookup"
group = "CRM"
type = "ajax-get"
url = "https://crm.example.com/contacts"
parameter = [{ name = "phone", value = "{CALLERID_NUMBER}", when_empty = "skip" }]

  [[webhook.outcome]]
  when = "response.error is defined"
  is = "refused"
  say = "The CRM says {{ response.error }}"

[[webhook]]
name = "Page"
type = "browser-window"
url = "https://crm.example.com/contacts/{DYNAMIC_PARAMETER}"

[[webhook]]
name = "New"
type = "browser-window"
url = "https://crm.example.com/new"

[[webhook]]
name = "Other"
type = "ajax-get"
url = "https://crm.example.com/other"
enabled = false

[[rule]]
name = "A call rings"
on = ["ringing"]
webhooks = ["Lookup"]

  [[rule.then]]
  webhook = "Page"
  value = "response.id"

  [[rule.then]]
  webhook = "New"
  on = ["skipped"]

[[rule]]
name = "A call ends"
on = ["ended"]
webhooks = ["Other"]
"""
SECRET = "canary-4711"


def explained(*responses, webhook="Lookup", moment="ringing", **call):
    """
    The explanation of a recorded event whose lookup was answered so.
    """
    document = {
        "id": "1",
        "moment": moment,
        "at": "2026-11-22T10:00:00+02:00",
        "call": {"CALLERID_NUMBER": "0821234567", "EXTENSION": "100-Euphoria", **call},
        "responses": {webhook: list(responses)} if responses else {},
    }
    secrets = LocalSecrets(environ={"CRM_KEY": SECRET})
    return explain_recorded(document, read_text(DEFINITIONS), secrets=secrets)


def texts(explanation):
    return [each.text for each in lines_of(explanation)]


def answered(body, status=200):
    return {"status": status, "headers": {"Content-Type": "application/json"}, "body": body}


def test_every_attempt_is_judged_and_the_last_leads_on():
    """
    A connection that broke, then a contact, and the page that it led to.
    """
    found = explained({"fault": "reset"}, answered('{"id": 7}'))

    lookup, page = found.starts
    assert [("reset", None), ("ok", 200)] == [(each.outcome, each.status) for each in lookup.attempts]
    assert ("Page", "7") == (page.start.webhook, page.start.dynamic_parameter)
    assert "https://crm.example.com/contacts/7" == page.request["url"]
    assert {"Lookup sent:", "Page opens, led to by Lookup:"} <= set(texts(found))


def test_the_outcome_rule_that_decides_is_named():
    """
    With its sentence; a refusal leads to nothing.
    """
    found = explained(answered('{"error": "no licence"}'))

    (lookup,) = found.starts
    (attempt,) = lookup.attempts
    assert ("refused", "The CRM says no licence", "outcome[1]: response.error is defined") == (
        attempt.outcome,
        attempt.sentence,
        attempt.decided_by,
    )
    assert not [each for each in lookup.follow.links if each.starts]


def test_what_an_empty_value_kept_back_leads_on_too():
    """
    Nothing was sent, and that is an outcome of which a chain may go on.
    """
    found = explained(CALLERID_NUMBER="")

    assert ["Lookup", "New"] == [each.start.webhook for each in found.starts]
    assert found.starts[0].is_skipped


MISSING = {
    "no response at all": ((), "no answer to it is recorded"),
    "one that was too long": (
        ({"status": 200, "headers": {}, "left_out": "a body of 300,000 bytes"},),
        "not kept: a body of 300,000 bytes",
    ),
}


@pytest.mark.parametrize(("responses", "says"), MISSING.values(), ids=MISSING.keys())
def test_what_is_not_recorded_is_said(responses, says):
    """
    And no chain is guessed.
    """
    found = explained(*responses)

    assert ["Lookup"] == [each.start.webhook for each in found.starts]
    assert says in texts(found)


def test_bytes_that_are_no_text_are_judged_as_they_are():
    """
    As Base64 brings them.
    """
    found = explained(
        {"status": 200, "headers": {"Content-Type": "image/png"}, "body_base64": "iVBORw0KGgo="}
    )

    assert ["target-failed"] == [each.outcome for each in found.starts[0].attempts]


def test_a_disabled_webhook_is_told():
    """
    It starts, and nothing of it is sent.
    """
    found = explained(moment="ended")

    assert ["Other"] == [each.start.webhook for each in found.starts]
    assert "disabled" in str(found.starts[0].error)


def test_a_secret_is_not_shown():
    """
    Neither of the call nor of a response, as another process may have recorded it.
    """
    found = explained(answered(f'{{"id": "{SECRET}"}}'), CALL_NOTES=f"key {SECRET}")

    assert SECRET not in str(found.to_json())
    assert HIDDEN_IN_CALL in found.notes
