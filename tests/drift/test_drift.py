"""
A selected column that vanishes or changes its type is noticed, once, and not before it is sure.
"""

import logging
from decimal import Decimal

import pytest

from webhook_engine.drift import Drift, DriftSettings, Way
from webhook_engine.responses import AgentView, Column, Outcome

K = DriftSettings().streak
EACH = DriftSettings(every_s=0.0)


def shown(*values, path="id"):
    """
    A view of one column with these cells.
    """
    return AgentView(
        outcome=Outcome.OK, sentence="", columns=(Column(path=path),), rows=tuple((each,) for each in values)
    )


def drifted(*views, drift=None, revision="r"):
    drift = drift or Drift(EACH)
    for view in views:
        drift.note("Lookup", revision, view)
    return [(each.column, each.way, each.was, each.now, each.responses) for each in drift.findings()]


NUMBERS, TEXTS, GONE = [shown(7)] * K, [shown("7")] * K, [shown(None, None)] * K

DRIFTS = {
    "vanished": (NUMBERS + GONE, [("id", Way.VANISHED, "number", "", K)]),
    "another type": (NUMBERS + TEXTS, [("id", Way.CHANGED, "number", "text", K)]),
    "never there": (GONE, [("id", Way.UNKNOWN, "", "", K)]),
    "one short of vanished": (NUMBERS + GONE[1:], []),
    "one short of another type": (NUMBERS + TEXTS[1:], []),
    "not known long enough": (NUMBERS[1:] + GONE, []),
    "came back": ([*NUMBERS, *GONE, shown(8)], []),
    "is a number again": ([*NUMBERS, *TEXTS, shown(8)], []),
    "in one of many rows": (NUMBERS + [shown(None, None, 3)] * K, []),
    "both types at once": (NUMBERS + [shown("7", 7)] * K, []),
    "kinds of numbers": (NUMBERS + [shown(7.5), shown(Decimal("7.5"))] * K, []),
    "truth is no number": (NUMBERS + [shown(True)] * K, [("id", Way.CHANGED, "number", "true or false", K)]),
    "two types from the start": ((NUMBERS + TEXTS)[3 : 3 + K] + TEXTS + NUMBERS, []),
}


@pytest.mark.parametrize(("views", "expected"), DRIFTS.values(), ids=DRIFTS.keys())
def test_what_counts_as_drift(views, expected):
    """
    So many in a row, after so many that say what is usual.
    """
    assert expected == drifted(*views)


def test_a_column_that_is_often_missing_is_missed_later():
    """
    Three times its longest absence, so that what is rare by nature is not taken for gone.
    """
    rare = [shown(None)] * (K - 1)
    learnt = [each for _ in range(K) for each in (shown(7), *rare)]

    assert [] == drifted(*learnt, shown(7), *[shown(None)] * (3 * (K - 1) - 1))
    assert [Way.VANISHED] == [each[1] for each in drifted(*learnt, shown(7), *[shown(None)] * 3 * (K - 1))]


def test_a_finding_is_told_once(caplog):
    """
    One event in the log, however long it lasts.
    """
    with caplog.at_level(logging.INFO, logger="webhook_engine"):
        drifted(*NUMBERS, *GONE, *GONE)

    assert 1 == len([each for each in caplog.records if "column.drifted" in str(each.msg)])


def test_an_edit_begins_anew():
    """
    Other columns, other types: nothing of before says what is usual.
    """
    drift = Drift(EACH)
    drifted(*NUMBERS, drift=drift)

    assert [] == drifted(*TEXTS, drift=drift, revision="another")


def test_findings_of_what_was_edited_or_deleted_are_forgotten():
    """
    As soon as the definitions say so, not with the next response.
    """
    kept, edited, gone = Drift(EACH), Drift(EACH), Drift(EACH)
    for drift, revision in ((kept, "r"), (edited, "another"), (gone, None)):
        drifted(*NUMBERS, *GONE, drift=drift)
        drift.retain(lambda _, revision=revision: revision)

    assert [1, 0, 0] == [len(each.findings()) for each in (kept, edited, gone)]


def test_responses_that_come_at_once_cost_one_look():
    """
    Ten thousand agents do not make the engine count columns.
    """
    now = 0.0
    drift = Drift(DriftSettings(every_s=0.05), clock=lambda: now)
    for _ in range(100):
        drift.note("Lookup", "r", shown(1))
    now = 0.06
    drift.note("Lookup", "r", shown(1))

    assert 2 == drift.looks


def test_what_is_kept_is_bounded():
    """
    The webhook that was looked at first gives way; of columns the first ones count.
    """
    drift = Drift(DriftSettings(every_s=0.0, webhooks=2, columns=1))
    wide = AgentView(
        outcome=Outcome.OK, sentence="", columns=(Column(path="a"), Column(path="b")), rows=((1, 2),)
    )
    for name in ("one", "two", "three"):
        drift.note(name, "r", wide)

    told = drift.to_json()
    assert (["two", "three"], ["a"]) == (list(told), list(told["three"]["columns"]))


def test_it_is_the_same_after_it_was_written_down():
    """
    Findings, and how close others are.
    """
    drift = Drift(EACH)
    drifted(*NUMBERS, *GONE[1:], drift=drift)
    found = Drift.from_json(drift.to_json(), EACH)

    assert drift.to_json() == found.to_json()
    assert [Way.VANISHED] == [each[1] for each in drifted(shown(None), drift=found)]
    assert found.findings() == Drift.from_json(found.to_json()).findings()
