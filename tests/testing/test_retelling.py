"""
What happened becomes a test that holds, and says what it leaves out.
"""

import asyncio

import pytest

from webhook_engine.definitions import read_text
from webhook_engine.testing.rehearsal import rehearse_now
from webhook_engine.testing.replay import Recorded
from webhook_engine.testing.retelling import CannotRetell, Meant, retell

RULES = """
[tenant]
name = "Euphoria"
country = "ZA"

[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Lookup"
type = "ajax-get"
url = "https://crm.example.com/contacts"

[[rule]]
name = "Look up"
on = ["ringing"]
when = "CALL_QUEUE == 'Sales'"
webhooks = ["Lookup"]
[[group]]
name = "Literal"
authentication = "api-key"
key_name = "X-Key"
key = "written out"

[[variable]]
name = "CAMPAIGN"

[[webhook]]
name = "Report"
group = "Literal"
type = "ajax-post"
url = "https://crm.example.com/calls/{DATETIME_DATE}"
content_type = "json"
delivery = "durable"
body = '''{"notes": "{CALL_NOTES}", "campaign": "{CAMPAIGN}"}'''

[[webhook]]
name = "People"
type = "ajax-get"
url = "https://crm.example.com/people"
max_redirects = 0

[[webhook.header]]
name = "Accept"
value = "text/xml"

[[webhook.outcome]]
when = "headers['x-locked'] is defined"
is = "refused"
say = "It is locked by {{ headers['x-locked'] }}"

[[webhook]]
name = "Person"
type = "browser-window"
url = "https://crm.example.com/people/{DYNAMIC_PARAMETER}"

[[rule]]
name = "Report"
on = ["disposed"]
webhooks = ["Report"]

[[rule]]
name = "People"
on = ["manual"]
webhooks = ["People"]

[[rule.then]]
webhook = "Person"
value = "response.id"
"""

DEFINITIONS = read_text(RULES)
SENT = {"method": "POST", "url": "https://crm.example.com/calls/2026-11-22_08-00-00"}


def happened(moment, responses=None, **call):
    known = {"EXTENSION": "100-Euphoria", "CALL_SIPID": "a84b4c"} | call
    document = {"id": "e1", "moment": moment, "at": "2026-11-22T10:00:00+02:00", "call": known}
    return Recorded.from_json(document | {"responses": responses or {}})


def disposed(responses=None, **call):
    known = {"CALL_DISPOSITION": "Success", "CALL_NOTES": 'say "hi"\n\\', "extra": {"CAMPAIGN": "Spring"}}
    return happened("disposed", responses, **(known | call))


def meant(webhook="Report", event_id="e1", **sent):
    return Meant(webhook=webhook, event_id=event_id, sent=sent)


def holds(retold, definitions=RULES):
    """
    Whether the text, put below the definitions, is a test that passes.
    """
    read = read_text(f"{definitions}\n{retold.text()}")
    [result] = rehearse_now(read).results[-1:]
    return result.passed, "\n".join(map(str, result.failures))


def answered(status=200, body="{}", **headers):
    return {"status": status, "headers": {"Content-Type": "application/json"} | headers, "body": body}


HAPPENED = {
    "a report that was tried twice": (
        disposed({"Report": [answered(503), {"fault": "time-out"}, answered()]}),
        meant(),
        ["attempts = 3", 'ends = "done"', 'fault = "time-out"', "status = 503"],
    ),
    "a report that is given up": (
        disposed({"Report": [answered(422, '{"error": "no"}')]}),
        meant(),
        ['ends = "dead"', "attempts = 1"],
    ),
    "a report that was sent elsewhere": (
        disposed({"Report": [answered(302, Location="/moved")]}),
        meant(),
        ['Location = "/moved"', "sent the request elsewhere (302), to /moved"],
    ),
    "an outcome that a header decides": (
        happened("manual", {"People": [answered(**{"X-Locked": "Ann", "Server": "nginx"})]}),
        meant("People"),
        ['X-Locked = "Ann"', 'sentence = "It is locked by Ann"'],
    ),
    "a report that nobody took": (
        disposed({"Report": [{"fault": "no-connection"}]}),
        meant(),
        ['ends = "retried"', 'fault = "no-connection"'],
    ),
    "a lookup with its table": (
        happened(
            "manual", {"People": [answered(body='[{"id": 7, "name": null}, {"id": 8, "name": "Ann"}]')]}
        ),
        meant("People"),
        ['columns = ["id", "name"]', '[8, "Ann"]', "{ absent = true }", 'Accept = "text/xml"'],
    ),
    "everything that starts": (
        happened("manual", {"People": [answered(body='{"id": 7}')]}),
        None,
        ['webhook = "Person"', 'after = "People"', "/people/7"],
    ),
    "an event that starts nothing": (happened("ended"), None, ["nothing = true"]),
}


