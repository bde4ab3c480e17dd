"""
What is claimed a moment after it was put is what stands in the file.
"""

import asyncio
from dataclasses import replace

import pytest

from webhook_engine.errors import LeaseLost, QueueUnavailable
from webhook_engine.queue import MAYBE_DELIVERED, Ending, SqliteQueue, State
from webhook_engine.queue.sqlite import QueueSettings
from webhook_engine.testing.delivery_queue.common import LONG_S, OK, delivery

ROOM = 400_000


def without_token(leases):
    return {
        lease.event_id: replace(lease, token="", attempt=1, reference=dict(lease.reference))
        for lease in leases
    }


async def test_it_is_the_same_from_the_hand_and_from_the_file(tmp_path):
    """
    Every fact of a lease, but for its token.
    """
    put = [delivery(f"e{number}", reference={"call": number, "notes": ["é", None]}) for number in range(20)]
    async with SqliteQueue(tmp_path / "q.db") as queue:
        await queue.put(put)
        at_hand = await queue.claim(100, lease_s=LONG_S)
        for lease in at_hand:
            await queue.release(lease)
        read = await queue.claim(100, lease_s=LONG_S)

    assert 20 == len(at_hand)
    assert without_token(read) == without_token(at_hand)


async def test_a_number_given_in_vain_is_given_again_to_something_else(tmp_path):
    """
    What the disk refused is never claimed in the place of what it took later.
    """
    async with SqliteQueue(tmp_path / "q.db", settings=QueueSettings(limit_bytes=ROOM)) as queue:
        with pytest.raises(QueueUnavailable):
            await queue.put(
                [delivery(f"lost-{n}", reference={"of": f"lost-{n}", "x": "x" * 4_000}) for n in range(200)]
            )
        queue._writer.book.db.pragma("max_page_count", 100_000)
        await queue.put([delivery("kept", reference={"of": "kept"})])
        (lease,) = await queue.claim(10, lease_s=LONG_S, wait_s=5.0)

    assert ("kept", {"of": "kept"}) == (lease.event_id, dict(lease.reference))


async def test_what_is_no_longer_at_hand_is_read(tmp_path, monkeypatch):
    """
    There is room for so many; the others are claimed all the same, each once.
    """
    monkeypatch.setattr("webhook_engine.queue.sqlite.book._FRESH", 3)
    async with SqliteQueue(tmp_path / "q.db") as queue:
        await queue.put([delivery(f"e{number}", reference={"of": number}) for number in range(10)])
        leases = await queue.claim(100, lease_s=LONG_S)

    assert {f"e{number}": number for number in range(10)} == {
        lease.event_id: lease.reference["of"] for lease in leases
    }


async def test_a_lease_that_ran_out_settles_nothing(tmp_path):
    """
    Although nobody else has the delivery yet: its crash is written down already.
    """
    async with SqliteQueue(tmp_path / "q.db") as queue:
        await queue.put([delivery("e1")])
        (lease,) = await queue.claim(1, lease_s=0.05)
        async with asyncio.timeout(10):
            while (await queue.show(lease.id)).state is State.LEASED:
                await asyncio.sleep(0.01)
        with pytest.raises(LeaseLost):
            await queue.done(lease, OK)
        report = await queue.show(lease.id)
        states = (await queue.stats()).states

    assert (State.AGAIN, [MAYBE_DELIVERED]) == (report.state, [each.outcome for each in report.records])
    assert {State.AGAIN: 1} == {state: n for state, n in states.items() if n}


async def test_what_the_disk_refused_is_held_as_before(tmp_path):
    """
    A transaction that failed forgets what was at hand of leases; the file still knows them.
    """
    async with SqliteQueue(tmp_path / "q.db", settings=QueueSettings(limit_bytes=ROOM)) as queue:
        await queue.put([delivery(f"e{n}") for n in range(3)])
        leases = await queue.claim(3, lease_s=LONG_S)
        with pytest.raises(QueueUnavailable):
            await queue.put([delivery(f"lost-{n}", reference={"x": "x" * 4_000}) for n in range(200)])
        queue._writer.book.db.pragma("max_page_count", 100_000)
        errors = await queue.settle([Ending(lease, State.DONE, OK) for lease in (*leases, leases[0])])

    assert [None, None, None, LeaseLost] == [error if error is None else type(error) for error in errors]


async def test_what_died_unclaimed_and_was_revived_has_its_new_life(tmp_path):
    """
    A retry waits for as long as it was told to, although the delivery would have expired long before.
    """
    async with SqliteQueue(tmp_path / "q.db") as queue:
        await queue.put([delivery("e1", expires_s=60.0)])
        await queue.drop([delivery("e1").id])
        await queue.revive([delivery("e1").id], expires_s=3600.0)
        (lease,) = await queue.claim(1, lease_s=LONG_S)
        await queue.retry(lease, OK, wait_s=1800.0)
        report = await queue.show(lease.id)

    assert State.WAITING == report.state
    assert 1800 == round((report.until - report.records[0].at).total_seconds())
