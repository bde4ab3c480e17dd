"""
A call played through its moments without a PBX: for real, or as a dry run that sends nothing.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from webhook_engine.errors import EmptyParameter, WebhookEngineError
from webhook_engine.pops import PopBoard
from webhook_engine.screens import may_move
from webhook_engine.variables import VARIABLES, CallContext, CallEvent, Moment, is_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from webhook_engine.definitions import CustomVariable, Definitions
    from webhook_engine.dispatch import PreparedRequest
    from webhook_engine.engine import Engine
    from webhook_engine.pops import Message
    from webhook_engine.queue import Delivery
    from webhook_engine.rules import Start, Trace

WHOLE: Final = (Moment.RINGING, Moment.ANSWERED, Moment.TRANSFERRED, Moment.ENDED, Moment.DISPOSED)
"""A whole call; it is transferred only where somebody is there to take it."""

STATED: Final = (
    "CALLERID_NAME",
    "CALLERID_NUMBER",
    "CALL_DIR",
    "CALL_QUEUE",
    "CALL_CRMTAG",
    "CALL_NUMBER",
    "CALL_DURATION",
    "CALL_DISPOSITION",
    "CALL_OUTCOME",
    "CALL_NOTES",
    "DYNAMIC_PARAMETER",
)
"""The variables that are typed; the others follow from them, from the agent and from the clock."""

WAITS_S: Final = 5.0
"""How long lookups are waited for, so that their outcome is shown; those that take longer go on."""

_KEPT: Final = 100
_STEPS: Final = 60
_APART: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Became:
    """
    A webhook that a moment started, and what became of it.
    """

    webhook: str
    rules: tuple[str, ...]
    kind: str
    """`window`, `lookup` or `durable`."""

    request: PreparedRequest | None = None
    """What is sent or opened, its secrets masked; None where that could not be made."""

    why: str = ""
    """Why there is no request."""

    is_skipped: bool = False
    """Whether that is what its rule for empty values wants."""

    delivery: str = ""
    """The id under which it was written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    What one agent's desktop was told, or would be.
    """

    agent: str
    event: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    One moment that was played.
    """

    event: CallEvent
    trace: Trace
    is_real: bool
    became: Sequence[Became] = ()
    told: Sequence[Told] = ()
    problem: str = ""
    """Why nothing was accepted."""


@dataclass(slots=True, kw_only=True)
class Simulation:
    """
    One call that somebody plays.
    """

    sip_id: str = field(default_factory=lambda: f"simulated-{secrets.token_hex(6)}")
    given: Mapping[str, str] = field(default_factory=dict)
    """The form as it was sent last."""

    holder: str = ""
    """Who has the call now."""

    steps: list[Step] = field(default_factory=list)
    """The latest first."""

    board: PopBoard = field(default_factory=PopBoard)
    """What desktops would have before them, in a dry run."""

    pops: set[str] = field(default_factory=set)
    """What it really opened on desktops."""


