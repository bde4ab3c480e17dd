"""
The explanation of an event in a dry run, and of a delivery from its record; nothing is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from webhook_engine.engine import Engine
from webhook_engine.errors import DefinitionError, NotFound, WebhookDisabled, WebhookEngineError
from webhook_engine.explaining.explanation import Explanation, StartExplanation
from webhook_engine.explaining.hidden import HIDDEN_IN_CALL, hiding_of, report_without, unknown_to
from webhook_engine.explaining.standing import Unasked
from webhook_engine.explaining.tries import AttemptTrace
from webhook_engine.explaining.used import variables_of
from webhook_engine.line import Lines
from webhook_engine.responses import Outcome, Response
from webhook_engine.rules import RuleSet, Start, follow, why
from webhook_engine.variables import CallEvent
from webhook_engine.versions import Version

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.dispatch import SecretStore
    from webhook_engine.explaining.used import VariableTrace
    from webhook_engine.queue import DeliveryReport
    from webhook_engine.rules import FollowTrace, Trace

    Kept = Callable[[str], Awaitable[str | None]]
    """A version of the definitions by its name, as TOML; None where it is gone."""


def explain_event(engine: Engine, event: CallEvent) -> Explanation:
    """
    Why *event* would start each webhook or not, and what would be sent.
    """
    match = engine.match(event)
    definitions = engine.definitions
    return Explanation(
        trace=match.trace,
        starts=tuple(_would_send(engine, start, event) for start in match.starts),
        webhooks=tuple(why(match.trace, each.name) for each in definitions.webhooks),
    )


def _would_send(engine: Engine, start: Start, event: CallEvent) -> StartExplanation:
    definitions = engine.definitions
    variables = variables_of(definitions.compiled(start.webhook), event, start, definitions)
    if not definitions.webhook(start.webhook).enabled:
        return StartExplanation(start=start, variables=variables, error=WebhookDisabled(start.webhook))
    try:
        request = engine.render(start.webhook, start.call(event))
    except WebhookEngineError as error:
        return StartExplanation(start=start, variables=variables, error=error)
    return StartExplanation(start=start, variables=variables, request=request.to_json())


async def explain_delivery(
    report: DeliveryReport, definitions: Definitions, kept: Kept | None = None, *, secrets: SecretStore
) -> Explanation:
    """
    Why a delivery was started, what its request was made of, and what came of each attempt.

    The rules are asked as they are now; the request is told by the definitions under which it was accepted,
    where *kept* still has them, and otherwise by those of now, with a note.

    Args:
        report: With its attempts, as `DeliveryQueue.show` gives it.

        secrets: Where the definitions' secrets are: none of them is shown, wherever it stands.

    Raises:
        NotFound: The delivery does not say which event it is for.
    """
    accepted, notes = await _accepted(report, definitions, kept)
    # Definitions are made ready for it, which of many takes longer than an event loop should wait.
    return await asyncio.to_thread(_explained, report, definitions, accepted, notes, secrets)


def _explained(
    found: DeliveryReport,
    definitions: Definitions,
    accepted: Definitions,
    notes: tuple[str, ...],
    secrets: SecretStore,
) -> Explanation:
    hiding = hiding_of(secrets, definitions, accepted)
    report = report_without(found, hiding)
    notes = (*notes, *unknown_to(hiding))
    if report.reference.get("event") != found.reference.get("event"):
        notes = (*notes, HIDDEN_IN_CALL)
    event, start = _read(report)
    rules = RuleSet(definitions)
    trace = rules.match(event).trace
    variables, request, error = _made(report, start, event, accepted)
    attempts = tuple(AttemptTrace.of(each) for each in report.records)
    return Explanation(
        trace=trace,
        starts=(
            StartExplanation(
                start=start,
                variables=variables,
                request=request,
                error=error,
                attempts=attempts,
                follow=_follow(report, rules, start, event),
            ),
        ),
        webhooks=tuple(why(trace, each.name) for each in definitions.webhooks),
        delivery=report,
        notes=(*notes, *_changed(start, trace)),
    )


def _read(report: DeliveryReport) -> tuple[CallEvent, Start]:
    reference: Mapping[str, Any] = report.reference
    if "event" not in reference or "start" not in reference:
        raise NotFound("event of the delivery", report.id)
    return CallEvent.from_json(reference["event"]), Start.from_json(reference["start"])


async def _accepted(
    report: DeliveryReport, definitions: Definitions, kept: Kept | None
) -> tuple[Definitions, tuple[str, ...]]:
    """
    The definitions under which a delivery was accepted, and what is to be said about them.
    """
    name = str(report.reference.get("version", ""))
    if not name or name == await asyncio.to_thread(lambda: Version(definitions).name):
        return definitions, ()
    document = None if kept is None else await kept(name)
    if document is not None:
        from webhook_engine.definitions import read_text

        try:
            found = await asyncio.to_thread(read_text, document, f"definitions {name}")
        except DefinitionError:
            # Of an older program; what it says is told by today's below.
            return definitions, (_UNREADABLE,)
        return found, (_EDITED,)
    return definitions, (_FORGOTTEN,)


_EDITED: Final = (
    "The definitions were edited since it was accepted: the rules are those of now, the request is of then."
)
_FORGOTTEN: Final = (
    "The definitions under which it was accepted are gone: rules and variables are told by those of now."
)
_UNREADABLE: Final = (
    "The definitions under which it was accepted cannot be read any more: rules and variables are told by those "
    "of now."
)


def _made(
    report: DeliveryReport, start: Start, event: CallEvent, definitions: Definitions
) -> tuple[tuple[VariableTrace, ...], Mapping[str, object] | None, WebhookEngineError | None]:
    """
    The variables and the request: of the last record that has one, else as it would be made.
    """
    try:
        variables = variables_of(definitions.compiled(start.webhook), event, start, definitions)
        made = Engine(definitions, secrets=Unasked()).render(start.webhook, start.call(event)).to_json()
    except NotFound as error:
        return (), _recorded(report, {}), error
    except WebhookEngineError as error:
        recorded = _recorded(report, {})
        return variables, recorded, None if recorded is not None else error
    return variables, _recorded(report, made) or made, None


def _recorded(report: DeliveryReport, made: Mapping[str, object]) -> Mapping[str, object] | None:
    for record in reversed(report.records):
        request = record.detail.get("request")
        if isinstance(request, Mapping):
            return {"webhook": report.webhook, "kind": "request", "body": None, **request}
    return made or None


def _follow(report: DeliveryReport, rules: RuleSet, start: Start, event: CallEvent) -> FollowTrace | None:
    """
    What the last response led to, where a chain waits for it and the record holds all of it.
    """
    if not any(map(rules.links.get, start.rules)):
        return None
    record = next((each for each in reversed(report.records) if each.detail.get("response")), None)
    if record is None or record.outcome not in set(Outcome):
        return None
    response = cast("Mapping[str, Any]", record.detail["response"])
    if response.get("truncated"):
        return None
    read = Response(
        status=response["status"],
        headers=tuple(response["headers"].items()),
        body=str(response["body"]).encode("utf-8", "surrogatepass"),
        took_s=record.took_s,
    )
    try:
        line = Lines(rules.definitions, Unasked()).of(start.webhook)
    except NotFound:
        return None
    names = line.interpreter.names_of(read)
    return follow(rules, start, event, outcome=Outcome(record.outcome), names=names).trace


def _changed(start: Start, trace: Trace) -> tuple[str, ...]:
    """
    Rules that started it and would not do so now.
    """
    if start.depth:
        return (f"It was led to by {' › '.join(start.chain)}: the rules below are those of its event.",)
    said = {rule.rule: rule for rule in trace.rules}
    gone = [name for name in start.rules if name not in said]
    others = [
        name
        for name in start.rules
        if name in said and all(each.webhook != start.webhook for each in said[name].starts)
    ]
    return (
        *(f"The rule {name!r} that started it is gone." for name in gone),
        *(f"The rule {name!r} started it then, and would not now." for name in others),
    )
