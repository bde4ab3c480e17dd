"""
One request, from its bytes to the bytes of its answer, in the order that the faults are documented in.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from webhook_engine import log
from webhook_engine.errors import ActionRefused
from webhook_engine.store.facts import ApiRequest
from webhook_engine.xml_api import keys, reading, remembering, writing
from webhook_engine.xml_api.actions import ActionRequest
from webhook_engine.xml_api.bodies import READ_AT_ONCE
from webhook_engine.xml_api.cache import AnswerCache
from webhook_engine.xml_api.calling import Caller
from webhook_engine.xml_api.envelope import NOTHING, Envelope, envelope_of
from webhook_engine.xml_api.faults import (
    FAULTS,
    ActionNotFound,
    AuthorizationFailed,
    DatabaseFailed,
    NoActionDefined,
    PermissionDenied,
)
from webhook_engine.xml_api.limits import CallLimits, Limits
from webhook_engine.xml_api.monitoring import LONGEST_NAME, SUCCESS
from webhook_engine.xml_api.remembering import Memory

if TYPE_CHECKING:
    from webhook_engine.xml_api.actions import Action, Actions
    from webhook_engine.xml_api.keys import KeyBook, KeyFacts
    from webhook_engine.xml_api.monitoring import RequestLog
    from webhook_engine.xml_api.reading import Bounds, Children

_READ_AT_A_TIME: Final = 2

_FAULT_BODIES: Final = {fault: writing.of_fault(fault) for fault in FAULTS.values()}

_standard = logging.getLogger(log.NAME)


class Handling:
    """
    What the requests of one application share.
    """

    def __init__(
        self,
        actions: Actions,
        *,
        keys: KeyBook,
        requests: RequestLog,
        provided: Mapping[type, object],
        cache: AnswerCache,
        limits: Limits | None = None,
        bounds: Bounds,
    ) -> None:
        actions.check(provided)
        self._actions, self._keys, self._requests = actions, keys, requests
        self._provided, self._cache, self._bounds = provided, cache, bounds
        self._limits = limits or CallLimits()
        self._caller = Caller(self._limits)
        self._memory = Memory(self._envelope)
        # A long body takes many times its own memory while it is read.
        self._turn = asyncio.Semaphore(_READ_AT_A_TIME)

    async def answer(
        self, body: bytes, *, content_type: str = "", idempotency_key: str | None = None
    ) -> bytes:
        """
        The answer to a request; one of the documented ones, whatever happens.
        """
        began, at = perf_counter(), datetime.now(UTC)
        found = NOTHING
        key: KeyFacts | None = None
        outcome = SUCCESS
        try:
            if len(body) <= remembering.LONGEST:
                found = self._memory.envelope(body, content_type)
            elif len(body) <= READ_AT_ONCE:
                found = self._envelope(body, content_type)
            else:
                found = envelope_of(await self._read(body, content_type), is_long=True)
            key = self._authorized(found)
            answer = await self._answered(found, key, idempotency_key)
        except Exception as error:
            fault = _fault(error, found.action)
            answer, outcome = _FAULT_BODIES[fault], fault.sentence
        if found.tenant:
            self._requests.note(
                ApiRequest(
                    found.tenant,
                    at,
                    None if key is None else key.name,
                    # What nobody vouches for is not kept.
                    "" if key is None else found.action[:LONGEST_NAME],
                    perf_counter() - began,
                    outcome,
                )
            )
        return answer

    def _envelope(self, body: bytes, content_type: str) -> Envelope:
        return envelope_of(reading.read(body, content_type=content_type, bounds=self._bounds))

    async def _read(self, body: bytes, content_type: str) -> Children:
        async with self._turn:
            return await asyncio.to_thread(reading.read, body, content_type=content_type, bounds=self._bounds)

    def _authorized(self, found: Envelope) -> KeyFacts:
        key = self._keys.check(found.auth, tenant=found.tenant)
        if key is None or not found.tenant or not found.auth:
            raise AuthorizationFailed
        return key

    async def _answered(self, found: Envelope, key: KeyFacts, idempotency_key: str | None) -> bytes:
        if not found.action:
            raise NoActionDefined
        action = self._actions.get(found.action)
        if action is None:
            raise ActionNotFound
        if not keys.allows(key, found.action):
            raise PermissionDenied
        asked = _Asked(found, action, key.name, idempotency_key)
        if action.reads:
            return await self._read_only(asked)
        if action.limit is None:
            answer = await self._done(asked, await _arguments(asked) if found.is_long else asked.arguments())
        else:
            async with self._limits.holding(found.tenant, action):
                answer = await self._done(asked, await _arguments(asked))
        await self._cache.refresh(found.tenant, action.refreshes)
        return answer

    async def _read_only(self, asked: _Asked) -> bytes:
        """
        From what is kept, which costs nothing and so takes nobody's turn; else done once for all who ask.
        """
        try:
            arguments = await _arguments(asked)
        except ActionRefused:
            # Said only now: too many requests at a time are told first.
            async with self._limits.holding(asked.found.tenant, asked.action):
                raise
        place = (asked.found.tenant, asked.action.name, tuple(arguments.items()))
        kept = self._cache.get(place)
        if kept is not None:
            return kept
        async with self._limits.holding(asked.found.tenant, asked.action):
            return await self._cache.once(place, lambda: self._done(asked, arguments))

    async def _done(self, asked: _Asked, arguments: dict[str, Any]) -> bytes:
        action = asked.action
        for need in action.dependencies:
            if need.kind is ActionRequest:
                arguments = arguments | {need.parameter: asked.request()}
            elif need.kind in self._provided:
                arguments = arguments | {need.parameter: self._provided[need.kind]}
            elif need.otherwise is not None:
                raise need.otherwise
        if action.deadline_s is None and action.is_async:
            return action.answer.write(await action.function(**arguments))
        async with asyncio.timeout(action.deadline_s):
            found = await self._caller.call(action, arguments, tenant=asked.found.tenant)
            return action.answer.write(found)

    def close(self) -> None:
        """
        Begin nothing more.
        """
        self._caller.close()


class _Asked(NamedTuple):
    """
    A request for an action that its key may have done.
    """

    found: Envelope
    action: Action
    key: str
    idempotency_key: str | None

    def arguments(self) -> dict[str, Any]:
        """
        What its inputs state.
        """
        return self.action.inputs.read(self.found.children)

    def request(self) -> ActionRequest:
        """
        As the action is told.
        """
        return ActionRequest(
            tenant=self.found.tenant,
            action=self.action.name,
            key=self.key,
            idempotency_key=self.idempotency_key,
        )


async def _arguments(asked: _Asked) -> dict[str, Any]:
    # Long lists of contacts are looked through beside the loop.
    if asked.found.is_long:
        return await asyncio.to_thread(asked.arguments)
    return asked.arguments()


def _fault(error: Exception, action: str) -> type[ActionRefused]:
    """
    What is said of an error; what nobody foresaw goes to the log, and its cause to nobody else.
    """
    for fault in FAULTS.values():
        if isinstance(error, fault):
            return fault
    name = action[:LONGEST_NAME]
    _standard.warning("the action %r of the XML API failed: %s", name, type(error).__name__, exc_info=error)
    return DatabaseFailed
