"""
The call simulator: a call with chosen variables, played moment by moment, so that rules can be tried without a PBX.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from webhook_engine.console import simulation
from webhook_engine.console.forms import NO_ERRORS, Form
from webhook_engine.errors import InvalidCall
from webhook_engine.variables import VARIABLES, Moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from webhook_engine.console.simulation import Simulation
    from webhook_engine.console.visit import Visit
    from webhook_engine.definitions import Definitions

_BEGUN: Final[Mapping[str, str]] = {
    "CALLERID_NAME": "Thandi Mokoena",
    "CALLERID_NUMBER": "0821234567",
    "CALL_DIR": "incoming",
    "CALL_DURATION": "75",
    "CALL_DISPOSITION": "Success",
}
"""What a new call begins with."""

_CHOICES: Final[Mapping[str, str]] = {"CALL_DIR": "direction", "CALL_DISPOSITION": "disposition"}
"""Variables that are chosen, and the kind of their words."""


async def show(visit: Visit) -> web.StreamResponse:
    """
    The form of a call, and what came of the moments that were played of it (`?call=`).
    """
    await visit.console.in_force(await visit.console.revision())
    return _shown(visit, _found(visit, visit.asked("call")))


async def play(visit: Visit) -> web.StreamResponse:
    """
    Play one moment, or all of a call.
    """
    console = visit.console
    await console.in_force(await console.revision())
    definitions = console.engine.definitions
    found = _found(visit, visit.given("call"))
    found.given = _given(visit, definitions)
    is_real = found.given["mode"] == "real"
    errors = _missing(visit, found, definitions, is_real=is_real)
    moments = _moments(visit, found)
    if not errors:
        try:
            await simulation.play(console.engine, found, moments, is_real=is_real)
        except InvalidCall as error:
            errors = {field_of(error.field): [error.problem]}
    if errors:
        return _shown(visit, found, errors, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return visit.go("simulator", call=found.sip_id, at="played")


def _found(visit: Visit, sip_id: str) -> Simulation:
    return visit.console.simulations.of(visit.who.email, sip_id)


def field_of(variable: str) -> str:
    """
    What a variable's field is called: fields are written small.
    """
    return variable.lower()


def _given(visit: Visit, definitions: Definitions) -> Mapping[str, str]:
    names = [*simulation.STATED, *(each.name for each in definitions.variables)]
    stated = {name: visit.given(field_of(name)).replace("\r\n", "\n") for name in names}
    others = {name: visit.given(name) for name in ("agent", "transfer_to", "mode")}
    return {**{name: value for name, value in stated.items() if value}, **others}


def _missing(
    visit: Visit, found: Simulation, definitions: Definitions, *, is_real: bool
) -> Mapping[str, Sequence[str]]:
    errors: dict[str, Sequence[str]] = {}
    if not definitions.is_agent(found.given["agent"]):
        errors["agent"] = ["choose an agent: only their calls start webhooks"]
    if visit.given("moment") == Moment.TRANSFERRED and not found.given["transfer_to"]:
        errors["transfer_to"] = ["choose who takes the call"]
    if is_real and not visit.given("sure"):
        errors["mode"] = ["requests will really be sent: tick below that this is meant"]
    return errors


def _moments(visit: Visit, found: Simulation) -> Sequence[Moment]:
    one = visit.given("moment")
    if one in list(Moment):
        return (Moment(one),)
    return [each for each in simulation.WHOLE if each is not Moment.TRANSFERRED or found.given["transfer_to"]]


def _shown(
    visit: Visit,
    found: Simulation,
    errors: Mapping[str, Sequence[str]] = NO_ERRORS,
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> web.Response:
    definitions = visit.console.engine.definitions
    agent = visit.who.extension or next((each.extension for each in definitions.agents), "")
    given = found.given or {**_BEGUN, "CALL_QUEUE": _first_queue(definitions), "agent": agent}
    return visit.page(
        "simulator.html",
        status=status,
        simulation=found,
        form=Form(table={field_of(name): value for name, value in given.items()}, errors=errors),
        variables=[VARIABLES[name] for name in simulation.STATED],
        custom=definitions.variables,
        choices=_CHOICES,
        field_of=field_of,
        agents=definitions.agents,
        queues=sorted({queue for rule in definitions.rules for queue in rule.call_queues}),
        moments=list(Moment),
        definitions=definitions,
        rules={each.name: each for each in definitions.rules},
    )


def _first_queue(definitions: Definitions) -> str:
    queues = (queue for rule in definitions.rules for queue in rule.call_queues)
    return next(queues, "Sales")
