"""
The whole line on one page: a call becomes a request, its response becomes what an agent sees.

    CallContext --prepare--> URL                                       Browser Window: nothing is sent
    CallContext --prepare--> PreparedRequest --send--> Response --read--> Table --choose--> AgentView
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from webhook_engine import log
from webhook_engine.definitions import CompiledWebhook, Definitions, read_file, read_folder
from webhook_engine.dispatch import (
    EgressPolicy,
    LocalSecrets,
    Preparation,
    PreparedRequest,
    SecretStore,
    admit,
    credentials_for,
)
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
    WrongType,
)
from webhook_engine.responses import AgentView, Interpreter, Outcome
from webhook_engine.settings import Limits
from webhook_engine.variables import values_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from types import TracebackType

    from webhook_engine.dispatch import Attempt, Dispatcher
    from webhook_engine.variables import CallContext, Value


@dataclass(frozen=True, slots=True)
class _Line:
    """
    One webhook, with everything about it that no call changes.
    """

    compiled: CompiledWebhook
    preparation: Preparation
    interpreter: Interpreter


class Engine:
    """
    Webhooks at the service of calls.

    An engine is a guest: it configures nothing outside itself, and closes what it opened. `open` and
    `render` work anywhere; `ask` belongs to the event loop in which it was first awaited, where
    `async with` closes its connections.
    """

    def __init__(
        self,
        definitions: Definitions,
        *,
        secrets: SecretStore | None = None,
        limits: Limits | None = None,
    ) -> None:
        """
        Args:
            definitions: Read by `from_file`, or built by `Definitions.build`.

            secrets: Where keys and passwords are looked up; the environment and
                files beside the definitions where left out.

            limits: What is granted to one request and its response.
        """
        self.definitions = definitions
        self._secrets = secrets or LocalSecrets(folder=definitions.folder)
        self._limits = limits or Limits()
        self._policy = EgressPolicy(definitions.allowed_networks)
        self._agents = frozenset(agent.extension for agent in definitions.agents)
        self._lines: dict[tuple[str, bool], _Line] = {}
        self._dispatcher: Dispatcher | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @classmethod
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        secrets: SecretStore | None = None,
        limits: Limits | None = None,
    ) -> Self:
        """
        An engine for the definitions in a file, or in all files of a folder.

        Raises:
            DefinitionError: Every problem in them, each with its place.
        """
        from pathlib import Path

        found = Path(path)
        definitions = read_folder(found) if found.is_dir() else read_file(found)
        return cls(definitions, secrets=secrets, limits=limits)

    async def __aenter__(self) -> Self:
        self._closed = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """
        Close every connection; what is still being asked ends with a sentence.

        Nothing can be asked afterwards, unless `async with` opens the engine again.
        """
        self._closed = True
        dispatcher, self._dispatcher, self._loop = self._dispatcher, None, None
        if dispatcher is not None:
            await dispatcher.close()

    # --- What an application asks for ------------------------------------------------------------

    def open(self, webhook: str, call: CallContext) -> str:
        """
        The address to open in the agent's browser; nothing is sent.

        Raises:
            NotFound: No webhook has that name.
            WrongType: It is sent from here, so it is asked, not opened.
            AgentRefused: The call's extension may not use it.
            TemplateError: A value cannot stand where the template puts it.
        """
        line = self._line(webhook)
        if line.compiled.definition.type.is_sent:
            raise WrongType(webhook, is_sent=True)
        return self._prepared(line, call, self._values(line, call)).url

    async def ask(self, webhook: str, call: CallContext, *, test_values: bool = False) -> AgentView:
        """
        What an agent sees of a target system's answer, within the webhook's deadline.

        Whatever the target system, the network or a value does, the view says it in its
        `outcome` and `sentence`, with the cause in `error`.

        Args:
            test_values: Send the parameters' test values, where they have one.

        Raises:
            NotFound: No webhook has that name.
            WrongType: It is a page for the browser, so it is opened, not asked.
        """
        line = self._line(webhook, test_values=test_values)
        if not line.compiled.definition.type.is_sent:
            raise WrongType(webhook, is_sent=False)
        try:
            values = self._values(line, call)
            request = self._prepared(line, call, values)
        except WebhookEngineError as error:
            return _failed(webhook, error)
        began = asyncio.get_running_loop().time()
        attempt = await self._dispatching().dispatch(request)
        if attempt.response is None or len(attempt.response.body) <= _READ_AT_ONCE:
            view = _view_of(line, attempt, values)
        else:
            view = await _read_beside(line, attempt, values, until=began + request.deadline_s)
        if log.is_heard():
            _tell(attempt, view)
        return view

    def render(self, webhook: str, call: CallContext, *, test_values: bool = False) -> PreparedRequest:
        """
        What `open` would open or `ask` would send, without its secrets; nothing is sent.

        Raises:
            NotFound: No webhook has that name.
            WebhookEngineError: What would keep `ask` from sending it.
        """
        line = self._line(webhook, test_values=test_values)
        return self._prepared(line, call, self._values(line, call)).masked()

    # --- The steps -------------------------------------------------------------------------------

    def _line(self, webhook: str, *, test_values: bool = False) -> _Line:
        key = (webhook, test_values)
        line = self._lines.get(key)
        if line is None:
            compiled = self.definitions.compiled(webhook, test=test_values)
            line = self._lines[key] = _Line(
                compiled, Preparation(compiled, policy=self._policy), _interpreter(compiled)
            )
        return line

    def _prepared(self, line: _Line, call: CallContext, values: Mapping[str, Value]) -> PreparedRequest:
        admit(call.extension, self._agents, webhook=line.compiled.definition.name)
        credentials = credentials_for(line.compiled.group, call.extension, self._secrets)
        return line.preparation.prepare(values, credentials)

    def _values(self, line: _Line, call: CallContext) -> Mapping[str, Value]:
        return values_of(call, self.definitions.tenant, line.compiled.variables)

    def _dispatching(self) -> Dispatcher:
        loop = asyncio.get_running_loop()
        if self._closed:
            raise RuntimeError("this engine is closed")
        if self._dispatcher is None:
            from webhook_engine.dispatch import Dispatcher

            self._dispatcher, self._loop = Dispatcher(self._limits), loop
        elif self._loop is not loop:
            raise RuntimeError("this engine works in another event loop; make one engine for each loop")
        return self._dispatcher


_READ_AT_ONCE = 256 * 1024
"""Bytes that are read in a few milliseconds, whatever they are."""


async def _read_beside(
    line: _Line, attempt: Attempt, values: Mapping[str, Value], *, until: float
) -> AgentView:
    """
    The view of an attempt whose response is long: read beside the loop, and no longer than the agent waits.
    """
    try:
        async with asyncio.timeout_at(until):
            return await asyncio.to_thread(_view_of, line, attempt, values)
    except TimeoutError:
        deadline_s = line.compiled.deadline_s
        error = UnreadableResponse(
            f"the response of {attempt.prepared.target} could not be read within {deadline_s:g} s",
            response=attempt.response,
        )
        took_s = asyncio.get_running_loop().time() - until + deadline_s
        return _failed(line.compiled.definition.name, error, attempts=attempt.number, took_s=took_s)


def _view_of(line: _Line, attempt: Attempt, values: Mapping[str, Value]) -> AgentView:
    """
    What an agent sees of an attempt, whichever way it went.
    """
    webhook = line.compiled.definition.name
    if attempt.error is not None:
        sends = attempt.number if attempt.sent else 0
        return _failed(webhook, attempt.error, attempts=sends, took_s=attempt.took_s)
    assert attempt.response is not None  # noqa: S101  # an attempt has one or the other
    return line.interpreter.view_of(
        attempt.response, values, webhook=webhook, attempts=attempt.number, took_s=attempt.took_s
    )


def _interpreter(compiled: CompiledWebhook) -> Interpreter:
    return Interpreter(
        response_type=compiled.definition.response_type,
        view=compiled.view,
        rules=compiled.rules,
        expects_rows=compiled.expects_rows,
    )


def _tell(attempt: Attempt, view: AgentView) -> None:
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


def _failed(webhook: str, error: WebhookEngineError, *, attempts: int = 0, took_s: float = 0.0) -> AgentView:
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
