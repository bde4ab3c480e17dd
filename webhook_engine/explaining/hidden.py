"""
What is to be explained, without the secrets that stand in a call's own data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.hiding import Hiding
from webhook_engine.variables import CallEvent
from webhook_engine.variables.errors import VariableError

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.dispatch import SecretStore
    from webhook_engine.queue import DeliveryReport

HIDDEN_IN_CALL: Final = (
    "The call's own data held a secret; *** stands for it here, also where a condition asks."
)


_NAMED: Final = 3
"""Secrets that a note names; the others are counted."""


def unknown_to(hiding: Hiding) -> tuple[str, ...]:
    """
    What is to be said of secrets that were not found, and so not looked for.
    """
    if not hiding.unknown:
        return ()
    names = [f"{each.kind} {each.value}" for each in hiding.unknown[:_NAMED]]
    more = f" and {len(hiding.unknown) - _NAMED:,} more" if len(hiding.unknown) > _NAMED else ""
    return (
        f"Secrets that cannot be read here are not looked for in the call's own data: {', '.join(names)}{more}.",
    )


def hiding_of(secrets: SecretStore, *definitions: Definitions) -> Hiding:
    """
    What hides the secrets of all these definitions; finding them takes time, so it belongs into a thread.
    """
    hiding = Hiding(secrets)
    hiding.reveal(*definitions)
    return hiding


def shown_event(event: CallEvent, secrets: SecretStore, definitions: Definitions) -> CallEvent:
    """
    An event that happened, as it may be shown; finding the secrets takes time, so it belongs into a thread.
    """
    return CallEvent.from_json(event_without(event.to_json(), hiding_of(secrets, definitions)))


def shown_report(report: DeliveryReport, secrets: SecretStore, definitions: Definitions) -> DeliveryReport:
    """
    The same of a delivery.
    """
    return report_without(report, hiding_of(secrets, definitions))


def report_without(report: DeliveryReport, hiding: Hiding) -> DeliveryReport:
    """
    A delivery in whose event, start and attempts no secret stands.
    """
    reference: dict[str, Any] = dict(report.reference)
    if isinstance(event := reference.get("event"), Mapping):
        reference["event"] = event_without(event, hiding)
    if isinstance(start := reference.get("start"), Mapping):
        handed = {name: start[name] for name in ("event_id", "dynamic_parameter") if name in start}
        reference["start"] = {**start, **hiding.texts(handed)}
    records = tuple(replace(each, detail=hiding.texts(dict(each.detail))) for each in report.records)
    return replace(report, reference=reference, reason=hiding.texts(report.reason), records=records)


def event_without(document: Mapping[str, Any], hiding: Hiding) -> dict[str, Any]:
    """
    An event as JSON without secrets.

    What a call cannot hold with *** in it, such as a time, is left out of it.
    """
    event = dict(document)
    if isinstance(event.get("id"), str):
        event["id"] = hiding.texts(event["id"])
    call = event.get("call")
    if not isinstance(call, Mapping):
        return event
    masked = {name: hiding.texts(value) for name, value in call.items()}
    try:
        CallEvent.from_json({**event, "call": masked})
    except VariableError:
        masked = {name: value for name, value in call.items() if masked[name] == value}
    return {**event, "call": masked}
