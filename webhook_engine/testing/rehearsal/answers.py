"""
What target systems answer in a test: a transport without a wire.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from webhook_engine.definitions import CannedFault
from webhook_engine.dispatch.body import too_large
from webhook_engine.dispatch.request import target_of
from webhook_engine.dispatch.transport import Transport
from webhook_engine.errors import ConnectFailed, ConnectionLost, NameNotFound, TimedOut, TlsFailed
from webhook_engine.responses import Response
from webhook_engine.settings import Limits

if TYPE_CHECKING:
    from webhook_engine.definitions import Canned
    from webhook_engine.dispatch.guard import Exchange
    from webhook_engine.dispatch.request import PreparedRequest
    from webhook_engine.errors import TransportError
    from webhook_engine.testing.rehearsal.performance import Performance

ASKING: Final[ContextVar[Performance]] = ContextVar("ASKING")
"""For whom the transport is asked at this moment."""

TOKEN: Final = "token"  # noqa: S105  # what stands for one
"""What every token URL gives in a test."""

_TYPES: Final = {".json": "application/json", ".xml": "application/xml", ".html": "text/html"}


class Unanswered(Exception):  # no error: the test gives no answer, and it ends there
    """
    The test says nothing of what the target system answers.
    """


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One canned answer, with its body at hand.
    """

    canned: Canned
    place: int
    """Among the answers of its test, from 0."""

    headers: tuple[tuple[str, str], ...]
    body: bytes


def answer_of(canned: Canned, place: int, folder: Path | None) -> Answer:
    """
    A canned answer, ready to be given.

    Raises:
        OSError: Its file cannot be read.
    """
    headers = dict(canned.headers)
    body = canned.body
    kind = None
    if canned.file is not None:
        path = (folder or Path()) / canned.file
        content, kind = _content(path), _TYPES.get(path.suffix.lower())
    elif isinstance(body, str) or body is None:
        content = (body or "").encode()
    else:
        content, kind = orjson.dumps(_plain(body)), "application/json"
    if kind is not None and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = kind
    return Answer(canned, place, tuple(headers.items()), content)


def _content(path: Path) -> bytes:
    """
    What a file holds, or of one that no target could answer with as much as shows it.
    """
    # A pipe is waited for without end, be it for whoever writes into it or for its end.
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
    with path.open("rb") as file:
        return file.read(Limits().response_bytes + 1)


def _plain(tree: object) -> object:
    if isinstance(tree, Mapping):
        return None if tree == {"null": True} else {str(key): _plain(each) for key, each in tree.items()}
    return [_plain(each) for each in tree] if isinstance(tree, list | tuple) else tree


@dataclass(slots=True)
class Answers:
    """
    The canned answers of one test; each webhook's own, in order, the last one as often as it asks.
    """

    of_webhook: Mapping[str, Sequence[Answer]]
    given: dict[str, int] = field(default_factory=dict)
    """Webhook -> how many of its answers were given."""

    def take(self, webhook: str) -> Answer | None:
        """
        The next answer; None where there is none.
        """
        answers = self.of_webhook.get(webhook, ())
        number = self.given.get(webhook, 0)
        if not answers:
            return None
        self.given[webhook] = min(number + 1, len(answers))
        return answers[min(number, len(answers) - 1)]

    def next_is_new(self, webhook: str) -> bool:
        """
        Whether the webhook has an answer that was not given yet.
        """
        return self.given.get(webhook, 0) < len(self.of_webhook.get(webhook, ()))

    def refuses_token(self, webhook: str) -> bool:
        """
        Whether the next answer is that there is no token; then it is given.
        """
        answers = self.of_webhook.get(webhook, ())
        if not answers:
            return False
        if answers[min(self.given.get(webhook, 0), len(answers) - 1)].canned.fault is CannedFault.NO_TOKEN:
            self.take(webhook)
            return True
        return False

    def unused(self) -> list[Answer]:
        """
        The answers that nobody asked for.
        """
        return [
            each
            for webhook, answers in self.of_webhook.items()
            for each in answers[self.given.get(webhook, 0) :]
        ]


class _NoConnections:
    """
    Stands where the connections would be.
    """

    def way(self, *_: object) -> None:
        return None

    async def close(self) -> None:
        return None


class CannedTransport(Transport):
    """
    The real transport, with its deadlines, redirects and errors, up to the wire; there stand the answers.
    """

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self._connections = _NoConnections()  # type: ignore[assignment]  # nothing of them is needed
        self._answers = answers

    async def _exchange(self, _: Any, exchange: Exchange, request: PreparedRequest) -> Response:
        performance = ASKING.get()
        if request.route.answer_is_secret:
            return self._token(request)
        performance.note(request)
        answer = self._answers.take(performance.webhook)
        fault = answer.canned.fault if answer is not None else None
        if fault not in _BEFORE_SENDING:
            performance.sends += 1
            exchange.sends += 1
            exchange.sent = True
        if answer is None:
            return await _unanswered(performance)
        if fault is not None:
            raise _error_of(fault, request)
        if len(answer.body) > self.limits.response_bytes:
            raise too_large(self.limits.response_bytes)
        return Response(
            status=answer.canned.status,
            headers=answer.headers,
            body=request.mask.answer(answer.body),
            url=request.mask.text(request.url),
        )

    def _token(self, request: PreparedRequest) -> Response:
        refused = self._answers.refuses_token(ASKING.get().webhook)
        told = {"error": "invalid_client"} if refused else {"access_token": TOKEN, "expires_in": 3600}
        status = HTTPStatus.UNAUTHORIZED if refused else HTTPStatus.OK
        return Response(status=status, body=orjson.dumps(told), url=request.url)


async def _unanswered(performance: Performance) -> Response:
    """
    The target says nothing until the test is over; only an agent waits so long.
    """
    performance.is_unanswered = True
    if performance.is_durable:
        raise Unanswered
    forever: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
    return await forever


_BEFORE_SENDING: Final = frozenset({CannedFault.NO_CONNECTION, CannedFault.NO_NAME, CannedFault.NO_TLS})


def _error_of(fault: CannedFault, request: PreparedRequest) -> TransportError:
    target = target_of(request.url)
    if fault is CannedFault.TIME_OUT:
        return TimedOut(target=target, after_s=request.deadline_s)
    if fault is CannedFault.NO_NAME:
        host = target.rpartition(":")[0]
        return NameNotFound(f"there is no host {host}: the name leads nowhere", target=target)
    if fault is CannedFault.NO_TLS:
        return TlsFailed(f"{target} could not prove who it is", target=target)
    if fault is CannedFault.NO_CONNECTION:
        return ConnectFailed(f"{target} cannot be reached: connection refused", target=target)
    return ConnectionLost(
        f"{target} ended the connection without a response; it may have acted on the request", target=target
    )
