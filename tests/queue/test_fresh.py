"""
What is claimed a moment after it was put is what stands in the file.
"""

from dataclasses import replace

import pytest

from webhook_engine.errors import QueueUnavailable
from webhook_engine.queue import SqliteQueue
from webhook_engine.queue.sqlite import QueueSettings
from webhook_engine.testing.delivery_queue.common import LONG_S, delivery

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
