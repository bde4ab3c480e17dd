"""
A thousand tests of a rule set, read and run as `webhook-engine check` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import Contender, Pace, compare
from webhook_engine.definitions import read_text
from webhook_engine.testing.rehearsal import rehearse_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.harness import Clock, Comparison

TESTS = 1_000

_RULES = """
[tenant]
name = "Euphoria"
country = "ZA"

[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Page"
type = "browser-window"
url = "https://crm.example.com/contacts/{DYNAMIC_PARAMETER}"

[[webhook]]
name = "Lookup"
type = "ajax-get"
url = "https://crm.example.com/api/contacts?phone={{ CALLERID_NUMBER | e164 }}"

[[webhook]]
name = "Report"
type = "ajax-post"
delivery = "durable"
url = "https://crm.example.com/api/calls"
content_type = "json"
body = '{"phone": "{CALLERID_NUMBER}", "outcome": "{CALL_DISPOSITION}"}'

[[rule]]
name = "Greet"
on = ["ringing"]
when = "CALL_QUEUE == 'Sales'"
webhooks = ["Lookup"]
then = [{ webhook = "Page", value = "response.id" }]

[[rule]]
name = "Tell"
on = ["disposed"]
webhooks = ["Report"]
"""

_PAIR = """
[[test]]
name = "a caller is looked up and their page opened, {number}"
event = "ringing"
given = {{ CALLERID_NUMBER = "0821234567", CALL_QUEUE = "Sales", EXTENSION = "100-Euphoria" }}
response = [{{ webhook = "Lookup", body = {{ id = {number}, name = "Ann" }} }}]

  [[test.expect]]
  webhook = "Lookup"
  url = "https://crm.example.com/api/contacts?phone=%2B27821234567"
  rows = [[{number}, "Ann"]]

  [[test.expect]]
  webhook = "Page"
  url = "https://crm.example.com/contacts/{number}"

[[test]]
name = "the outcome arrives at the second try, {number}"
event = "disposed"
given = {{ CALLERID_NUMBER = "0821234567", CALL_DISPOSITION = "Success", EXTENSION = "100-Euphoria" }}
response = [{{ webhook = "Report", status = 503 }}, {{ webhook = "Report", status = 201 }}]

  [[test.expect]]
  webhook = "Report"
  body = {{ phone = "0821234567", outcome = "Success" }}
  attempts = 2
  ends = "done"
"""


def run(pace: Pace) -> Iterator[Comparison]:
    """
    Reading alone, and reading and running.
    """
    text = _RULES + "".join(_PAIR.format(number=number) for number in range(TESTS // 2))
    report = rehearse_now(read_text(text))
    assert len(report.results) == TESTS
    assert not report.failed, str(report.failed[0].failures[0])
    contenders = [
        _timed("read", lambda: read_text(text), pace.clock),
        _timed("read and run", lambda: rehearse_now(read_text(text)), pace.clock),
    ]
    yield compare("check: 1,000 tests", contenders, pace.slow())


def _timed(name: str, act: Callable[[], object], clock: Clock) -> Contender:
    def take_a_turn() -> float:
        start = clock()
        act()
        return clock() - start

    return Contender(name, take_a_turn)
