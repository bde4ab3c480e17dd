"""
A request that cannot be made is a dead delivery with its reason: nothing is sent, and nobody else waits for it.
"""

import time

import pytest

from tests.reliability.conftest import LOG, event, reports
from webhook_engine.queue import State

WHY = {
    "a value that a header cannot carry": (
        LOG + '[[webhook.header]]\nname = "X-Notes"\nvalue = "{CALL_NOTES}"\n',
        "1\r\nX-Admin: 1",
        "header",
    ),
    "a result beyond all bounds": (
        LOG + '[[webhook.header]]\nname = "X-Notes"\nvalue = "{{ CALL_NOTES * 50000000 }}"\n',
        "1",
        "262,144",
    ),
    "a loop without an end in sight": (
        LOG.replace(
            "{CALL_NOTES}", "{% for a in [1] * 9999 %}{% for b in [1] * 9999 %}{{ b }}{% endfor %}{% endfor %}"
        ),
        "1",
        "steps",
    ),
    "an expression that fails": (LOG.replace("{CALL_NOTES}", "{{ CALL_NOTES | int }}"), "no number", "whole number"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "notes", "says"), WHY.values(), ids=WHY.keys())
async def test_it_is_dead_with_its_reason(opened, target, patience, text, notes, says):
    """
    `template`, with the error on record, no request, and no more than a moment of everybody's time.
    """
    wrong = event(1)
    wrong = type(wrong)(wrong.moment, wrong.call.replace(notes=notes), id=wrong.id)
    async with opened(text) as engine:
        await engine.queue.stats()
        began = time.thread_time()
        (delivery,) = await engine.notify(wrong)
        took_s = time.thread_time() - began
        (found,) = await reports(engine)
        shown = await engine.queue.show(delivery.id)

    assert (State.DEAD, "template") == (found.state, found.reason)
    assert says in shown.records[0].detail["error"]["message"]
    assert [] == target.asked
    assert took_s < 0.1 * patience


async def test_a_rule_whose_condition_fails_stops_nobody(opened, target):
    """
    It does not match, the trace says why, and the other rules start what they start.
    """
    rule = '[[rule]]\nname = "Broken"\non = ["disposed"]\nwhen = "CALL_NOTES > 5"\nwebhooks = ["Log"]\nstop = true\npriority = 9\n'
    async with opened(LOG + rule) as engine:
        match = engine.match(event(1))
        await engine.notify(event(1))
        (found,) = await reports(engine)

    assert ["Broken"] == list(match.failed)
    assert State.DONE is found.state
    assert ["1"] == target.asked
