"""
What no test reaches is told, down to the branch.
"""

import re

import pytest

from webhook_engine.definitions import read_text
from webhook_engine.testing import rehearse_now
from webhook_engine.testing.rehearsal.coverage import unreached

RULES = """
[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Lookup"
type = "ajax-get"
url = "https://crm.example.com/{% if CALL_QUEUE %}queues{% else %}all{% endif %}"

  [[webhook.parameter]]
  name = "way"
  value = "{{ 'in' if CALL_DIR == 'incoming' else 'out' }}"
  when_empty = "omit"

  [[webhook.outcome]]
  when = "response.error is defined"
  is = "refused"
  say = "{% if response.error.text is defined %}{{ response.error.text }}{% else %}Refused.{% endif %}"

  [[webhook.outcome]]
  when = "status == 418"
  is = "target-failed"

[[rule]]
name = "A call rings"
on = ["ringing"]
when = "CALL_CRMTAG != 'quiet'"
webhooks = ["Lookup"]
"""

TEST = """
[[test]]
name = "NAME"
event = "ringing"
given = { EXTENSION = "100-Euphoria", GIVEN }
response = [{ webhook = "Lookup", body = BODY }]
expect = [{ webhook = "Lookup" }]
"""

FIRST = {"GIVEN": 'CALL_QUEUE = "Sales", CALL_DIR = "incoming"', "BODY": '{ error = { text = "no" } }'}
SECOND = {"GIVEN": 'CALL_DIR = "outgoing"', "BODY": "{ error = { code = 1 } }"}
FULL = {
    "the URL's else": "webhook 'Lookup', url: line 1, column 25: 'if CALL_QUEUE' holds in every test that comes there",
    "a parameter's other value": (
        "webhook 'Lookup', parameter 'way': line 1, column 1: \"'in' if CALL_DIR == 'incoming' else 'out'\" holds in "
        "every test that comes there"
    ),
    "when_empty": "webhook 'Lookup', parameter 'way': is empty in no test, so when_empty = 'omit' is not tried",
    "a sentence's else": (
        "webhook 'Lookup', outcome[1]: response.error is defined: line 1, column 1: 'if response.error.text is defined' holds in "
        "every test that comes there"
    ),
    "an outcome": "webhook 'Lookup': no response has outcome[2]: status == 418",
    "a condition": "rule 'A call rings': its condition holds in every test that asks it",
}  # fmt: skip


WORDS = """
[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Lookup"
type = "browser-window"
url = "https://crm.example.com/"

[[rule]]
name = "First"
on = ["ended", "disposed"]
call_queue = ["Sales", "Support"]
direction = "incoming"
disposition = ["Failed", "Unsure"]
when = "CALL_CRMTAG and CALL_OUTCOME != 'none'"
webhooks = ["Lookup"]
stop = true

[[rule]]
name = "Last"
on = ["disposed"]
webhooks = ["Lookup"]
"""

MATCHES = 'CALL_QUEUE = "Sales", CALL_DIR = "incoming", CALL_DISPOSITION = "Failed", CALL_CRMTAG = "7", CALL_OUTCOME = "no"'
OTHERS = {
    "a moment": "matches in no test with on = 'disposed'",
    "a call queue": "matches in no test with call_queue = 'Support'",
    "a disposition": "matches in no test with disposition = 'Unsure'",
    "the queues": "its call_queue alone keeps no call of a test out",
    "the direction": "its direction alone keeps no call of a test out",
    "the dispositions": "its disposition alone keeps no call of a test out",
    "the condition": "its condition holds in every test that asks it",
    "the stop": "stops no other rule in any test",
}


def played(moment, given, **changes):
    """
    A test in which the first rule matches, but for the changes.
    """
    text = given
    for name, value in changes.items():
        text = re.sub(rf'{name} = "[^"]*"', f'{name} = "{value}"', text)
    return f"""
[[test]]
name = "{moment} {sorted(changes.items())}"
event = "{moment}"
given = {{ EXTENSION = "100-Euphoria", {text} }}
others = true
expect = [{{ webhook = "Lookup", pop = "open" }}]
"""


def told(*tests):
    """
    What no test reaches of the first rule.
    """
    definitions = read_text("".join((WORDS, *tests)))
    found = unreached(definitions, rehearse_now(definitions).results)
    return [each.what for each in found if each.where == "rule 'First'"]


def test_what_a_rule_asks_without_an_expression_is_a_condition_too():
    """
    Each word of its lists must let a call in, and each key keep one out that the others let in.
    """
    assert sorted(OTHERS.values()) == sorted(told(played("ended", MATCHES)))


SHUT = {"CALL_QUEUE": "Renewals", "CALL_DIR": "outgoing", "CALL_DISPOSITION": "Success"}


