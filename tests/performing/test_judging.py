"""
What an attempt came to is put to the table as it was.
"""

from datetime import UTC, datetime

import pytest

from tests.performing.work import CRM, attempt, broken, performed
from webhook_engine.errors import RenderError, ResponseTooLarge, TimedOut
from webhook_engine.performing import Dead, Performed, Retry
from webhook_engine.performing.crashes import Crashes
from webhook_engine.performing.judging import facts_of, judge
from webhook_engine.queue import MAYBE_DELIVERED, Lease
from webhook_engine.responses import Outcome, Response

CROWD = b"<XML><Error>Concurrent API Calls Exceeded: The amount of concurrent calls exceeds 3</Error></XML>"


def a_lease(name="d1", **facts):
    given = {"attempt": 1, "failures": 0, "maybe_delivered": False, "put_at": datetime.now(UTC), **facts}
    return Lease(name, "e1", "CRM outcome", CRM, {}, None, token="token", **given)


def test_a_response_that_cannot_be_used_still_has_its_status():
    """
    An error may carry the response it is about.
    """
    error = ResponseTooLarge("too large", response=Response(status=503))

    assert 503 == facts_of(Performed(attempt=broken(error))).status


@pytest.mark.parametrize(
    ("body", "outcome", "crowded"),
    [(CROWD, Outcome.REFUSED, True), (CROWD, Outcome.OK, False), (b"<XML/>", Outcome.REFUSED, False)],
    ids=["a complaint", "a note about one", "another refusal"],
)
def test_only_a_complaint_says_that_it_is_too_much(body, outcome, crowded):
    """
    What was accepted is accepted, whatever words it holds.
    """
    assert crowded is facts_of(performed(200, body=body, outcome=outcome)).crowded


def test_only_a_failure_asks_for_a_pause():
    """
    `Retry-After` beside a 202 is about something else.
    """
    headers = [("Retry-After", "60")]

    hints = [facts_of(performed(status, headers=headers)).hint_s for status in (200, 202, 429, 503)]

    assert [None, None, 60.0, 60.0] == hints


OUTCOMES = {
    "as it was read": (performed(422), "refused"),
    "nobody knows": (Performed(attempt=broken(TimedOut(target=CRM, after_s=4))), MAYBE_DELIVERED),
    "never sent": (Performed(attempt=broken(TimedOut(target=CRM, after_s=4), sent=False)), "refused"),
    "never made": (Performed(error=RenderError("no")), "refused"),
    "answered, and not read": (Performed(attempt=attempt(500)), "target-failed"),
}


@pytest.mark.parametrize(("came", "outcome"), OUTCOMES.values(), ids=OUTCOMES.keys())
def test_the_record_has_one_word_for_it(came, outcome):
    """
    An outcome as agents know them, or that it may have been delivered.
    """
    assert outcome == judge(came, a_lease(), roll=1.0).record.outcome


def test_more_can_be_told():
    """
    Whoever performs adds to the record what only they know.
    """
    record = judge(performed(detail={"rule": "a failed sale"}), a_lease(), roll=1.0).record

    assert "a failed sale" == record.detail["rule"]
    assert "request" in record.detail


# --- Crashes ---------------------------------------------------------------------------------


def crash(crashes, name="d1", **facts):
    try:
        raise ValueError("what a caller said")
    except ValueError as error:
        return crashes.judge(a_lease(name, **facts), error, roll=1.0)


def test_the_third_crash_is_the_last():
    """
    Each one counts as a failure until then.
    """
    crashes = Crashes(3)

    ends = [crash(crashes, failures=n).settlement for n in range(3)]

    assert [Retry(5.0), Retry(10.0), Dead("poison")] == ends


def test_only_crashes_in_a_row_are_poison():
    """
    A delivery that came through in between starts anew.
    """
    crashes = Crashes(3)
    for _ in range(2):
        crash(crashes)
    crashes.forget(a_lease())

    assert isinstance(crash(crashes).settlement, Retry)


def test_crashes_are_remembered_within_bounds(monkeypatch):
    """
    However many deliveries crash.
    """
    monkeypatch.setattr("webhook_engine.performing.crashes._MOST", 2)
    crashes = Crashes(2)
    for name in ("first", "second", "third"):
        crash(crashes, name)

    ends = [type(crash(crashes, name).settlement) for name in ("first", "third")]

    assert [Retry, Dead] == ends


def test_a_crash_tells_its_kind_and_place():
    """
    And nothing of what the error said.
    """
    detail = crash(Crashes(3)).record.detail

    assert "ValueError" == detail["error"]["kind"]
    assert "raised in crash, line" in detail["error"]["message"]
    assert "caller" not in str(detail)
