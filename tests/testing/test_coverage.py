"""
What no test reaches is told, down to the branch.
"""

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