class Simulations:
    """
    The calls that are being played, by whom and their id; the latest ones stay.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], Simulation] = OrderedDict()

    def of(self, who: str, sip_id: str) -> Simulation:
        """
        The call of that id which *who* plays; a new one where there is none.
        """
        found = self._kept.pop((who, sip_id), None) or Simulation()
        self._kept[who, found.sip_id] = found
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return found

    def steps_of(self, who: str) -> list[Step]:
        """
        The moments of all calls that *who* plays, the latest first.
        """
        calls = [call for (player, _), call in self._kept.items() if player == who]
        return sorted((step for call in calls for step in call.steps), key=_when, reverse=True)


def _when(step: Step) -> datetime:
    return step.event.at


def moment_event(
    moment: Moment,
    stated: Mapping[str, str],
    *,
    agent: str,
    sip_id: str,
    custom: Iterable[CustomVariable] = (),
    at: datetime | None = None,
) -> CallEvent:
    """
    The event of a moment: it says what is known by then, and nothing that comes later.

    Args:
        stated: Variable -> what was typed.

    Raises:
        InvalidCall: A value that no call can have.
    """
    known = {name: value for name, value in stated.items() if name in VARIABLES and is_known(name, moment)}
    extra = {
        each.name: stated[each.name]
        for each in custom
        if stated.get(each.name) and each.known_from in moment.follows
    }
    now = at or datetime.now(UTC)
    tokens = {**known, "EXTENSION": agent, "CALL_SIPID": sip_id}
    return CallEvent(moment, CallContext.from_tokens(tokens, extra=extra, at=now), at=now)


async def play(engine: Engine, simulation: Simulation, moments: Sequence[Moment], *, is_real: bool) -> None:
    """
    Let these moments happen to the call, one after the other, and remember what came of each.

    Args:
        is_real: Whether the engine is told, which then sends and writes down; else it is only asked.

    Raises:
        InvalidCall: A value that no call can have; no moment was played then.
    """
    events = _events(engine.definitions, simulation, moments)
    for event in events:
        simulation.holder = event.call.extension
        step = await (
            _for_real(engine, simulation, event) if is_real else _dry(engine, simulation.board, event)
        )
        simulation.steps.insert(0, step)
        del simulation.steps[_STEPS:]


def _events(
    definitions: Definitions, simulation: Simulation, moments: Sequence[Moment]
) -> Sequence[CallEvent]:
    given, now = simulation.given, datetime.now(UTC)
    holder = simulation.holder or given["agent"]
    found = []
    for index, moment in enumerate(moments):
        if moment is Moment.RINGING:
            holder = given["agent"]
        elif moment is Moment.TRANSFERRED:
            holder = given["transfer_to"]
        found.append(
            moment_event(
                moment,
                given,
                agent=holder,
                sip_id=simulation.sip_id,
                custom=definitions.variables,
                at=now + index * _APART,
            )
        )
    return found


async def _dry(engine: Engine, board: PopBoard, event: CallEvent) -> Step:
    match = engine.match(event)
    became = [_rendered(engine, start, event) for start in match.starts]
    told: list[Message] = []
    stop = board.listen(told.append)
    try:
        board.note(event)
        for start, each in zip(match.starts, became, strict=True):
            _show(engine, board, start, event, each)
    finally:
        stop()
    return Step(event=event, trace=match.trace, is_real=False, became=became, told=_told(told))


def _show(engine: Engine, board: PopBoard, start: Start, event: CallEvent, became: Became) -> None:
    moves = may_move(engine.definitions.compiled(start.webhook))
    if became.request is None:
        return
    if became.kind == "window":
        board.open_window(event, start.webhook, became.request.url, moves=moves)
    elif became.kind == "lookup":
        board.begin(event, start.webhook, moves=moves)


async def _for_real(engine: Engine, simulation: Simulation, event: CallEvent) -> Step:
    match = engine.match(event)
    told: list[Message] = []
    stop = engine.pops.listen(told.append)
    try:
        made = await engine.notify(event)
        await _settled(engine, event)
    except WebhookEngineError as error:
        return Step(event=event, trace=match.trace, is_real=True, problem=str(error))
    finally:
        stop()
    ids = {each.webhook: each for each in made}
    became = [_rendered(engine, start, event, ids.get(start.webhook)) for start in match.starts]
    everything = _told(told)
    simulation.pops.update(str(each.data["pop"]) for each in everything if _is_about(each, event.call.sip_id))
    ours = [each for each in everything if each.data.get("pop") in simulation.pops]
    return Step(event=event, trace=match.trace, is_real=True, became=became, told=ours)


async def _settled(engine: Engine, event: CallEvent) -> None:
    """
    Waits a while for the lookups of this call.
    """
    until = asyncio.get_running_loop().time() + WAITS_S
    while asyncio.get_running_loop().time() < until:
        open_ones = engine.pops.open_pops(event.call.extension)
        if not any(pop.is_waiting and pop.call == f"sip:{event.call.sip_id}" for pop in open_ones):
            return
        await asyncio.sleep(0.05)


def _rendered(engine: Engine, start: Start, event: CallEvent, delivery: Delivery | None = None) -> Became:
    webhook = engine.definitions.webhook(start.webhook)
    kind = "window" if not webhook.type.is_sent else "durable" if webhook.is_durable else "lookup"
    request, why, is_skipped = None, "", False
    try:
        request = engine.render(start.webhook, start.call(event))
        why = "" if webhook.enabled else "it is disabled"
    except EmptyParameter as error:
        why, is_skipped = str(error), error.skips
    except WebhookEngineError as error:
        why = str(error)
    return Became(
        webhook=start.webhook,
        rules=start.rules,
        kind=kind,
        request=request if not why else None,
        why=why,
        is_skipped=is_skipped,
        delivery=delivery.id if delivery is not None else "",
    )


def _told(messages: Iterable[Message]) -> list[Told]:
    return [Told(agent=each.agent, event=each.event, data=each.news.to_json()) for each in messages]


def _is_about(told: Told, sip_id: str) -> bool:
    call = told.data.get("call")
    return isinstance(call, dict) and call.get("id") == f"sip:{sip_id}"