@pytest.mark.parametrize(
    ("name", "gap"),
    list(zip(SHUT, ("the queues", "the direction", "the dispositions"), strict=True)),
    ids=SHUT,
)
def test_a_key_that_keeps_a_call_out_by_itself_is_not_told(name, gap):
    """
    With the others as they are, it is the one that decides.
    """
    found = told(played("ended", MATCHES), played("ended", MATCHES, **{name: SHUT[name]}))

    assert OTHERS[gap] not in found


def test_two_keys_that_keep_a_call_out_together_prove_neither():
    """
    Either might be missing, and the test would pass.
    """
    found = told(
        played("ended", MATCHES), played("ended", MATCHES, CALL_QUEUE="Renewals", CALL_DIR="outgoing")
    )

    assert {OTHERS["the queues"], OTHERS["the direction"]} <= set(found)


def test_a_part_of_a_condition_that_always_holds_is_told():
    """
    One part that fails proves nothing of the other.
    """
    found = told(played("ended", MATCHES), played("ended", MATCHES, CALL_CRMTAG=""))

    assert "its condition's \"CALL_OUTCOME != 'none'\" holds in every test that comes there" in found
    assert OTHERS["the condition"] not in found


def test_what_every_word_reaches_is_not_told():
    """
    Nothing is left of the first rule.
    """
    found = told(
        played("ended", MATCHES),
        played("disposed", MATCHES, CALL_QUEUE="Support", CALL_DISPOSITION="Unsure"),
        *(played("disposed", MATCHES, **{name: value}) for name, value in SHUT.items()),
        played("disposed", MATCHES, CALL_CRMTAG=""),
        played("disposed", MATCHES, CALL_OUTCOME="none"),
    )

    assert [] == found


CHAIN = """
[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Lookup"
type = "ajax-get"
url = "https://crm.example.com/"

[[webhook]]
name = "Page"
type = "browser-window"
url = "https://crm.example.com/{DYNAMIC_PARAMETER}"

[[rule]]
name = "First"
on = ["ringing"]
webhooks = ["Lookup"]

  [[rule.then]]
  webhook = "Page"
  on = ["ok", "refused"]
  when = "response.id != 7"
  value = "response.id"
"""
PAGE = """
[[test]]
name = "NAME"
event = "ringing"
given = { EXTENSION = "100-Euphoria" }
others = true
response = [{ webhook = "Lookup", status = STATUS, body = { id = ID } }]
expect = [{ webhook = "Lookup" }]
"""
LED = {
    "nothing": ([], ["matches in no test"]),
    "a response that it does not want": ([(500, 1)], ["no response of 'Lookup' leads to 'Page'"]),
    "one that it wants": (
        [(200, 1)],
        [
            "no response of 'Lookup' leads to 'Page' with on = 'refused'",
            "the condition of then[1] 'Page' holds in every test that asks it",
        ],
    ),
    "one for each outcome": (
        [(200, 1), (422, 1)],
        ["the condition of then[1] 'Page' holds in every test that asks it"],
    ),
    "and one that its condition keeps back": ([(200, 1), (422, 1), (200, 7)], []),
}


@pytest.mark.parametrize(("responses", "expected"), LED.values(), ids=LED.keys())
def test_a_link_of_a_chain_is_reached_outcome_by_outcome(responses, expected):
    """
    And its condition both ways.
    """
    tests = [
        PAGE.replace("NAME", str(number)).replace("STATUS", str(status)).replace("ID }", f"{ident} }}")
        for number, (status, ident) in enumerate(responses)
    ]
    definitions = read_text("".join((CHAIN, *tests)))
    found = unreached(definitions, rehearse_now(definitions).results)

    assert expected == [each.what for each in found if each.where == "rule 'First'"]


def gaps(*tests):
    text = RULES
    for number, parts in enumerate(tests):
        part = TEST.replace("NAME", f"test {number}")
        for key, value in parts.items():
            part = part.replace(key, value)
        text += part
    definitions = read_text(text)
    report = rehearse_now(definitions)
    assert () == report.failed
    return [str(each) for each in unreached(definitions, report.results)]


@pytest.mark.parametrize("gap", FULL.values(), ids=FULL.keys())
def test_one_way_is_not_the_other(gap):
    """
    A test goes one way through everything; each other way is named.
    """
    assert gap in gaps(FIRST)


def test_a_way_that_is_taken_is_not_told():
    """
    The second test goes the other ways, and what neither reaches stays.
    """
    assert sorted(FULL[each] for each in ("when_empty", "an outcome", "a condition")) == sorted(
        gaps(FIRST, SECOND)
    )
