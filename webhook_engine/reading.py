"""
What came of an attempt: read on the loop where that costs next to nothing, else in a thread beside it.
"""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from webhook_engine import log
from webhook_engine.errors import ResponseError, UnreadableResponse
from webhook_engine.failing import failed
from webhook_engine.responses import names_unread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from webhook_engine.aside import Aside
    from webhook_engine.dispatch import Attempt
    from webhook_engine.line import Line
    from webhook_engine.responses import AgentView, Response
    from webhook_engine.responses.outcome import Verdict
    from webhook_engine.variables import Value

_Read = TypeVar("_Read")

READ_AT_ONCE: Final = 16 * 1024
"""Bytes that are worth a try on the loop; what is longer is read there only where a glance tells it."""

AT_ONCE_S: Final = 0.01
"""Seconds of that try. A few bytes can ask for a table of a million cells."""


async def read(line: Line, attempt: Attempt, values: Mapping[str, Value], *, until: float) -> AgentView:
    """
    What an agent sees of an attempt; a response that costs much is read beside the loop.

    Args:
        until: On the loop's clock: no longer than that.
    """
    view = read_at_once(line, attempt, values)
    return view if view is not None else await read_beside(line, attempt, values, until=until)


def read_at_once(line: Line, attempt: Attempt, values: Mapping[str, Value]) -> AgentView | None:
    """
    What an agent sees of an attempt where that costs next to nothing, as it does for nearly every lookup.
    """
    response = attempt.response
    try:
        return view_of(line, attempt, values, until=math.inf if response is None else _at_once(response))
    except TimeoutError:
        return None


async def read_beside(
    line: Line, attempt: Attempt, values: Mapping[str, Value], *, until: float
) -> AgentView:
    """
    What an agent sees of an attempt whose response costs much to read.

    Args:
        until: On the loop's clock: no longer than that.
    """
    response = attempt.response
    assert response is not None  # noqa: S101  # without one there is nothing to read
    try:
        return await _beside(line.aside, partial(view_of, line, attempt, values), until)
    except TimeoutError:
        deadline_s = line.compiled.deadline_s
        error = _too_slow(response, attempt.prepared.target, deadline_s)
        took_s = asyncio.get_running_loop().time() - until + deadline_s
        return failed(line.name, error, attempts=attempt.sends, took_s=took_s)


async def judged(
    line: Line, attempt: Attempt, values: Mapping[str, Value]
) -> tuple[Verdict, ResponseError | None]:
    """
    What the response of an attempt means where nobody looks at its rows, and why it could not be read; within
    the time that its webhook has for a whole request.
    """
    response = attempt.response
    assert response is not None  # noqa: S101  # the caller has seen it
    work = partial(line.interpreter.judge, response, values)
    try:
        return await _in_time(work, response, line)
    except TimeoutError:
        problem = _too_slow(response, attempt.prepared.target, line.compiled.deadline_s)
        return line.interpreter.unread(response, problem, values).verdict, problem


async def names_of(line: Line, response: Response) -> Mapping[str, object]:
    """
    What the rules of a chain may ask of *response*, read within the time its webhook has for a whole request.
    """
    work = partial(line.interpreter.names_of, response)
    try:
        return await _in_time(work, response, line)
    except TimeoutError:
        return names_unread(response)


async def _in_time(work: Callable[..., _Read], response: Response, line: Line) -> _Read:
    """
    What *work* makes of *response*: at once where that costs next to nothing, else beside the loop.

    Raises:
        TimeoutError: It took longer than the webhook of *line* has for a request; the thread ends soon as well.
    """
    with suppress(TimeoutError):
        return work(until=_at_once(response))
    return await _beside(line.aside, work, _from_now(line))


def _at_once(response: Response) -> float:
    """
    Until when, on `time.monotonic`'s clock, *response* may be read on the loop.
    """
    return time.monotonic() + AT_ONCE_S if len(response.body) <= READ_AT_ONCE else 0.0


async def _beside(aside: Aside, work: Callable[..., _Read], until: float) -> _Read:
    """
    What *work* makes of a response, in a thread.

    Raises:
        TimeoutError: It is later than *until*, on the loop's clock; the thread ends soon as well.
    """
    left_s = until - asyncio.get_running_loop().time()
    return await aside.run(partial(work, until=time.monotonic() + left_s), until=until)


def _from_now(line: Line) -> float:
    return asyncio.get_running_loop().time() + line.compiled.deadline_s


def _too_slow(response: Response, target: str, within_s: float) -> UnreadableResponse:
    return UnreadableResponse(
        f"the response of {target} could not be read within {within_s:g} s", response=response
    )


def view_of(
    line: Line, attempt: Attempt, values: Mapping[str, Value], *, until: float = math.inf
) -> AgentView:
    """
    What an agent sees of an attempt, whichever way it went.

    Raises:
        TimeoutError: Reading the response would have taken longer than *until*, on `time.monotonic`'s clock.
    """
    if attempt.error is not None:
        return failed(line.name, attempt.error, attempts=attempt.sends, took_s=attempt.took_s)
    assert attempt.response is not None  # noqa: S101  # an attempt has one or the other
    return line.interpreter.view_of(
        attempt.response,
        values,
        webhook=line.name,
        attempts=attempt.sends,
        took_s=attempt.took_s,
        until=until,
    )


def tell(attempt: Attempt, view: AgentView) -> None:
    """
    The one event of an attempt in the log.
    """
    log.event(
        "attempt.finished",
        webhook=view.webhook,
        target=attempt.prepared.target,
        attempt=attempt.number,
        outcome=str(view.outcome),
        status=view.status,
        fault=attempt.fault and str(attempt.fault),
        took_s=round(attempt.took_s, 4),
    )
