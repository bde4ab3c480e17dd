"""
Recorded calls: noted while they happen, and written down in the next second without their secrets.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from webhook_engine import log
from webhook_engine.dispatch.mask import marks_of, masker_of
from webhook_engine.errors import SecretMissing, StoreError
from webhook_engine.performing.recorded import answer_of
from webhook_engine.store import RecordedEvent, RecordedResponse, secret_references

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from webhook_engine.definitions import Definitions, SecretRef
    from webhook_engine.dispatch import Attempt, SecretStore
    from webhook_engine.engine import Engine
    from webhook_engine.process.tenant import Tenancy
    from webhook_engine.store import Store
    from webhook_engine.variables import CallEvent

EVERY_S: Final = 1.0
"""Between two writings; what a kill may cost."""

MOST_BYTES: Final = 64 * 1024 * 1024
"""What a tenant's recorded calls take in the store, at most."""

_HELD_BYTES: Final = 32 * 1024 * 1024
"""Bodies that wait to be written, at most."""

_DAY_S: Final = 86_400.0

_TIDIED_S: Final = 600.0
"""How late what is too old may go, where nothing new comes."""

_REVEALED_S: Final = 10.0
"""How long secrets count as known; one that a request was made with is hidden before it comes here."""

_ONE_SIGN: Final = "whsec_"


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

    def __init__(self, store: Store, engine: Engine, tenancy: Tenancy) -> None:
        self._store, self._engine, self._tenancy = store, engine, tenancy
        self._hiding = Hiding(tenancy)
        self._latest: dict[str, CallEvent | None] = {}
        """Event id -> the event where it is to be written, the oldest first; only what comes of these is noted."""
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
            self._latest = dict.fromkeys(await self._store.recordings.ids(self._tenancy.name, self._most))

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
            del latest[next(iter(latest))]

    def note_attempt(self, event_id: str, webhook: str, attempt: Attempt) -> None:
        """
        As `Recorder`.
        """
        if event_id not in self._latest:
            return
        size = 0 if attempt.response is None else len(attempt.response.body)
        if self._held + size > _HELD_BYTES:
            self._lost += 1
            return
        self._held += size
        self._noted.append(Noted(event_id, webhook, attempt))

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
        made = await asyncio.to_thread(self._hiding.documents, definitions, events, noted)
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
    return 0 if noted.attempt.response is None else len(noted.attempt.response.body)


class Hiding:
    """
    Makes documents of what was noted, without any secret of the definitions in whatever encoding.
    """

    def __init__(self, secrets: SecretStore) -> None:
        self._secrets = secrets
        self._known: dict[str, tuple[bytes, ...]] = {}
        """Secret -> what a text holds that holds it."""
        self._revealed = -_REVEALED_S

    def documents(
        self, definitions: Definitions, events: Iterable[CallEvent], noted: Iterable[Noted]
    ) -> tuple[list[RecordedEvent], list[RecordedResponse]]:
        """
        Events and responses as they are written down; costs time, so it belongs into a thread.
        """
        self.reveal(definitions)
        found = map(self._event, events), map(self._response, noted)
        return (
            [event for event in found[0] if event is not None],
            [response for response in found[1] if response is not None],
        )

    def hide(self, text: bytes) -> bytes:
        """
        *text* without secrets of six characters and more.
        """
        found = tuple(secret for secret, marks in self._known.items() if any(mark in text for mark in marks))
        return masker_of(found).answer(text) if found else text

    def texts(self, document: Any) -> Any:
        """
        A document of JSON with every text in it hidden.
        """
        if isinstance(document, dict):
            return {key: self.texts(each) for key, each in document.items()}
        if isinstance(document, list):
            return [self.texts(each) for each in document]
        return self.hide(document.encode()).decode() if isinstance(document, str) else document

    def reveal(self, definitions: Definitions) -> None:
        """
        Know the secrets of these definitions from now on, as far as they can be found.
        """
        now = time.monotonic()
        if now - self._revealed < _REVEALED_S:
            return
        self._revealed = now
        names = _names(definitions)
        # Those from before count as well: what was exchanged just now may still be repeated.
        for reference in secret_references(definitions):
            if reference in names:
                continue
            try:
                secret = self._secrets.resolve(reference)
            except SecretMissing:
                continue
            for each in {secret, secret.removeprefix(_ONE_SIGN)}:
                if each not in self._known:
                    self._known[each] = marks_of([each])

    def _event(self, event: CallEvent) -> RecordedEvent | None:
        told = event.to_json()
        document = orjson.dumps(told)
        if self.hide(document) != document:
            if self.hide(event.id.encode()) != event.id.encode():
                return None
            document = orjson.dumps(self.texts(told))
        return RecordedEvent(event.id, document)

    def _response(self, noted: Noted) -> RecordedResponse | None:
        told = answer_of(noted.attempt, self.hide)
        if told is None:
            return None
        return RecordedResponse(noted.event_id, noted.webhook, orjson.dumps(told))


def _names(definitions: Definitions) -> set[SecretRef]:
    """
    What anybody may know although it stands where secrets do: user names and the ids of clients.
    """
    found = set()
    for group in definitions.groups:
        for holder in (group, *group.members, group.oauth2):
            held = (getattr(holder, name, None) for name in ("username", "client_id"))
            found |= {each for each in held if each is not None}
    return found
