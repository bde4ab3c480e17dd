"""
The explanation of a recorded event: what agents looked up and were shown for it, and what was delivered.
"""

from __future__ import annotations

from base64 import b64decode
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.engine import Engine
from webhook_engine.errors import WebhookEngineError
from webhook_engine.explaining.explanation import Explanation, StartExplanation
from webhook_engine.explaining.hidden import HIDDEN_IN_CALL, event_without, hiding_of, unknown_to
from webhook_engine.explaining.standing import Unasked
from webhook_engine.explaining.tries import AttemptTrace
from webhook_engine.explaining.used import variables_of
from webhook_engine.failing import failed
from webhook_engine.line import Lines
from webhook_engine.responses import Outcome, Response
from webhook_engine.rules import RuleSet, follow, why
from webhook_engine.variables import CallEvent

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.dispatch import SecretStore
    from webhook_engine.hiding import Hiding
    from webhook_engine.rules import FollowTrace, Start

BY_NOW: Final = (
    "Of a recorded call the event and the responses are kept: rules, requests and outcomes are told by the definitions "
    "of now."
)
_MOST: Final = 1_000
"""Starts that are told."""


def explain_recorded(
    document: Mapping[str, Any], definitions: Definitions, *, secrets: SecretStore
) -> Explanation:
    """
    Why a recorded event started each webhook or not, what was asked, and what came of it, along every chain.

    It costs time, as definitions are made ready for it, so it belongs into a thread.

    Args:
        document: As `Recordings.of_event` gives it: the event, and under `responses` those of each webhook.

        secrets: Where the definitions' secrets are: none of them is shown, wherever it stands.

    Raises:
        VariableError: The document holds no call event.
    """
    hiding = hiding_of(secrets, definitions)
    told = {key: value for key, value in document.items() if key != "responses"}
    masked = event_without(told, hiding)
    notes = (BY_NOW, *unknown_to(hiding), *((HIDDEN_IN_CALL,) if masked != told else ()))
    event = CallEvent.from_json(masked)
    engine = Engine(definitions, secrets=Unasked())
    match = engine.match(event)
    starts = _Telling(engine, event, dict(document.get("responses") or {}), hiding).of(match.starts)
    return Explanation(
        trace=match.trace,
        starts=tuple(starts),
        webhooks=tuple(why(match.trace, each.name) for each in definitions.webhooks),
        is_recorded=True,
        notes=notes,
    )


class _Telling:
    """
    One recorded event, start by start.
    """

    def __init__(self, engine: Engine, event: CallEvent, responses: dict[str, Any], hiding: Hiding) -> None:
        self._engine, self._event, self._responses, self._hiding = engine, event, responses, hiding
        self._rules = RuleSet(engine.definitions)
        self._lines = Lines(engine.definitions, Unasked())

    def of(self, starts: Sequence[Start]) -> list[StartExplanation]:
        """
        Each start with what came of it, followed by those that its response led to.
        """
        found: list[StartExplanation] = []
        waiting = deque(starts)
        while waiting and len(found) < _MOST:
            told, led_to = self._start(waiting.popleft())
            found.append(told)
            waiting.extend(led_to)
        return found

    def _start(self, start: Start) -> tuple[StartExplanation, Sequence[Start]]:
        definitions, call = self._engine.definitions, start.call(self._event)
        variables = variables_of(definitions.compiled(start.webhook), self._event, start, definitions)
        request, error = None, None
        try:
            self._lines.check_enabled(self._lines.of(start.webhook))
            request = self._engine.render(start.webhook, call).to_json()
        except WebhookEngineError as problem:
            error = problem
        # Whatever asks first has the responses: nothing recorded says which of several asked.
        answers = self._responses.pop(start.webhook, [])
        attempts, response = self._attempts(start, answers)
        outcome = self._outcome(start, attempts, error)
        followed = None
        if outcome is not None and any(map(self._rules.links.get, start.rules)):
            names = self._lines.of(start.webhook).interpreter.names_of(response) if response else {}
            followed = follow(self._rules, start, self._event, outcome=outcome, names=names)
        trace: FollowTrace | None = followed.trace if followed is not None else None
        told = StartExplanation(
            start=start, variables=variables, request=request, error=error, attempts=attempts, follow=trace
        )
        return told, followed.starts if followed is not None else ()

    def _outcome(
        self, start: Start, attempts: Sequence[AttemptTrace], error: WebhookEngineError | None
    ) -> Outcome | None:
        """
        What a chain goes on with; None where nothing recorded says it.
        """
        if attempts:
            return Outcome(attempts[-1].outcome) if attempts[-1].outcome in set(Outcome) else None
        return failed(start.webhook, error).outcome if error is not None else None

    def _attempts(self, start: Start, answers: object) -> tuple[tuple[AttemptTrace, ...], Response | None]:
        listed = answers if isinstance(answers, list) else [answers]
        told = [self._attempt(start, number, each) for number, each in enumerate(listed, start=1)]
        last = told[-1][1] if told else None
        return tuple(each for each, _ in told), last

    def _attempt(
        self, start: Start, number: int, answer: Mapping[str, Any]
    ) -> tuple[AttemptTrace, Response | None]:
        answer = self._hiding.texts(dict(answer))
        if (fault := answer.get("fault")) is not None:
            return AttemptTrace(number=number, outcome=str(fault), status=None), None
        if "left_out" in answer:
            kept = f"not kept: {answer['left_out']}"
            return AttemptTrace(
                number=number, outcome="not-kept", status=answer.get("status"), error=kept
            ), None
        response = _response(answer)
        line = self._lines.of(start.webhook)
        values: Any = self._lines.values(line, start.call(self._event))
        verdict, problem = line.interpreter.judge(response, values)
        trace = AttemptTrace(
            number=number,
            outcome=str(verdict.outcome),
            status=response.status,
            sentence=verdict.sentence,
            decided_by=verdict.decided_by,
            error="" if problem is None else str(problem),
        )
        return trace, response


def _response(answer: Mapping[str, Any]) -> Response:
    in_base64 = answer.get("body_base64")
    body = b64decode(in_base64) if in_base64 else str(answer.get("body", "")).encode()
    headers = tuple(answer.get("headers", {}).items())
    return Response(status=answer.get("status", 200), headers=headers, body=body)
