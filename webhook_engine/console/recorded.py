"""
Calls that happened: those of the latest deliveries, and those that somebody plays in the simulator.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.errors import NotFound, QueueError, VariableError
from webhook_engine.rules import Start
from webhook_engine.variables import CallEvent

if TYPE_CHECKING:
    from webhook_engine.console.visit import Visit
    from webhook_engine.queue import DeliveryReport
    from webhook_engine.variables import CallContext

LOOKED_AT: Final = 80
"""Deliveries that are looked at, the newest ones; one event may have several."""

OFFERED: Final = 25
"""Calls of each kind that are offered."""

PATIENCE_S: Final = 1.0
"""How long a page waits for deliveries that it only offers."""

_DELIVERY: Final = "delivery:"
_PLAYED: Final = "played:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """
    One event of a call.
    """

    key: str
    """By which it is found again; no sample call is called so."""

    event: CallEvent

    call: CallContext
    """The event's, with what was handed on as its DYNAMIC_PARAMETER."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """
    What there is to choose from, the newest first.
    """

    delivered: tuple[Recorded, ...] = ()
    played: tuple[Recorded, ...] = ()
    """What this visitor played in the simulator."""


async def recorded(visit: Visit) -> Calls:
    """
    The calls that may be chosen; a queue that cannot be read now offers none.
    """
    return Calls(delivered=tuple(await _delivered(visit)), played=tuple(_played(visit)[:OFFERED]))


async def recorded_one(visit: Visit, key: str) -> Recorded | None:
    """
    The recorded call of that key; None where it is no key but the name of a sample.

    Raises:
        NotFound: It is not kept any more.
    """
    if key.startswith(_PLAYED):
        found = next((each for each in _played(visit) if each.key == key), None)
        if found is None:
            raise NotFound("simulated call", key.removeprefix(_PLAYED))
        return found
    if not key.startswith(_DELIVERY):
        return None
    ident = key.removeprefix(_DELIVERY)
    queue = visit.console.engine.queue
    found = _read(await queue.show(ident)) if queue is not None else None
    if found is None:
        raise NotFound("delivery", ident)
    return found


async def recordings(visit: Visit) -> tuple[Recorded, ...]:
    """
    The last events that were recorded with what target systems answered; none where none are.
    """
    found = []
    for document in await visit.console.store.recordings.last(visit.console.tenant, OFFERED):
        told = {key: each for key, each in document.items() if key != "responses"}
        try:
            event = CallEvent.from_json(told)
        except VariableError:
            continue  # a variable may have gone since
        found.append(Recorded(key=event.id, event=event, call=event.call))
    return tuple(found[::-1])


async def _delivered(visit: Visit) -> list[Recorded]:
    queue = visit.console.engine.queue
    if queue is None:
        return []
    try:
        async with asyncio.timeout(PATIENCE_S):
            page = await queue.list(limit=LOOKED_AT)
    except (QueueError, TimeoutError):
        return []  # busy or away: the form is of use without them
    # The name first: reading an event costs more than looking at it.
    newest: dict[object, DeliveryReport] = {}
    for report in page.deliveries:
        event = report.reference.get("event")
        if isinstance(event, Mapping):
            newest.setdefault(event.get("id", report.id), report)
    return [found for report in list(newest.values())[:OFFERED] if (found := _read(report)) is not None]


def _read(report: DeliveryReport) -> Recorded | None:
    """
    None for what no version of ours wrote.
    """
    event, start = report.reference.get("event"), report.reference.get("start")
    if not isinstance(event, Mapping):
        return None
    try:
        known = CallEvent.from_json(event)
    except VariableError:
        return None
    handed: Mapping[str, Any] = start if isinstance(start, Mapping) else {}
    call = Start.from_json(handed).call(known) if handed else known.call
    return Recorded(key=f"{_DELIVERY}{report.id}", event=known, call=call)


def _played(visit: Visit) -> list[Recorded]:
    return [
        Recorded(key=f"{_PLAYED}{step.event.id}", event=step.event, call=step.event.call)
        for step in visit.console.simulations.steps_of(visit.who.email)
    ]
