"""
Recorded calls: noted while they happen, and written down in the next second without their secrets.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from webhook_engine import log
from webhook_engine.errors import StoreError
from webhook_engine.hiding import Hiding
from webhook_engine.performing.recorded import answer_of
from webhook_engine.store import RecordedEvent, RecordedResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from webhook_engine.definitions import Definitions
    from webhook_engine.dispatch import Attempt
    from webhook_engine.engine import Engine
    from webhook_engine.process.tenant import Tenancy
    from webhook_engine.store import Store
    from webhook_engine.variables import CallEvent

EVERY_S: Final = 1.0
"""Between two writings; what a kill may cost."""

MOST_BYTES: Final = 64 * 1024 * 1024
"""What a tenant's recorded calls take in the store, at most."""

_HELD_BYTES: Final = 32 * 1024 * 1024
"""What waits to be written, at most."""

_BESIDE_BYTES: Final = 1024
"""What an attempt takes beside the body of its response."""

_DAY_S: Final = 86_400.0

_TIDIED_S: Final = 600.0
"""How late what is too old may go, where nothing new comes."""


class Noted(NamedTuple):
    """
    What came of a request.
    """

    event_id: str
    webhook: str
    attempt: Attempt


class Recording:
    """
    Records the calls of a process, as many as its tenant says.
    """

    def __init__(self, store: Store, engine: Engine, tenancy: Tenancy, *, is_shared: bool = False) -> None:
        """
        Args:
            is_shared: Whether other processes may have taken an event whose delivery is tried here.
        """
        self._store, self._engine, self._tenancy = store, engine, tenancy
        self._hiding = Hiding(tenancy)
        self._is_shared = is_shared
        self._latest: OrderedDict[str, CallEvent | None] = OrderedDict()
        """Event id -> the event where it is to be written, the oldest first."""
        self._noted: list[Noted] = []
        self._held = 0
        self._lost = 0
        self._most = 0
        self._tidied = -_TIDIED_S
        self._turn = asyncio.Lock()

    async def begin(self) -> None:
        """
        Record from now on, where the tenant says so; what comes of requests for earlier events is noted too.
        """
        self.follow()
        if self._most:
            self._latest = OrderedDict.fromkeys(
                await self._store.recordings.ids(self._tenancy.name, self._most)
            )

    def follow(self) -> None:
        """
        Let what the engine's definitions say count from now on.
        """
        self._most = self._engine.definitions.tenant.record_events
        self._engine.record(self if self._most else None)
        self._tidied = -_TIDIED_S

    # --- While calls happen ------------------------------------------------------------------------

    def note_events(self, events: Sequence[CallEvent]) -> None:
        """
        As `Recorder`.
        """
        latest = self._latest
        for event in events[-self._most :]:
            if event.id not in latest:
                latest[event.id] = event
        while len(latest) > self._most:
            latest.popitem(last=False)

    def note_attempt(self, event_id: str, webhook: str, attempt: Attempt) -> None:
        """
        As `Recorder`.
        """
        if event_id not in self._latest and not self._is_shared:
            return
        noted = Noted(event_id, webhook, attempt)
        size = _size(noted)
        if self._held + size > _HELD_BYTES:
            self._lost += 1
            return
        self._held += size
        self._noted.append(noted)

    # --- Writing -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """
        Goes on until it is cancelled; what is being written then is finished.
        """
        while True:
            await asyncio.sleep(EVERY_S)
            await asyncio.shield(asyncio.ensure_future(self.save()))

    async def save(self) -> None:
        """
        Write down what was noted, and forget what is beyond the bounds.

        What the store does not take is tried again with what comes next.
        """
        async with self._turn:
            try:
                if await self._save() or time.monotonic() - self._tidied >= _TIDIED_S:
                    await self._tidy()
            except StoreError as error:
                log.event("recording.unsaved", why=str(error))

    async def _save(self) -> bool:
        if self._lost:
            log.event("recording.lost", responses=self._lost, why="too much came at once")
            self._lost = 0
        events = [each for each in self._latest.values() if each is not None]
        noted = self._noted[:]
        if not events and not noted:
            return False
        definitions = self._engine.definitions
        made = await asyncio.to_thread(documents_of, self._hiding, definitions, events, noted)
        await self._store.recordings.add(self._tenancy.name, *made)
        del self._noted[: len(noted)]
        self._held -= sum(map(_size, noted))
        for event in events:
            if event.id in self._latest:
                self._latest[event.id] = None
        return True

    async def _tidy(self) -> None:
        tenant = self._engine.definitions.tenant
        await self._store.recordings.sweep(
            self._tenancy.name,
            most=tenant.record_events,
            older_s=tenant.record_days * _DAY_S,
            most_bytes=MOST_BYTES,
        )
        self._tidied = time.monotonic()


def _size(noted: Noted) -> int:
    response = noted.attempt.response
    return _BESIDE_BYTES + (0 if response is None else len(response.body))


def documents_of(
    hiding: Hiding, definitions: Definitions, events: Iterable[CallEvent], noted: Iterable[Noted]
) -> tuple[list[RecordedEvent], list[RecordedResponse]]:
    """
    Events and responses as they are written down; costs time, so it belongs into a thread.
    """
    hiding.reveal(definitions)
    return (
        [made for each in events if (made := _event(hiding, each)) is not None],
        [answer for each in noted if (answer := _response(hiding, each)) is not None],
    )


def _event(hiding: Hiding, event: CallEvent) -> RecordedEvent | None:
    """
    None where its own id holds a secret, as nobody could find it by another one; or a number that JSON does not hold.
    """
    told = event.to_json()
    try:
        document = orjson.dumps(told)
    except TypeError as error:
        log.event("recording.left_out", event=event.id, why=str(error))
        return None
    if hiding.hide(document) != document:
        if hiding.hide(event.id.encode()) != event.id.encode():
            return None
        document = orjson.dumps(hiding.texts(told))
    return RecordedEvent(event.id, document)


def _response(hiding: Hiding, noted: Noted) -> RecordedResponse | None:
    told = answer_of(noted.attempt, hiding.hide)
    if told is None:
        return None
    return RecordedResponse(noted.event_id, noted.webhook, orjson.dumps(told))
