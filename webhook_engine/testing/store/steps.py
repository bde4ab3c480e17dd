"""
What a store promises of the steps that agents' screens take.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from webhook_engine.store import SavedBoard
from webhook_engine.testing.store.common import TENANT

if TYPE_CHECKING:
    from webhook_engine.store import Store


class StepsContract:
    """
    One order of steps for all processes, and a board to begin with.
    """

    async def test_steps_are_in_one_order(self, store: Store) -> None:
        """
        Whoever appends them; numbers grow, and each tenant has its own.
        """
        await store.steps.begin(TENANT, {})
        await store.steps.begin("another", {})

        await asyncio.gather(*(store.steps.append(TENANT, [b"a", b"b"]) for _ in range(5)))
        await store.steps.append("another", [b"c"])

        found = await store.steps.after(TENANT, 0)
        assert [b"a", b"b"] * 5 == [each.document for each in found]
        assert [each.number for each in found] == sorted({each.number for each in found})
        assert found[3:] == await store.steps.after(TENANT, found[2].number)
        assert [b"c"] == [each.document for each in await store.steps.after("another", 0)]

    async def test_everybody_begins_with_one_board(self, store: Store) -> None:
        """
        The first one's, until a later one is saved; an earlier one is not.
        """
        first = await store.steps.begin(TENANT, {"board": "first"})
        await store.steps.append(TENANT, [b"a", b"b"])
        (a, b) = await store.steps.after(TENANT, first.step)

        second = await store.steps.begin(TENANT, {"board": "second"})
        await store.steps.save(TENANT, SavedBoard(b.number, {"board": "later"}), older_s=3600)
        await store.steps.save(TENANT, SavedBoard(a.number, {"board": "too late"}), older_s=3600)

        assert SavedBoard(0, {"board": "first"}) == first == second
        assert SavedBoard(b.number, {"board": "later"}) == await store.steps.begin(TENANT, {})
        anew = SavedBoard(b.number, {"board": "anew"})
        assert anew == await store.steps.begin(TENANT, {"board": "anew"}, anew=True)

    async def test_old_steps_are_forgotten(self, store: Store) -> None:
        """
        Those that a saved board has in it, once nobody should still need them.
        """
        await store.steps.begin(TENANT, {})
        await store.steps.append(TENANT, [b"a", b"b", b"c"])
        steps = await store.steps.after(TENANT, 0)

        await store.steps.save(TENANT, SavedBoard(steps[1].number, {}), older_s=3600)
        kept = await store.steps.after(TENANT, 0)
        await store.steps.save(TENANT, SavedBoard(steps[1].number, {}), older_s=0)

        assert steps == kept
        assert steps[2:] == await store.steps.after(TENANT, 0)
