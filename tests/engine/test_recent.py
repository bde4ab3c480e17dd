"""
What was just put into the queue is at hand when it is performed, as far as there is room.
"""

import json
import tracemalloc

import pytest

from webhook_engine.recent import Recent, RecentDeliveries, size_of
from webhook_engine.rules import Start
from webhook_engine.variables import CallContext, CallEvent, Moment

ROOM = 100_000
LATER_S = 60.0


def recent(event_id, *, notes="", at=0.0, extra=None, frozen=None):
    event = CallEvent(Moment.DISPOSED, CallContext(notes=notes, extra=extra or {}), id=event_id)
    reference = {"event": event.source()} | ({} if frozen is None else {"frozen": frozen})
    return Recent(Start(webhook="CRM outcome", event_id=event_id, rule="a rule"), event, reference, at)


def is_at_hand(kept, event_id):
    return kept.take(event_id, "CRM outcome") is not None


def test_it_is_handed_over_once():
    """
    Whoever performs the delivery takes it; a second try reads it again.
    """
    kept, put = RecentDeliveries(), recent("e1")

    assert kept.keep(put)

    assert put is kept.take("e1", "CRM outcome")
    assert kept.take("e1", "CRM outcome") is None


def test_so_many_are_kept():
    """
    What was put first is made first, so what comes later is not kept.
    """
    kept = RecentDeliveries(most=2)

    assert [True, True, False] == [kept.keep(recent(each)) for each in ("e1", "e2", "e3")]

    assert [True, True, False] == [is_at_hand(kept, each) for each in ("e1", "e2", "e3")]


@pytest.mark.parametrize(
    "long",
    [
        {"notes": "n" * 40_000},
        {"extra": {"SUMMARY": "s" * 40_000}},
        {"frozen": {"url": "u", "body": "b" * 40_000}},
    ],
    ids=["notes", "a custom variable", "a request that is made already"],
)
def test_so_many_bytes_are_kept(long):
    """
    However few deliveries that are; room that was given back is there for the next.
    """
    kept = RecentDeliveries(most_bytes=ROOM)

    assert [True, True, False] == [kept.keep(recent(each, **long)) for each in ("e1", "e2", "e3")]

    assert is_at_hand(kept, "e1")
    assert kept.keep(recent("e4", **long))


def test_what_has_no_room_at_all_keeps_the_others():
    """
    One delivery that is larger than all the room is read again, and nothing gives way to it.
    """
    kept = RecentDeliveries(most_bytes=ROOM)
    kept.keep(recent("e1"))

    assert not kept.keep(recent("e2", notes="n" * ROOM, at=LATER_S))

    assert is_at_hand(kept, "e1")


def test_what_was_not_made_in_a_minute_gives_way():
    """
    Another process may have made it.
    """
    kept = RecentDeliveries(most=2)
    kept.keep(recent("e1", at=0.0))
    kept.keep(recent("e2", at=1.0))

    assert kept.keep(recent("e3", at=LATER_S))
    assert not kept.keep(recent("e4", at=LATER_S))

    assert [False, True, True] == [is_at_hand(kept, each) for each in ("e1", "e2", "e3")]


def test_the_same_delivery_has_one_place():
    """
    Its room is counted once.
    """
    kept = RecentDeliveries(most_bytes=ROOM)

    assert all(kept.keep(recent("e1", notes="n" * 40_000)) for _ in range(10))


@pytest.mark.parametrize(
    ("notes", "variables"),
    [("", 0), ("n" * 10_000, 0), ("é" * 10_000, 0), ("", 500)],
    ids=["short", "long", "long, of two bytes", "many custom variables"],
)
def test_the_bytes_are_about_those_of_the_memory(notes, variables):
    """
    Within half of what they are.
    """
    documents = []
    for number in range(100):
        extra = {f"VARIABLE_{place}": f"{number}/{place}" for place in range(variables)}
        documents.append(
            json.dumps(recent(f"e{number}", notes=f"{notes}{number}", extra=extra).event.to_json())
        )
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        made = [CallEvent.from_json(json.loads(each), owned=True) for each in documents]
        kept = [
            Recent(Start(webhook="w", event_id=each.id, rule="r"), each, {"event": each.source()}, 0.0)
            for each in made
        ]
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (after - before) / len(kept) <= 1.5 * size_of(kept[0])
