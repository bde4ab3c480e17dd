"""
The line of one webhook: a call becomes a request, and what came of it becomes a view.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from webhook_engine import log
from webhook_engine.dispatch import EgressPolicy, Preparation, admit, credentials_for
from webhook_engine.errors import (
    AgentRefused,
    EgressRefused,
    EmptyParameter,
    LimitExceeded,
    ResponseError,
    SecretMissing,
    TemplateError,
    TokenRefused,
    UnreadableResponse,
    WebhookEngineError,
)
from webhook_engine.responses import AgentView, Interpreter, Outcome
from webhook_engine.variables import values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webhook_engine.definitions import CompiledWebhook, Definitions
    from webhook_engine.dispatch import Attempt, Credentials, PreparedRequest, SecretStore
    from webhook_engine.dispatch.freezing import Freezer
    from webhook_engine.variables import CallContext, Value


class Lines:
    """
    The webhooks of one tenant, each made ready when it is first asked for.
    """

    def __init__(self, definitions: Definitions, secrets: SecretStore) -> None:
        self.definitions = definitions
        self.secrets = secrets
        self.policy = EgressPolicy(definitions.allowed_networks)
        self._agents = frozenset(agent.extension for agent in definitions.agents)
        self._lines: dict[tuple[str, bool], Line] = {}

    def of(self, webhook: str, *, test_values: bool = False) -> Line:
        """
        The line of that webhook.

        Raises:
            NotFound: No webhook has that name.
        """
        key = (webhook, test_values)
        line = self._lines.get(key)
        if line is None:
            compiled = self.definitions.compiled(webhook, test=test_values)
            preparation = Preparation(compiled, policy=self.policy)
            stale_s = 0.0 if test_values else compiled.definition.stale_s
            line = self._lines[key] = Line(compiled, preparation, _interpreter(compiled), stale_s)
        return line

    def values(self, line: Line, call: CallContext) -> Mapping[str, Value]:
        """
        What the webhook reads of a call.
        """
        return values_of(call, self.definitions.tenant, line.compiled.variables)

    def credentials(self, line: Line, extension: str) -> Credentials:
        """
        What a request of that agent shows to its target system.

        Raises:
            AgentRefused: The extension may not use the webhook, or has no credentials of its own.
            SecretMissing: One of them is not where its reference says.
        """
        admit(extension, self._agents, webhook=line.name)
        return credentials_for(line.compiled.group, extension, self.secrets)

    def prepared(self, line: Line, call: CallContext, values: Mapping[str, Value]) -> PreparedRequest:
        """
        The request for a call; nothing is sent.

        Raises:
            WebhookEngineError: What keeps it from being made.
        """
        return line.preparation.prepare(values, self.credentials(line, call.extension))


@dataclass(frozen=True)
class Line:
    """
    One webhook, with everything about it that no call changes.
    """

    compiled: CompiledWebhook
    preparation: Preparation
    interpreter: Interpreter

    stale_s: float = 0.0
    """How old an answer may be that stands in for one that fails."""

    @cached_property
    def name(self) -> str:
        """
        The webhook's.
        """
        return self.compiled.definition.name

    @cached_property
    def is_sent(self) -> bool:
        """
        Whether the request is sent from here, rather than by the agent's browser.
        """
        return self.compiled.definition.type.is_sent

    @cached_property
    def freezer(self) -> Freezer:
        """
        Keeps its requests, and brings them back.
        """
        from webhook_engine.dispatch.freezing import Freezer

        return Freezer(self.compiled, self.preparation.route)


def _interpreter(compiled: CompiledWebhook) -> Interpreter:
    return Interpreter(
        response_type=compiled.definition.response_type,
        view=compiled.view,
        rules=compiled.rules,
        expects_rows=compiled.expects_rows,
    )


# --- What came of it -------------------------------------------------------------------------------

READ_AT_ONCE: Final = 256 * 1024
"""Bytes that are read in a few milliseconds, whatever they are."""


def is_short(attempt: Attempt) -> bool:
    """
    Whether an attempt's response, if there is one, is read in no time.
    """
    return attempt.response is None or len(attempt.response.body) <= READ_AT_ONCE


async def read(line: Line, attempt: Attempt, values: Mapping[str, Value]) -> AgentView:
    """
    What an agent sees of an attempt with a long response: it is read beside the loop, in what is left of the time.
    """
    left_s = line.compiled.deadline_s - attempt.took_s
    try:
        async with asyncio.timeout(left_s):
            return await asyncio.to_thread(view_of, line, attempt, values)
    except TimeoutError:
        deadline_s = line.compiled.deadline_s
        error = UnreadableResponse(
            f"the response of {attempt.prepared.target} could not be read within {deadline_s:g} s",
            response=attempt.response,
        )
        return failed(line.name, error, attempts=attempt.number, took_s=deadline_s)


def view_of(line: Line, attempt: Attempt, values: Mapping[str, Value]) -> AgentView:
    """
    What an agent sees of an attempt, whichever way it went.
    """
    if attempt.error is not None:
        sends = attempt.number if attempt.sent else 0
        return failed(line.name, attempt.error, attempts=sends, took_s=attempt.took_s)
    assert attempt.response is not None  # noqa: S101  # an attempt has one or the other
    return line.interpreter.view_of(
        attempt.response, values, webhook=line.name, attempts=attempt.number, took_s=attempt.took_s
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


# The first class that an error is one of decides; everything else is the target system's doing.
_OUTCOMES: tuple[tuple[type[WebhookEngineError], Outcome], ...] = (
    (AgentRefused, Outcome.REFUSED),
    (SecretMissing, Outcome.REFUSED),
    (EgressRefused, Outcome.REFUSED),
    (TemplateError, Outcome.REFUSED),
    (LimitExceeded, Outcome.REFUSED),
    (TokenRefused, Outcome.CREDENTIALS_EXPIRED),
)


def failed(webhook: str, error: WebhookEngineError, *, attempts: int = 0, took_s: float = 0.0) -> AgentView:
    """
    The view of a request that got no response, or was never sent.
    """
    outcome = next((each for kind, each in _OUTCOMES if isinstance(error, kind)), Outcome.TARGET_FAILED)
    if isinstance(error, EmptyParameter) and error.skips:
        outcome = Outcome.SKIPPED
    response = error.response if isinstance(error, ResponseError) else None
    return AgentView(
        webhook=webhook,
        outcome=outcome,
        sentence=_sentence(error),
        status=response.status if response is not None else None,
        attempts=attempts,
        took_s=took_s,
        error=error,
    )


def _sentence(error: WebhookEngineError) -> str:
    """
    The error as a line for an agent; where secrets are kept is the administrator's to know.
    """
    if isinstance(error, SecretMissing):
        return f"The credentials for {error.target} are not set up. Please tell an administrator."
    text = str(error)
    first = text.partition(" ")[0]
    # A host or a name keeps its own spelling.
    start = text[:1].upper() if first.isalpha() and first.islower() else text[:1]
    return f"{start}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")
