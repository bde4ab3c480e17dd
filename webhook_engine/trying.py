"""
A request that is tried out, and everything that an administrator wants to see of it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from webhook_engine.errors import WebhookEngineError, WrongType
from webhook_engine.failing import failed
from webhook_engine.reading import read

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from webhook_engine.dispatch import Attempt, PreparedRequest
    from webhook_engine.line import Lines
    from webhook_engine.responses import AgentView
    from webhook_engine.variables import CallContext, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """
    A request that was tried out, and everything that came of it; no secret is in it.
    """

    view: AgentView
    """What an agent would have seen."""

    values: Mapping[str, Value]
    request: PreparedRequest | None = None
    """What was sent, masked; None where it could not be made."""

    attempt: Attempt | None = None
    """None where nothing was sent."""


async def try_out(
    lines: Lines, webhook: str, call: CallContext, dispatch: Callable[[PreparedRequest], Awaitable[Attempt]]
) -> Trial:
    """
    Asks with the test values; what is disabled can be tried out too.

    Raises:
        NotFound: No webhook has that name.
        WrongType: It is a page for the browser, so it is opened, not asked.
    """
    line = lines.of(webhook, test_values=True)
    if not line.is_sent:
        raise WrongType(webhook, is_sent=False)
    values: Mapping[str, Value] = {}
    try:
        values = lines.values(line, call)
        request = lines.prepared(line, call, values)
    except WebhookEngineError as error:
        return Trial(view=failed(line.name, error), values=values)
    until = asyncio.get_running_loop().time() + request.deadline_s
    attempt = await dispatch(request)
    view = await read(line, attempt, values, until=until)
    masked = replace(attempt, prepared=request.masked())
    return Trial(view=view, values=values, request=masked.prepared, attempt=masked)
