"""
One event and a thousand rules: ours, and conditions written as plain Python, asked one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import Pace, compare, repeated
from webhook_engine.definitions import Agent, Definitions, Rule, Webhook, WebhookType
from webhook_engine.rules import RuleSet
from webhook_engine.variables import CallContext, CallEvent, Direction, Moment, values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.harness import Comparison

RULES = 1_000

_MOMENTS = tuple(Moment)
_WEBHOOKS = tuple(
    Webhook(name=f"Webhook {number}", type=WebhookType.AJAX_GET, url="https://crm.example.com/")
    for number in range(20)
)
_EVENT = CallEvent(
    Moment.RINGING,
    CallContext(
        caller_number="0821234567",
        direction=Direction.INCOMING,
        call_queue="Queue 7",
        extension="100-Euphoria",
    ),
    id="event",
)


def run(pace: Pace) -> Iterator[Comparison]:
    """
    A floor's rules; then the worst there are: every one for this moment, with a condition to be asked.
    """
    yield _compared("rules: a floor of 1,000", _floor, _as_lambda_of_floor, pace)
    yield _compared("rules: 1,000 conditions asked", _asked, _as_lambda_of_asked, pace)
    yield _compared("rules: 1,000 that match", _matching, _as_lambda_of_matching, pace)
    yield _compared("rules: 1,000 with a filter", _filtered, _as_lambda_of_filtered, pace.slow())


def _floor(number: int) -> dict[str, object]:
    return {
        "on": (_MOMENTS[number % 6],),
        "call_queues": (f"Queue {number % 40}",) if number % 4 else (),
        "when": f"CALL_DIR == 'incoming' and CALLERID_NUMBER != '{number}'",
    }


def _as_lambda_of_floor(number: int) -> Callable[[Mapping[str, object]], object]:
    moment, queue, own = _MOMENTS[number % 6], f"Queue {number % 40}", str(number)
    return lambda v: (
        v["moment"] == moment
        and (not number % 4 or v["CALL_QUEUE"] == queue)
        and v["CALL_DIR"] == "incoming"
        and v["CALLERID_NUMBER"] != own
    )


def _asked(number: int) -> dict[str, object]:
    return {
        "on": (Moment.RINGING,),
        "when": f"CALL_DIR == 'incoming' and CALL_QUEUE in ['Queue {number}', 'Desk {number}']",
    }


def _as_lambda_of_asked(number: int) -> Callable[[Mapping[str, object]], object]:
    queues = (f"Queue {number}", f"Desk {number}")
    return lambda v: v["moment"] == "ringing" and v["CALL_DIR"] == "incoming" and v["CALL_QUEUE"] in queues


def _matching(number: int) -> dict[str, object]:
    return {"on": (Moment.RINGING,), "when": f"CALLERID_NUMBER != '{number}'"}


def _as_lambda_of_matching(number: int) -> Callable[[Mapping[str, object]], object]:
    own = str(number)
    return lambda v: v["moment"] == "ringing" and v["CALLERID_NUMBER"] != own


def _filtered(number: int) -> dict[str, object]:
    return {"on": (Moment.RINGING,), "when": f"CALL_QUEUE | lower == 'queue {number}'"}


def _as_lambda_of_filtered(number: int) -> Callable[[Mapping[str, object]], object]:
    queue = f"queue {number}"
    return lambda v: v["moment"] == "ringing" and str(v["CALL_QUEUE"]).lower() == queue


def _compared(
    name: str,
    facts: Callable[[int], dict[str, object]],
    condition: Callable[[int], Callable[[Mapping[str, object]], object]],
    pace: Pace,
) -> Comparison:
    definitions = Definitions.build(
        agents=[Agent(extension="100-Euphoria")],
        webhooks=_WEBHOOKS,
        rules=[
            Rule(name=str(number), webhooks=(f"Webhook {number % 20}",), **facts(number))  # type: ignore[arg-type]  # a rule's own
            for number in range(RULES)
        ],
    )
    rules = RuleSet(definitions)
    conditions = [(str(number), condition(number)) for number in range(RULES)]

    def one_by_one() -> list[str]:
        values = {**values_of(_EVENT.call, definitions.tenant), "moment": str(_EVENT.moment)}
        return [name for name, holds in conditions if holds(values)]

    matched = [each.rule for each in rules.match(_EVENT).trace.rules if each.reason == "matched"]
    assert matched == one_by_one(), name
    return compare(
        name,
        [
            repeated("lambdas, one by one", one_by_one, pace),
            repeated("ours", lambda: rules.match(_EVENT), pace),
        ],
        pace,
    )
