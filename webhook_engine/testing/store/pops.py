"""
Pops: a board finds its own again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from webhook_engine.store import Pop
from webhook_engine.testing.store.common import TENANT, OpenStore

if TYPE_CHECKING:
    from webhook_engine.store import Store


class PopsContract:
    """
    Pops: a board finds its own again.
    """

    async def test_a_board_finds_its_pops_again(self, open_store: OpenStore) -> None:
        """
        Whatever JSON their state is, in the order in which they last changed.
        """
        state = {"rows": [[1, None, "é"]], "shown": True, "n": 2**40}
        async with open_store() as store:
            await store.pops.save(TENANT, [Pop(key="1", agent="100", state=state)])
            await store.pops.save(TENANT, [Pop(key="0", agent="101", state={})])

        async with open_store() as store:
            found = await store.pops.list(TENANT)

        assert (Pop(key="1", agent="100", state=state), Pop(key="0", agent="101", state={})) == found

    async def test_a_pop_is_there_once(self, store: Store) -> None:
        """
        Moved and updated it is the same pop; what is gone is gone, in the same write.
        """
        await store.pops.save(TENANT, [Pop(key=key, agent="100", state={}) for key in "ab"])

        await store.pops.save(TENANT, [Pop(key="a", agent="101", state={"moved": 1})], gone=["b", "never"])

        assert (Pop(key="a", agent="101", state={"moved": 1}),) == await store.pops.list(TENANT)
        assert () == await store.pops.list(TENANT, agent="100")
        assert 1 == len(await store.pops.list(TENANT, agent="101"))
        assert () == await store.pops.list("another")

    async def test_old_ones_are_swept(self, store: Store) -> None:
        """
        What nobody changed for long is forgotten.
        """
        await store.pops.save(TENANT, [Pop(key="old", agent="100", state={})])
        await asyncio.sleep(0.2)
        await store.pops.save(TENANT, [Pop(key="new", agent="100", state={})])

        assert 1 == await store.pops.sweep(0.15)

        assert ["new"] == [pop.key for pop in await store.pops.list(TENANT)]
