"""
A test of what happened: a recorded call as a `[[test]]` that holds by the definitions it is written for.

    recorded call --play--> performances --tell--> TestCase --play again--> Retold
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from webhook_engine.definitions import TestCase
from webhook_engine.definitions.files import read_text, write_tests, write_toml
from webhook_engine.dispatch.mask import HIDDEN
from webhook_engine.errors import DefinitionError
from webhook_engine.testing.rehearsal import Rehearsal
from webhook_engine.testing.rehearsal.answers import Answers
from webhook_engine.testing.rehearsal.calls import events_of
from webhook_engine.testing.rehearsal.props import Scenery
from webhook_engine.testing.rehearsal.stage import Stage
from webhook_engine.testing.telling import CannotRetell, Meant, Telling
from webhook_engine.variables import VARIABLES, CallEvent
from webhook_engine.variables.table import DATE_AND_TIME

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.testing.replay import Recorded

__all__ = ["CannotRetell", "Meant", "Retold", "retell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """
    A test, and what it does not say.
    """

    case: TestCase

    left_out: tuple[str, ...]
    """In sentences."""

    def text(self) -> str:
        """
        As it stands in a definitions file, what was left out as a comment above it.
        """
        comment = "".join(f"# {_one_line(each)}\n" for each in self.left_out)
        return comment + write_tests([self.case])


def _one_line(text: str) -> str:
    return " ".join(text.split())


async def retell(
    definitions: Definitions,
    recorded: Recorded,
    *,
    meant: Meant | None = None,
    name: str = "",
    taken: Collection[str] = (),
) -> Retold:
    """
    The test of what *recorded* leads to by *definitions*; nothing is sent, and no secret is read.

    Args:
        meant: The one webhook that the test is about; every one that starts where left out.

        name: The test's; one that says webhook, moment and time where left out.

        taken: Names that tests have elsewhere.

    Raises:
        CannotRetell: By these definitions it does not start, or the test would not hold; says why.
    """
    event = recorded.event
    given, left_out = _given(event, definitions)
    case = TestCase(name="retold", event=event.moment, given=given)
    answers = Answers(recorded.responses)
    stage = Stage(Scenery.of(definitions), answers)
    [played] = events_of(case, definitions)
    played = CallEvent(event.moment, played.call, id=event.id, at=played.at)
    try:
        await stage.play(played)
    finally:
        await stage.close()
    told = Telling(stage, answers, recorded, meant)
    found = replace(
        case,
        name=_free(name or told.name(), {*taken, *(each.name for each in definitions.tests)}),
        responses=tuple(told.responses()),
        expect=tuple(told.expectations()),
        nothing=not stage.performances,
        others=told.has_others,
    )
    retold = Retold(case=found, left_out=(*left_out, *told.left_out))
    await _check(retold, definitions)
    return retold


async def _check(retold: Retold, definitions: Definitions) -> None:
    """
    Whether the test holds, as `check` would play it.
    """
    # In memory alone: stand-ins tell a secret that is written out from one that is referred to.
    around = write_toml(replace(definitions, tests=()), literals=True)
    try:
        read = read_text(f"{around}\n{retold.text()}", folder=definitions.folder)
    except DefinitionError as error:
        raise CannotRetell(f"the test cannot be written: {error}") from error
    [case] = read.tests
    result = await Rehearsal(read).play(case)
    if not result.passed:
        why_not = "; ".join(" ".join(str(each).split()) for each in result.failures)
        raise CannotRetell(f"the test would not hold: {why_not}")


def _given(event: CallEvent, definitions: Definitions) -> tuple[dict[str, Any], list[str]]:
    """
    The variables of a call as a test states them, and what of it no test can state.
    """
    call = event.call
    custom = {each.name for each in definitions.variables}
    given: dict[str, Any] = {
        name: value for name, value in call.to_json().items() if name in VARIABLES and value != ""
    }
    at = call.at.astimezone(definitions.tenant.time_zone)
    given["DATETIME_DATE"] = at.strftime(DATE_AND_TIME)
    given |= {name: value for name, value in call.extra.items() if name in custom}
    unknown = sorted(set(call.extra) - custom)
    left_out = [f"Left out: the variables {', '.join(unknown)}, which are not defined."] if unknown else []
    if any(HIDDEN in value for value in given.values() if isinstance(value, str)):
        left_out.append(f"A secret stood in this call; {HIDDEN} is in its place.")
    return given, left_out


def _free(name: str, taken: Collection[str]) -> str:
    numbered = (f"{name} ({number})" for number in range(2, len(taken) + 3))
    return next(each for each in (name, *numbered) if each not in taken)
