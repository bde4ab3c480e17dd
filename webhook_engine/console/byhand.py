"""
What an agent starts by hand: a button of a manual webhook, or a cell that leads to another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import orjson

from webhook_engine.errors import NotFound, WebhookEngineError
from webhook_engine.failing import failed
from webhook_engine.rules import why
from webhook_engine.rules.handing import handed
from webhook_engine.variables import CallContext, CallEvent, Moment

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.engine import Engine
    from webhook_engine.pops import Pop

LONGEST: Final = 4_096
"""Characters of a DYNAMIC_PARAMETER, as in a chain."""


class NotStarted(WebhookEngineError):
    """
    What an agent asked for was not started, and why.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """
    A webhook that agents start by hand.
    """

    webhook: str
    rules: tuple[str, ...]
    wants_parameter: bool
    """Whether it asks for a DYNAMIC_PARAMETER."""


def buttons_of(definitions: Definitions) -> tuple[Button, ...]:
    """
    The webhooks that rules start at the moment `manual`, in the order of the rules.
    """
    found: dict[str, list[str]] = {}
    for rule in definitions.rules:
        for webhook in rule.webhooks if Moment.MANUAL in rule.on else ():
            found.setdefault(webhook, []).append(rule.name)
    return tuple(
        Button(
            webhook=webhook,
            rules=tuple(rules),
            wants_parameter="DYNAMIC_PARAMETER" in definitions.compiled(webhook).variables,
        )
        for webhook, rules in found.items()
        if definitions.compiled(webhook).definition.enabled
    )


async def press(engine: Engine, agent: str, webhook: str, *, parameter: str, call_id: str) -> str:
    """
    Start a manual webhook, if its rules want it for this call.

    Returns:
        What to tell the agent, where nothing on the desktop does.

    Raises:
        NotStarted: It is no manual webhook, no rule wants it for this call, or it cannot be made.
    """
    event = _event(engine, agent, parameter=parameter, call_id=call_id)
    trace = why(engine.match(event).trace, webhook)
    if not trace.starts:
        raise NotStarted(f"{webhook} was not started: {'; '.join(trace.because)}")
    return await _run(engine, webhook, event)


async def follow(engine: Engine, agent: str, pop_id: str, *, row: int, column: int, shown: str) -> str:
    """
    Start the webhook that a column of an open table leads to, with a cell as its DYNAMIC_PARAMETER.

    Args:
        row, column: The place of the cell in the table, from 0.

        shown: The cell as the agent saw it, as JSON: where the table holds another by now, nothing starts.

    Returns:
        What to tell the agent, where nothing on the desktop does.

    Raises:
        NotFound: The agent has no such pop open.
        NotStarted: There is no such cell, it leads nowhere, or the webhook cannot be made.
    """
    pop = next((each for each in engine.pops.open_pops(agent) if each.id == pop_id), None)
    if pop is None:
        raise NotFound("open pop", pop_id)
    webhook, parameter = _linked(pop, row, column, shown)
    event = _event(engine, agent, parameter=parameter, call_id=pop.call)
    return await _run(engine, webhook, event)


def _linked(pop: Pop, row: int, column: int, shown: str) -> tuple[str, str]:
    """
    Where a cell leads, and what it hands on.
    """
    found = orjson.loads(orjson.dumps(pop.view))
    rows, columns = (found or {}).get("rows", []), (found or {}).get("columns", [])
    if not (0 <= row < len(rows) and 0 <= column < len(columns)) or not columns[column]["link"]:
        raise NotStarted("this table has changed, and there is no such link in it any more")
    cell = rows[row][column]
    if not _is_same(cell, shown):
        raise NotStarted("this table has changed since you saw it; choose again")
    [value, *_] = handed(cell, at_most=1, longest=LONGEST)
    if value.refusal is not None or value.text is None:
        raise NotStarted(f"this cell leads nowhere: {value.refusal}")
    return str(columns[column]["link"]), value.text


def _is_same(cell: object, shown: str) -> bool:
    """
    Whether a browser that was told *cell* says *shown* of it: it writes 1.0 as 1.
    """
    try:
        seen = orjson.loads(shown)
    except orjson.JSONDecodeError:
        return False
    return bool(seen == cell) and isinstance(seen, bool) is isinstance(cell, bool)


def _event(engine: Engine, agent: str, *, parameter: str, call_id: str) -> CallEvent:
    if len(parameter) > LONGEST:
        raise NotStarted(f"a DYNAMIC_PARAMETER has at most {LONGEST:,} characters")
    call = engine.pops.call_at(agent, call_id)
    if call is None and call_id:
        raise NotStarted("that call is not known any more")
    known = call or CallContext(extension=agent)
    now = datetime.now(UTC)
    return CallEvent(Moment.MANUAL, known.replace(dynamic_parameter=parameter), at=now)


async def _run(engine: Engine, webhook: str, event: CallEvent) -> str:
    try:
        made = await engine.run(webhook, event)
    except WebhookEngineError as error:
        raise NotStarted(f"{webhook} was not started: {failed(webhook, error).sentence}") from error
    if made:
        return f"{webhook} is written down and will be sent."
    return ""  # the desktop is told by its stream