@pytest.mark.parametrize(("recorded", "about", "told"), HAPPENED.values(), ids=HAPPENED.keys())
async def test_it_holds_and_says_what_happened(recorded, about, told):
    """
    By the definitions that it was written for.
    """
    text = (await retell(DEFINITIONS, recorded, meant=about)).text()

    assert [] == [each for each in told if each not in text], text


@pytest.mark.parametrize(("recorded", "about", "told"), HAPPENED.values(), ids=HAPPENED.keys())
def test_check_agrees(recorded, about, told):
    """
    As text below the definitions, read like any other test.
    """
    retold = asyncio.run(retell(DEFINITIONS, recorded, meant=about))

    assert (True, "") == holds(retold)


async def test_secrets_are_stood_for():
    """
    By name, or by `secret` where one is written out.
    """
    text = (await retell(DEFINITIONS, disposed(), meant=meant())).text()

    assert 'X-Key = "secret"' in text
    assert "written out" not in text


async def test_the_time_is_that_of_the_call():
    """
    So that what was rendered of it is expected, in the tenant's zone.
    """
    retold = await retell(DEFINITIONS, disposed(), meant=meant())

    assert SENT["url"] == retold.case.expect[0].url


LEFT_OUT = {
    "a variable that is not defined any more": (
        disposed(extra={"CAMPAIGN": "Spring", "OLD": 1}),
        meant(),
        "# Left out: the variables OLD, which are not defined.",
    ),
    "what else the event starts": (
        happened("manual", {"People": [answered(body='{"id": 7}')]}),
        meant("People"),
        "# Left out: 'Person', which the same event starts.",
    ),
    "an answer that was not kept": (
        disposed({"Report": [{"status": 200, "left_out": "long"}]}),
        meant(),
        "# Left out: what 'Report' was answered, which is not known in full.",
    ),
    "a secret that stood in the call": (
        disposed(CALL_NOTES="the key is ***"),
        meant(),
        "# A secret stood in this call; *** is in its place.",
    ),
    "another address than it was sent to": (
        disposed(),
        meant(url="https://old.example.com/?key=***", method="POST"),
        "# When it was sent, its URL was 'https://old.example.com/?key=***'.",
    ),
    "many rows": (
        happened(
            "manual", {"People": [answered(body=str([{"id": n} for n in range(30)]).replace("'", '"'))]}
        ),
        meant("People"),
        "# Left out: the 30 rows of 'People'.",
    ),
}


@pytest.mark.parametrize(("recorded", "about", "said"), LEFT_OUT.values(), ids=LEFT_OUT.keys())
async def test_what_is_left_out_is_said(recorded, about, said):
    """
    In a comment above the test, and it holds all the same.
    """
    text = (await retell(DEFINITIONS, recorded, meant=about)).text()

    assert said in text.splitlines()


SAME = {
    "as it was": SENT,
    "with a secret hidden": {"url": "https://crm.***/calls/***"},
    "nothing was sent": {},
    "a body that was cut": SENT | {"body": "{", "truncated": True},
}


@pytest.mark.parametrize("sent", SAME.values(), ids=SAME.keys())
async def test_a_request_that_is_the_same_needs_no_word(sent):
    """
    Whatever stands in place of a secret.
    """
    retold = await retell(DEFINITIONS, disposed({"Report": [answered()]}), meant=meant(**sent))

    assert () == retold.left_out


CANNOT = {
    "a webhook that nothing starts": (disposed(), meant("People"), "does not start 'People'"),
    "one that the rules do not start any more": (
        disposed(),
        meant("Lookup"),
        "does not start 'Lookup': rule",
    ),
    "a delivery of another chain": (disposed(), meant(event_id=f"e1>{'0' * 32}"), "does not start 'Report'"),
    "bytes": (
        disposed({"Report": [{"status": 200, "headers": {}, "body_base64": "/w=="}]}),
        meant(),
        "the response of 'Report' is no text",
    ),
}


@pytest.mark.parametrize(("recorded", "about", "says"), CANNOT.values(), ids=CANNOT.keys())
async def test_what_cannot_be_told_is_refused(recorded, about, says):
    """
    With the reason, and nothing is written.
    """
    with pytest.raises(CannotRetell, match=says):
        await retell(DEFINITIONS, recorded, meant=about)


async def test_a_name_is_free():
    """
    Within the definitions, and wherever else it must be.
    """
    first = await retell(DEFINITIONS, disposed(), meant=meant(), name="a sale")
    second = await retell(DEFINITIONS, disposed(), meant=meant(), name="a sale", taken=["a sale"])

    assert ("a sale", "a sale (2)") == (first.case.name, second.case.name)
