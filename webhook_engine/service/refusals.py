"""
What the service says instead of what was asked for: one shape, and one table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from webhook_engine.errors import (
    DeliveryTooLarge,
    NotFound,
    QueueError,
    QueueUnavailable,
    StoreError,
    StoreUncertain,
    VariableError,
    WebhookDisabled,
    WrongType,
)

if TYPE_CHECKING:
    from webhook_engine.errors import WebhookEngineError


class Code(StrEnum):
    """
    Why something was refused.
    """

    UNREADABLE = "unreadable"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    METHOD = "method-not-allowed"
    SLOW = "body-too-slow"
    WRONG_TYPE = "wrong-type"
    TOO_LARGE = "too-large"
    MEDIA_TYPE = "media-type"
    INVALID = "invalid"
    DISABLED = "disabled"
    BUSY = "busy"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Meaning:
    """
    What stands behind a code.
    """

    status: int
    says: str


CODES: Mapping[Code, Meaning] = MappingProxyType(
    {
        Code.UNREADABLE: Meaning(400, "the request cannot be read as what it says it is"),
        Code.UNAUTHORIZED: Meaning(401, "no API key, or none that is in force"),
        Code.FORBIDDEN: Meaning(403, "the key may not be used for this"),
        Code.NOT_FOUND: Meaning(404, "nothing of that name is here"),
        Code.METHOD: Meaning(405, "the address knows other methods; `Allow` names them"),
        Code.SLOW: Meaning(408, "the body did not arrive in time"),
        Code.WRONG_TYPE: Meaning(409, "a page is to be opened and not asked, a request asked and not opened"),
        Code.TOO_LARGE: Meaning(413, "the body or the number of events is beyond the bound"),
        Code.MEDIA_TYPE: Meaning(415, "the `Content-Type` is none that is read here"),
        Code.INVALID: Meaning(422, "the content is wrong; `problems` names every place"),
        Code.DISABLED: Meaning(423, "the webhook's definition says `enabled = false`"),
        Code.BUSY: Meaning(
            429, "more is in hand than the service takes; `Retry-After` says when to come back"
        ),
        Code.INTERNAL: Meaning(500, "a fault of the service; its log has the cause"),
        Code.UNAVAILABLE: Meaning(
            503, "nothing can be accepted at present; `Retry-After` says when to come back"
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """
    One place of a request that is wrong.
    """

    path: str
    """Where: `call.CALL_DIR`; empty for the whole."""

    message: str

    index: int | None = None
    """Which event, from 0."""

    line: int | None = None
    """Of the body, from 1, where each line is an event."""

    def to_json(self) -> dict[str, object]:
        found: dict[str, object] = {"path": self.path[:200], "message": self.message[:500]}
        if self.index is not None:
            found["index"] = self.index
        if self.line is not None:
            found["line"] = self.line
        return found


@dataclass(eq=False)
class Refusal(Exception):
    """
    Raised by a handler, and told to the client.
    """

    code: Code
    message: str
    problems: Sequence[Wrong] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    ends_connection: bool = False
    """Whether what is left of the request must not be taken for another one."""

    def answer(self) -> web.Response:
        """
        `{"error": {"code", "message", "problems"}}`.
        """
        document = {
            "code": self.code.value,
            "message": self.message[:2_000],
            "problems": [each.to_json() for each in self.problems],
        }
        response = web.Response(
            status=CODES[self.code].status,
            body=orjson.dumps({"error": document}),
            content_type="application/json",
            headers=dict(self.headers),
        )
        if self.ends_connection:
            response.force_close()
        return response


def later(code: Code, message: str, *, after_s: float) -> Refusal:
    """
    A refusal that is worth another try, in whole seconds.
    """
    return Refusal(code, message, headers={"Retry-After": str(max(1, round(after_s)))})


def refusal_of(error: WebhookEngineError, *, after_s: float) -> Refusal | None:
    """
    An error of ours as a client reads it, without the paths of files; None where it is a fault of the service.
    """
    if isinstance(error, QueueUnavailable):
        why = f"the delivery queue {error.cannot}: {error.why}; {error.became}"
        return later(Code.UNAVAILABLE, why, after_s=after_s)
    if isinstance(error, DeliveryTooLarge):
        return Refusal(Code.TOO_LARGE, f"nothing was accepted: {error}")
    if isinstance(error, QueueError):
        return later(Code.UNAVAILABLE, "the delivery queue cannot do this at present", after_s=after_s)
    if isinstance(error, StoreUncertain):
        why = "the store was lost at the end of a change, and nobody knows whether it was made"
        return later(Code.UNAVAILABLE, f"{why}: look whether it is there", after_s=after_s)
    if isinstance(error, StoreError):
        return later(Code.UNAVAILABLE, "the store cannot do this at present", after_s=after_s)
    for kind, code in _KINDS:
        if isinstance(error, kind):
            return Refusal(code, str(error))
    return None


_KINDS: tuple[tuple[type[WebhookEngineError], Code], ...] = (
    (NotFound, Code.NOT_FOUND),
    (WrongType, Code.WRONG_TYPE),
    (WebhookDisabled, Code.DISABLED),
    (VariableError, Code.INVALID),
)


def refusal_of_http(error: web.HTTPException) -> Refusal:
    """
    What aiohttp refuses by itself, such as an address that is not there.
    """
    code = next((code for code, meaning in CODES.items() if meaning.status == error.status), None)
    if code is None:
        code = Code.UNREADABLE if error.status < 500 else Code.INTERNAL
    kept = {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}
    return Refusal(code, CODES[code].says.replace("`", ""), headers=kept)
