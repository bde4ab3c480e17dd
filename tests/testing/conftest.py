"""
A small rule set, and one test played on it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from webhook_engine.definitions import read_text
from webhook_engine.testing.rehearsal import TestResult, rehearse_now

RULES = """
[tenant]
name = "Euphoria"
country = "ZA"

[[agent]]
extension = "100-Euphoria"

[[agent]]
extension = "101-Euphoria"

[[group]]
name = "CRM"
authentication = "api-key"
key_name = "X-Api-Key"
key = { env = "CRM_KEY" }

[[group]]
name = "Orders"
authentication = "oauth2"
oauth2 = { token_url = "https://id.example.com/token", client_id = "us", client_secret = { env = "ORDERS" } }

[[webhook]]
name = "Page"
type = "browser-window"
url = "https://crm.example.com/contacts/{CALLERID_NUMBER}"

[[webhook]]
name = "Lookup"
group = "CRM"
type = "ajax-get"
url = "https://crm.example.com/api/contacts"

  [[webhook.parameter]]
  name = "phone"
  value = "{{ CALLERID_NUMBER | e164 }}"
  when_empty = "skip"

  [[webhook.outcome]]
  when = "response.error is defined"
  is = "refused"
  say = "The CRM says {{ response.error }}"

[[webhook]]
name = "Last orders"
group = "Orders"
type = "ajax-get"
url = "https://orders.example.com/of/{DYNAMIC_PARAMETER}"

[[webhook]]
name = "Report"
type = "ajax-post"
delivery = "durable"
url = "https://crm.example.com/api/calls"
content_type = "json"

  [[webhook.parameter]]
  name = "contact.phone"
  value = "{{ CALLERID_NUMBER | e164 }}"
  when_empty = "omit"

  [[webhook.parameter]]
  name = "outcome"
  value = "{CALL_DISPOSITION}"
  when_empty = "fail"

[[webhook]]
name = "Report, XML"
type = "ajax-post"
delivery = "durable"
url = "https://old.example.com/calls"
content_type = "xml"
body_root = "call"

  [[webhook.parameter]]
  name = "contact.phone"
  value = "{CALLERID_NUMBER}"

[[webhook]]
name = "Report, form"
type = "ajax-post"
delivery = "durable"
url = "https://old.example.com/form"

  [[webhook.parameter]]
  name = "notes"
  value = "{CALLERID_NAME}"

[[rule]]
name = "Greet"
on = ["ringing"]
when = "CALL_QUEUE == 'Sales'"
webhooks = ["Lookup", "Page"]

  [[rule.then]]
  webhook = "Last orders"
  after = "Lookup"
  value = "response.id"

[[rule]]
name = "Tell"
on = ["disposed"]
webhooks = ["Report"]

[[rule]]
name = "Tell the old ones"
on = ["ended"]
webhooks = ["Report, XML", "Report, form"]
"""


@pytest.fixture
def play() -> Callable[[str], TestResult]:
    """
    What comes of one test, written as in a file.
    """

    def played(test: str) -> TestResult:
        definitions = read_text(RULES + "\n[[test]]\nname = 'the test'\n" + test, "rules.toml")
        (result,) = rehearse_now(definitions).results
        return result

    return played


RINGING = """
event = "ringing"
given = { CALLERID_NUMBER = "0821234567", CALL_QUEUE = "Sales", EXTENSION = "100-Euphoria", CALL_SIPID = "a1" }
"""
DISPOSED = """
event = "disposed"
given = { CALLERID_NUMBER = "0821234567", CALL_DISPOSITION = "Success", EXTENSION = "100-Euphoria" }
"""
ENDED = """
event = "ended"
given = { CALLERID_NUMBER = "0821234567", CALLERID_NAME = "a & b", EXTENSION = "100-Euphoria" }
"""
