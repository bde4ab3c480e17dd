"""
What is learnt of responses: one memory of everybody.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from webhook_engine.testing.store.common import TENANT, OpenStore

if TYPE_CHECKING:
    from webhook_engine.store import Store


def _counted(webhook: str, known: Any) -> dict[str, int]:  # noqa: ARG001  # as it is called
    return {"n": (known or {"n": 0})["n"] + 1}


class LearntContract:
    """
    What is learnt of responses: one memory of everybody.
    """

    async def test_what_is_learnt_is_there_again(self, open_store: OpenStore) -> None:
        """
        Of each webhook, for each tenant by itself.
        """
        async with open_store() as store:
            made = await store.learnt.change(TENANT, ["a", "b"], _counted)

        async with open_store() as store:
            assert made == await store.learnt.load(TENANT)
            assert {"a": made["a"]} == await store.learnt.load(TENANT, ["a", "c"])
            assert {} == await store.learnt.load("another")
            assert {} == await store.learnt.versions("another")

    async def test_everybody_adds_to_the_same(self, store: Store) -> None:
        """
        Nothing that anybody noted is lost, whoever comes first.
        """
        await asyncio.gather(*(store.learnt.change(TENANT, ["a"], _counted) for _ in range(20)))

        found = await store.learnt.load(TENANT)

        assert {"n": 20} == found["a"].document

    async def test_a_change_has_another_version(self, store: Store) -> None:
        """
        What is the same as before keeps its own; what is forgotten and learnt anew does not.
        """

        def same(webhook: str, known: Any) -> Any:  # noqa: ARG001  # as it is called
            return known

        first = (await store.learnt.change(TENANT, ["a"], _counted))["a"].version
        kept = (await store.learnt.change(TENANT, ["a"], same))["a"].version
        second = (await store.learnt.change(TENANT, ["a"], _counted))["a"].version
        gone = await store.learnt.change(TENANT, ["a", "never"], lambda *_: None)
        third = (await store.learnt.change(TENANT, ["a"], _counted))["a"].version

        assert first == kept
        assert first < second < third
        assert {} == gone
        assert {"a": third} == await store.learnt.versions(TENANT)

    async def test_a_change_that_fails_changes_nothing(self, store: Store) -> None:
        """
        Of all the webhooks that it is about.
        """

        def fails(webhook: str, known: Any) -> Any:
            if webhook == "b":
                raise ZeroDivisionError
            return _counted(webhook, known)

        with pytest.raises(ZeroDivisionError):
            await store.learnt.change(TENANT, ["a", "b"], fails)

        assert {} == await store.learnt.load(TENANT)
