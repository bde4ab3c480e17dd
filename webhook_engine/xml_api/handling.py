"""
One request, from its bytes to the bytes of its answer, in the order that the faults are documented in.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from webhook_engine import log
from webhook_engine.errors import ActionRefused
from webhook_engine.store.facts import ApiRequest
from webhook_engine.xml_api import keys, reading, writing
from webhook_engine.xml_api.actions import ActionRequest
from webhook_engine.xml_api.cache import AnswerCache
from webhook_engine.xml_api.envelope import Envelope, envelope_of
from webhook_engine.xml_api.faults import (
    FAULTS,
    ActionNotFound,
    AuthorizationFailed,
    DatabaseFailed,
    PermissionDenied,
)
from webhook_engine.xml_api.limits import CallLimits
from webhook_engine.xml_api.monitoring import LONGEST_NAME, SUCCESS

if TYPE_CHECKING:
    from webhook_engine.xml_api.actions import Action, Actions
    from webhook_engine.xml_api.keys import KeyBook, KeyFacts
    from webhook_engine.xml_api.monitoring import RequestLog
    from webhook_engine.xml_api.reading import Bounds, Children

READ_AT_ONCE: Final = 64 * 1024
"""Bytes of a body up to which reading it in the loop delays nobody."""

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
        bounds: Bounds,
    ) -> None:
        actions.check(provided)
        self._actions, self._keys, self._requests = actions, keys, requests
        self._provided, self._cache, self._bounds = provided, cache, bounds
        self._limits = CallLimits()

    async def answer(
        self, body: bytes, *, content_type: str = "", idempotency_key: str | None = None
    ) -> bytes:
        """
        The answer to a request; one of the documented ones, whatever happens.
        """
        began, at = perf_counter(), datetime.now(UTC)
        found = Envelope()
        key: KeyFacts | None = None
        try:
            found = envelope_of(await self._read(body, content_type))
            key = self._authorized(found)
            answer = await self._answered(found, key, idempotency_key)
        except Exception as error:
            fault = _fault(error, found.action)
            answer, outcome = _FAULT_BODIES[fault], fault.sentence
        else:
            outcome = SUCCESS
        if found.tenant:
            self._requests.note(
                ApiRequest(
                    tenant=found.tenant,
                    at=at,
                    key=None if key is None else key.name,
                    # What nobody vouches for is not kept.
                    action="" if key is None else found.action[:LONGEST_NAME],
                    took_s=perf_counter() - began,
                    outcome=outcome,
                )
            )
        return answer

    async def _read(self, body: bytes, content_type: str) -> Children:
        if len(body) <= READ_AT_ONCE:
            return reading.read(body, content_type=content_type, bounds=self._bounds)
        return await asyncio.to_thread(reading.read, body, content_type=content_type, bounds=self._bounds)

    def _authorized(self, found: Envelope) -> KeyFacts:
        key = self._keys.check(found.auth, tenant=found.tenant)
        if key is None or not found.tenant or not found.auth:
            raise AuthorizationFailed
        return key

    async def _answered(self, found: Envelope, key: KeyFacts, idempotency_key: str | None) -> bytes:
        name = found.stated_action()
        action = self._actions.get(name)
        if action is None:
            raise ActionNotFound
        if not keys.allows(key, name):
            raise PermissionDenied
        request = ActionRequest(
            tenant=found.tenant, action=name, key=key.name, idempotency_key=idempotency_key
        )
        if action.reads:
            return await self._read_only(action, request, found.children)
        with self._limits.holding(found.tenant, action):
            arguments = await self._arguments(action, found.children)
            answer = await self._done(action, request, arguments)
        for other in action.refreshes:
            self._cache.forget(found.tenant, other)
        return answer

    async def _read_only(self, action: Action, request: ActionRequest, children: Children) -> bytes:
        """
        From what is kept, which costs nothing and so takes nobody's turn; else done once for all who ask.
        """
        try:
            arguments: dict[str, Any] | None = action.inputs.read(children)
        except ActionRefused:
            arguments = None
        place: tuple[str, str, Hashable] | None = None
        if arguments is not None:
            place = (request.tenant, action.name, tuple(arguments.items()))
            kept = self._cache.get(place)
            if kept is not None:
                return kept
        with self._limits.holding(request.tenant, action):
            if arguments is None or place is None:
                # Said only now: too many requests at a time are told first.
                arguments = action.inputs.read(children)
                place = (request.tenant, action.name, tuple(arguments.items()))
            settled = arguments
            return await self._cache.once(place, lambda: self._done(action, request, settled))

    async def _arguments(self, action: Action, children: Children) -> dict[str, Any]:
        # Long lists of contacts are looked through beside the loop.
        if sum(len(value) for _, value in children) <= 1_000 + len(children):
            return action.inputs.read(children)
        return await asyncio.to_thread(action.inputs.read, children)

    async def _done(self, action: Action, request: ActionRequest, arguments: dict[str, Any]) -> bytes:
        for need in action.dependencies:
            if need.kind is ActionRequest:
                arguments = arguments | {need.parameter: request}
            elif need.kind in self._provided:
                arguments = arguments | {need.parameter: self._provided[need.kind]}
            elif need.otherwise is not None:
                raise need.otherwise
        async with asyncio.timeout(action.deadline_s):
            if inspect.iscoroutinefunction(action.function):
                return action.answer.write(await action.function(**arguments))
            found = await asyncio.to_thread(action.function, **arguments)
            return action.answer.write(await found if inspect.isawaitable(found) else found)


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
