"""
From a test to its call events.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from webhook_engine.variables import VARIABLES, CallContext, CallEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook_engine.definitions import Definitions, TestCase
    from webhook_engine.variables import Value

BEGINNING: Final = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
"""When a call takes place that states no DATETIME."""


def events_of(case: TestCase, definitions: Definitions) -> Iterator[CallEvent]:
    """
    The moments of a test, each with the call as it is by then.

    A test has no clock but this one, so that it renders the same every day.
    """
    custom = {each.name for each in definitions.variables}
    zone = definitions.tenant.time_zone
    known: dict[str, Value] = dict(case.given)
    at: datetime | None = None
    for number, moment in enumerate(case.call, start=1):
        known |= moment.given
        tokens: dict[str, object] = {name: value for name, value in known.items() if name not in custom}
        extra = {name: value for name, value in known.items() if name in custom}
        if at is None:
            states_time = any(VARIABLES[name].name.startswith("DATETIME") for name in tokens)
            at = CallContext.from_tokens(tokens, time_zone=zone).at if states_time else BEGINNING
        else:
            at += timedelta(seconds=moment.after_s)
        call = CallContext.from_tokens(tokens, extra=extra, at=at, time_zone=zone)
        yield CallEvent(moment.event, call, id=f"test-{number}", at=at)
