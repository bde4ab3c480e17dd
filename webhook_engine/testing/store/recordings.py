"""
Recorded calls: events with what came of their requests, bounded in three ways.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson

from webhook_engine.store import RecordedEvent, RecordedResponse
from webhook_engine.testing.store.common import TENANT, OpenStore

if TYPE_CHECKING:
    from webhook_engine.store import Store

_LONG_S = 3600.0
_MUCH = 10**9


def _event(name: str, **more: object) -> RecordedEvent:
    return RecordedEvent(name, orjson.dumps({"id": name, "moment": "ringing", "call": {}} | more))


def _response(event: str, webhook: str, **facts: object) -> RecordedResponse:
    return RecordedResponse(event, webhook, orjson.dumps(facts))


async def _ids(store: Store, tenant: str = TENANT) -> list[object]:
    return [each["id"] for each in await store.recordings.last(tenant, 1000)]


class RecordingsContract:
    """
    Recorded calls: events with what came of their requests, bounded in three ways.
    """

    async def test_a_recorded_call_is_found_again(self, open_store: OpenStore) -> None:
        """
        The event, and its webhooks' responses in their order, also those that came later.
        """
        async with open_store() as store:
            await store.recordings.add(TENANT, [_event("1")], [_response("1", "Lookup", status=503)])
            await store.recordings.add(TENANT, [], [_response("1", "Lookup", status=200)])

        async with open_store() as store:
            [found] = await store.recordings.last(TENANT, 10)
            same = await store.recordings.of_event(TENANT, "1")

        assert {"Lookup": [{"status": 503}, {"status": 200}]} == found["responses"]
        assert ("1", "ringing", {}) == (found["id"], found["moment"], found["call"])
        assert found == same

    async def test_an_event_is_recorded_once(self, store: Store) -> None:
        """
        Of a repeated one the first counts, in one write and in two; no response waits for an unknown one.
        """
        await store.recordings.add(TENANT, [_event("1", at="a"), _event("1", at="b")])
        await store.recordings.add(
            TENANT, [_event("1", at="c")], [_response("unknown", "Lookup", status=200)]
        )

        [found] = await store.recordings.last(TENANT, 10)
        assert ("a", {}) == (found["at"], found["responses"])
        assert await store.recordings.of_event(TENANT, "unknown") is None

    async def test_pages_go_back_from_the_newest(self, store: Store) -> None:
        """
        Each call on one page, and no tenant sees another's.
        """
        await store.recordings.add(TENANT, [_event(str(number)) for number in range(5)])
        await store.recordings.add("another", [_event("theirs")])

        first = await store.recordings.page(TENANT, limit=3)
        second = await store.recordings.page(TENANT, limit=3, before=first.before)

        assert ["4", "3", "2"] == [each["id"] for each in first.calls]
        assert (["1", "0"], None) == ([each["id"] for each in second.calls], second.before)
        assert ["theirs"] == await _ids(store, "another")

    async def test_the_newest_are_kept(self, store: Store) -> None:
        """
        So many, and of every other tenant all.
        """
        await store.recordings.add(TENANT, [_event(str(number)) for number in range(5)])
        await store.recordings.add("another", [_event("theirs")])

        gone = await store.recordings.sweep(TENANT, most=2, older_s=_LONG_S, most_bytes=_MUCH)

        assert (3, ["3", "4"]) == (gone, await _ids(store))
        assert ["theirs"] == await _ids(store, "another")
        assert 0 == await store.recordings.sweep(TENANT, most=2, older_s=_LONG_S, most_bytes=_MUCH)

    async def test_what_is_old_goes(self, store: Store) -> None:
        """
        With its responses.
        """
        await store.recordings.add(TENANT, [_event("old")], [_response("old", "Lookup", status=200)])
        await asyncio.sleep(0.2)
        await store.recordings.add(TENANT, [_event("new")])

        await store.recordings.sweep(TENANT, most=10, older_s=0.15, most_bytes=_MUCH)

        assert ["new"] == await _ids(store)

    async def test_what_is_much_goes(self, store: Store) -> None:
        """
        The oldest of it; the responses of an event count with it, whenever they came.
        """
        await store.recordings.add(TENANT, [_event("a"), _event("b"), _event("c")])
        await store.recordings.add(TENANT, [], [_response("b", "Lookup", body="x" * 1000)])

        await store.recordings.sweep(TENANT, most=10, older_s=_LONG_S, most_bytes=1000)

        assert ["c"] == await _ids(store)

    async def test_all_of_a_tenant_is_forgotten(self, store: Store) -> None:
        """
        And another's stays.
        """
        await store.recordings.add(TENANT, [_event("1")], [_response("1", "Lookup", status=200)])
        await store.recordings.add("another", [_event("theirs")])

        assert 1 == await store.recordings.forget(TENANT)

        assert ([], ["theirs"]) == (await _ids(store), await _ids(store, "another"))
