"""
What is looked at for a page does not grow with the queue.
"""

import pytest

from webhook_engine.queue import AttemptRecord, Ending, SqliteQueue, State
from webhook_engine.queue.sqlite import choosing, spreading
from webhook_engine.testing.delivery_queue.common import FAILED, LONG_S, delivery


@pytest.fixture
async def queue(tmp_path):
    async with SqliteQueue(tmp_path / "queue.db") as queue:
        yield queue


async def _pages(queue, **filters):
    pages = [await queue.list(limit=2, **filters)]
    while pages[-1].after is not None:
        pages.append(await queue.list(limit=2, after=pages[-1].after, **filters))
    return [[each.event_id for each in page.deliveries] for page in pages]


@pytest.mark.parametrize(
    ("state", "column"), [(None, "webhook"), (None, "target"), (State.DEAD, "target")], ids=str
)
async def test_a_look_ends_and_the_next_goes_on_from_there(queue, monkeypatch, state, column):
    """
    Nothing that fits is left out, and nothing comes twice.
    """
    monkeypatch.setattr(choosing, "LOOK", 4)
    for n in range(10):
        await queue.put([delivery(f"e{n}", **{column: "rare" if n in (0, 5) else "often"})])
        for lease in await queue.claim(1, lease_s=LONG_S):
            await queue.dead(lease, FAILED, reason="gone")
    filters = {} if state is None else {"state": state}

    rare = await _pages(queue, **{column: "rare"}, **filters)
    none = await _pages(queue, **{column: "nothing"}, **filters)
    often = await _pages(queue, **{column: "often"}, **filters)

    assert [[], ["e5"], ["e0"]] == rare
    assert [[], [], []] == none
    assert [f"e{n}" for n in (9, 8, 7, 6, 4, 3, 2, 1)] == [each for page in often for each in page]


async def test_the_dead_letters_of_a_webhook_are_found_at_once(queue, monkeypatch):
    """
    However many others are dead; a time or a target is looked for among them.
    """
    monkeypatch.setattr(choosing, "LOOK", 3)
    for n in range(10):
        await queue.put(
            [delivery(f"e{n}", webhook="rare" if n in (0, 1, 5) else "often", target=f"t{n % 2}")]
        )
        for lease in await queue.claim(1, lease_s=LONG_S):
            await queue.dead(lease, FAILED, reason="gone")
    await queue.put([delivery("e10", webhook="rare")])
    dead = {"state": State.DEAD, "webhook": "rare"}
    [oldest] = (await queue.list(event_id="e0")).deliveries

    assert [["e5", "e1"], ["e0"]] == await _pages(queue, **dead)
    assert [[]] == await _pages(queue, state=State.DEAD, webhook="nothing")
    assert ["e5", "e1"] == [each for page in await _pages(queue, target="t1", **dead) for each in page]
    assert [[]] == await _pages(queue, until=oldest.put_at, **dead)
    assert [["e0"]] == await _pages(queue, event_id="e0", **dead)


async def test_an_event_is_found_at_once(queue, monkeypatch):
    """
    An id begins with its event's beginning, so the index of ids leads to it.
    """
    monkeypatch.setattr(choosing, "LOOK", 1)
    await queue.put([delivery(f"{n}-event") for n in range(5)])

    assert [["2-event"]] == await _pages(queue, event_id="2-event")
    assert [[]] == await _pages(queue, event_id="2-event ")


@pytest.mark.parametrize("webhook", ["a", "b", "c"])
async def test_a_sample_is_of_every_webhook(queue, monkeypatch, webhook):
    """
    Although each event starts the same three in the same order.
    """
    monkeypatch.setattr(spreading, "SAMPLE", 20)
    await queue.put([delivery(f"e{n}", webhook=name) for n in range(60) for name in "abc"])
    await queue.settle(
        [
            Ending(lease=lease, state=State.DONE, record=AttemptRecord(outcome="ok", took_s=0.1))
            for lease in await queue.claim(180, lease_s=LONG_S)
        ]
    )

    spread = await queue.spread(webhook=webhook)

    assert 60 == spread.counted
    assert 10 <= sum(len(bar.took_s) for bar in spread.bars) <= 40


async def test_only_the_newest_are_counted(queue, monkeypatch):
    """
    And the count says so.
    """
    monkeypatch.setattr(spreading, "COUNTED", 3)
    await queue.put([delivery(f"e{n}") for n in range(5)])

    found = await queue.spread()

    assert (3, False) == (found.counted, found.is_whole)
