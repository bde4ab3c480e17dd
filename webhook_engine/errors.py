"""
Every error of this project, drawn as a tree.

    WebhookEngineError                 one except catches all floors
      x VariableError                  a call or a variable is not what it should be
        + UnknownVariable              · InvalidCall
      x TemplateError                  a template cannot be read or rendered
        + TemplateSyntaxError          line and column
        + UnsafeValue                  the slot cannot carry this value (CR in a header, ".." in a path)
        + TemplateTooLarge             output or loops beyond the bound
        + RenderError                  an expression failed on these values
        + EmptyParameter               when_empty = "fail" (or "skip": EmptyParameter.skips)
      x DefinitionError                every problem with its place in the document
        + DefinitionInUse              referenced elsewhere, so it cannot be deleted
      x DispatchError                  no response; carries the target, never the credential
        + AgentRefused                 this extension may not use this webhook; nothing was sent
        + SecretMissing                a key or password is not where its reference says
        + TokenRefused                 the token URL gave no token
        + AuthoritiesMissing           a group's ca_file cannot be used
        + FrozenUnusable               a kept request is damaged, or its webhook changed; nothing was sent
        + EgressRefused                we chose not to: never retried
        + LimitExceeded                a group's limit held the request back until its deadline
        + TargetPaused                 it failed too often, or asked for a pause: not asked for a while
        + TransportError
          - NameNotFound  - ConnectFailed  - TlsFailed  - TimedOut  - ConnectionLost
      x ResponseError                  a response we cannot use; carries the Response where there is one
        + ResponseTooLarge             · UnreadableResponse  · RejectedResponse (status ≥ 400)
      x QueueError                     the delivery queue cannot do what was asked
        + LeaseLost                    the delivery was given to somebody else meanwhile, or dropped
        + QueueOwned                   another process has this queue's file; it is named
        + QueueUnavailable             no room on the disk, or the file is locked: nothing was accepted
        + DeliveryTooLarge             one row would take more than the queue keeps; nothing was accepted
      x SignatureInvalid               a signature does not prove who sent a request
      x StoreError                     the store cannot do what was asked
        + StoreOwned                   another process has this store's file; it is named
        + StoreOutdated                the schema is not this version's; says what to run
        + StoreUnavailable             no room on the disk, or the file is locked: nothing was changed
        + StoreConflict                somebody saved definitions meanwhile
        + FeedConflict                 another feed has this idempotency key; nothing was stored
        + VaultLocked                  no key, or none that opens what is sealed
      x NatsError                      NATS cannot do what was asked
        + NatsUnavailable              no server answers now
        + NatsUnprepared               streams or consumers are not as they must be; says what to run
      x ActionRefused                  a sentence of the XML API; its classes are in xml_api/faults.py
      x SettingsError                  every setting that cannot be used, and where it stands
      x NotFound                       no webhook, group, agent or rule of that name
      x WrongType                      a page cannot be asked, a request cannot be opened
      x MissingExtra (ImportError)     says what to pip install
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from webhook_engine.variables.errors import (
    InvalidCall,
    UnknownVariable,
    VariableError,
    WebhookEngineError,
    did_you_mean,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from webhook_engine.responses import Response

__all__ = [
    "ActionRefused",
    "AgentRefused",
    "AuthoritiesMissing",
    "ConnectFailed",
    "ConnectionLost",
    "DefinitionError",
    "DefinitionInUse",
    "DeliveryTooLarge",
    "DispatchError",
    "EgressRefused",
    "EmptyParameter",
    "FrozenUnusable",
    "InvalidCall",
    "LeaseLost",
    "LimitExceeded",
    "MissingExtra",
    "NameNotFound",
    "NatsError",
    "NatsUnavailable",
    "NatsUnprepared",
    "NotFound",
    "Problem",
    "QueueError",
    "QueueOwned",
    "QueueUnavailable",
    "RejectedResponse",
    "RenderError",
    "ResponseError",
    "ResponseTooLarge",
    "SecretMissing",
    "SettingsError",
    "SignatureInvalid",
    "StoreConflict",
    "StoreError",
    "StoreOutdated",
    "StoreOwned",
    "StoreUnavailable",
    "TargetPaused",
    "TemplateError",
    "TemplateSyntaxError",
    "TemplateTooLarge",
    "TimedOut",
    "TlsFailed",
    "TokenRefused",
    "TransportError",
    "UnknownVariable",
    "UnreadableResponse",
    "UnsafeValue",
    "VariableError",
    "VaultLocked",
    "WebhookEngineError",
    "WrongType",
    "did_you_mean",
]


# --- Templates ---------------------------------------------------------------


class TemplateError(WebhookEngineError):
    """
    A template cannot be read or rendered.
    """


class TemplateSyntaxError(TemplateError):
    """
    A template that does not read; *line* and *column* count from 1.
    """

    def __init__(self, problem: str, *, line: int, column: int) -> None:
        super().__init__(
            f"{problem} (line {line}, column {column})" if line > 1 else f"{problem} (column {column})"
        )
        self.problem = problem
        self.line = line
        self.column = column
        self.parameter: int | None = None
        """Which parameter's value does not read, from 0; None where it is the template itself."""
        self.also: tuple[TemplateSyntaxError, ...] = ()
        """What else is wrong with the same template, in its order."""


class UnsafeValue(TemplateError):
    """
    The slot cannot carry this value, and repairing it would change its meaning.
    """

    def __init__(self, problem: str, *, slot: str, variable: str | None = None) -> None:
        super().__init__(f"{variable}: {problem}" if variable else problem)
        self.problem = problem
        self.slot = slot
        self.variable = variable


class TemplateTooLarge(TemplateError):
    """
    Rendering went over the bound on output or on loops.
    """

    def __init__(self, *, what: str, limit: int) -> None:
        super().__init__(f"the template makes more than {limit:,} {what}")
        self.what = what
        self.limit = limit


class RenderError(TemplateError):
    """
    An expression of a template failed on the values of this call.
    """


class EmptyParameter(TemplateError):
    """
    A parameter came out empty and its definition does not allow that.
    """

    def __init__(self, parameter: str, *, skips: bool) -> None:
        what_now = "so nothing is sent" if skips else "and its definition says that this must not happen"
        super().__init__(f"the parameter {parameter} is empty, {what_now}")
        self.parameter = parameter
        self.skips = skips
        """True where the definition says `when_empty = "skip"`: no error, just no request."""


# --- Definitions -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """
    One thing that is wrong in a definitions file.
    """

    path: str
    """Where in the document: `webhook[3].parameter[1].value`. Counts from 1."""

    message: str
    """What is wrong and what to do."""

    line: int | None = None
    """Line of the file, from 1, where TOML gives it."""

    column: int | None = None
    """Column inside the template at *path*, from 1."""

    source: str | None = None
    """The file's name."""

    def __str__(self) -> str:
        place = self.path or "the document"
        if self.column is not None:
            place += f", column {self.column}"
        prefix = f"{self.source}:" if self.source else ""
        if self.line is not None:
            prefix += f"{self.line}:"
        return f"{prefix + ' ' if prefix else ''}{place}: {self.message}"


class DefinitionError(WebhookEngineError):
    """
    A document that does not define what it should: all its problems at once.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class DefinitionInUse(DefinitionError):
    """
    Something still refers to what was to be deleted.
    """

    def __init__(self, what: str, *, used_by: Sequence[str]) -> None:
        super().__init__([Problem(path=what, message=f"cannot be deleted: in use by {', '.join(used_by)}")])
        self.what = what
        self.used_by = tuple(used_by)


class NotFound(WebhookEngineError):
    """
    Nothing of that name is defined.
    """

    def __init__(self, kind: str, name: str, *, known: Iterable[str] = ()) -> None:
        suggestion = did_you_mean(name, known)
        hint = f": did you mean {suggestion!r}?" if suggestion else ""
        super().__init__(f"there is no {kind} {name!r}{hint}")
        self.kind = kind
        self.name = name


class WrongType(WebhookEngineError):
    """
    A page was asked, or a request opened.
    """

    def __init__(self, webhook: str, *, is_sent: bool) -> None:
        use = (
            "it is sent from here and not opened: ask for it, or render it to see the request"
            if is_sent
            else "it opens in the agent's browser and is not sent: open it, or render it to see its address"
        )
        super().__init__(f"the webhook {webhook!r}: {use}")
        self.webhook = webhook
        self.is_sent = is_sent


class WebhookDisabled(WebhookEngineError):
    """
    The webhook's definition says `enabled = false`.
    """

    def __init__(self, webhook: str) -> None:
        super().__init__(
            f"the webhook {webhook!r} is disabled; nothing was sent. "
            "Set enabled = true in its definition to use it again"
        )
        self.webhook = webhook


# --- Dispatch ----------------------------------------------------------------


class DispatchError(WebhookEngineError):
    """
    There is no response.
    """

    def __init__(self, message: str, *, target: str) -> None:
        super().__init__(message)
        self.target = target
        """`host:port` of the target system, or the group's name where no address is known yet."""


class AgentRefused(DispatchError):
    """
    This extension may not use this webhook; nothing was sent.
    """


class SecretMissing(DispatchError):
    """
    A key or password is not where its reference says; nothing was sent.
    """


class TokenRefused(DispatchError):
    """
    The token URL gave no token; nothing was sent to the target system itself.
    """

    def __init__(self, *, target: str, group: str, status: int, said: str = "") -> None:
        super().__init__(
            f"{group}: the token URL at {target} gave no token, status {status}{said}; nothing was sent",
            target=target,
        )
        self.status = status


class AuthoritiesMissing(DispatchError):
    """
    The certificates a group trusts cannot be read; nothing was sent.
    """

    def __init__(self, *, ca_file: str, problem: str) -> None:
        super().__init__(f"the ca_file {ca_file} cannot be used: {problem}; nothing was sent", target=ca_file)
        self.ca_file = ca_file


class FrozenUnusable(DispatchError):
    """
    A request kept from the first attempt cannot be sent any more; trying again cannot help.
    """

    def __init__(self, why: str, *, target: str) -> None:
        super().__init__(f"the request kept for {target} {why}; nothing was sent", target=target)
        self.why = why


class EgressRefused(DispatchError):
    """
    The address is one this tenant may not reach; nothing was sent, and trying again cannot help.
    """

    def __init__(self, *, target: str, address: str, why: str) -> None:
        super().__init__(
            f"{target} was not contacted: {address} {why}. "
            "If this target system is meant, add its network to the tenant's allowed_networks",
            target=target,
        )
        self.address = address
        self.why = why


class LimitExceeded(DispatchError):
    """
    The group's own limit left no room before the deadline; nothing was sent.
    """


class TargetPaused(DispatchError):
    """
    The target failed too often lately, or asked for a pause; nothing was sent.
    """

    def __init__(self, *, target: str, wait_s: float, why: str) -> None:
        when = f"for another {wait_s:.0f} s" if wait_s >= 1 else "at this moment"
        super().__init__(f"{target} is not asked {when}: {why}; nothing was sent", target=target)
        self.wait_s = wait_s
        self.why = why


class TransportError(DispatchError):
    """
    The network or the target failed us before a whole response was there.
    """

    maybe_delivered: bool = False
    """True when the target may have acted on the request although no response came."""


class NameNotFound(TransportError):
    """
    The host name leads nowhere.
    """


class ConnectFailed(TransportError):
    """
    Nobody answers at that address and port.
    """


class TlsFailed(TransportError):
    """
    The target could not prove who it is, or speaks no TLS we accept.
    """


class TimedOut(TransportError):
    """
    The target system did not answer in time.
    """

    def __init__(self, *, target: str, after_s: float, maybe_delivered: bool = True) -> None:
        super().__init__(f"{target} did not answer within {after_s:g} s", target=target)
        self.after_s = after_s
        self.maybe_delivered = maybe_delivered


class ConnectionLost(TransportError):
    """
    The connection broke after the request was on its way.
    """

    maybe_delivered = True


class SignatureInvalid(WebhookEngineError):
    """
    The headers of a request do not prove that a holder of the secret sent it, or not lately.
    """


# --- Responses ---------------------------------------------------------------


class ResponseError(WebhookEngineError):
    """
    A response that cannot be used.
    """

    def __init__(self, message: str, *, response: Response | None = None) -> None:
        super().__init__(message)
        self.response = response


class ResponseTooLarge(ResponseError):
    """
    More bytes, depth, columns or cells than the bound allows.
    """


class UnreadableResponse(ResponseError):
    """
    The bytes are not what they claim to be.
    """


class RejectedResponse(ResponseError):
    """
    The target said no: a status of 400 or above.
    """


# --- Delivery queue ----------------------------------------------------------


class QueueError(WebhookEngineError):
    """
    The delivery queue cannot do what was asked.
    """


class LeaseLost(QueueError):
    """
    The lease ended before its delivery was settled; what is recorded of it came from elsewhere.
    """

    def __init__(self, *, delivery: str, attempt: int) -> None:
        super().__init__(
            f"the lease on delivery {delivery} for attempt {attempt} was lost: it ran out, or was settled already; "
            "nothing was recorded"
        )
        self.delivery = delivery
        self.attempt = attempt


class QueueOwned(QueueError):
    """
    One process owns a queue's file, and it is another one.
    """

    def __init__(self, *, path: str, owner: str) -> None:
        super().__init__(f"{path} belongs to {owner}: stop that process, or ask it instead")
        self.path = path
        self.owner = owner


class QueueUnavailable(QueueError):
    """
    The queue cannot write at present: nothing of this was accepted, and trying later is right.
    """

    def __init__(self, *, path: str, why: str, cannot: str = "cannot write") -> None:
        super().__init__(f"the delivery queue {path} {cannot}: {why}; nothing was accepted")
        self.path = path
        self.why = why
        self.cannot = cannot


class DeliveryTooLarge(QueueError):
    """
    What was to be kept of one delivery is too long, now and later.
    """

    def __init__(self, *, size: int, limit: int) -> None:
        super().__init__(f"this takes {size:,} bytes as JSON, more than the {limit:,} that a queue keeps")
        self.size = size
        self.limit = limit


# --- Store -------------------------------------------------------------------


class StoreError(WebhookEngineError):
    """
    The store cannot do what was asked.
    """


class StoreOwned(StoreError):
    """
    One process owns a store's file, and it is another one.
    """

    def __init__(self, *, path: str, owner: str) -> None:
        super().__init__(f"{path} belongs to {owner}: stop that process, or ask it instead")
        self.path = path
        self.owner = owner


class StoreOutdated(StoreError):
    """
    The store was written by another version of this project.
    """

    def __init__(self, *, path: str, found: str, wanted: str, is_newer: bool, is_copied: bool = True) -> None:
        what_now = (
            "install the version of webhook-engine that wrote it, or a later one"
            if is_newer
            else "run `webhook-engine doctor --fix`" + (", which keeps a copy beside it" if is_copied else "")
        )
        super().__init__(
            f"{path} has schema {found} and this version of webhook-engine works on {wanted}: {what_now}"
        )
        self.path = path
        self.found = found
        self.wanted = wanted
        self.is_newer = is_newer


class StoreUnavailable(StoreError):
    """
    The store cannot be written or read at present: nothing of this was changed, and trying later is right.
    """

    def __init__(self, *, path: str, why: str) -> None:
        super().__init__(f"the store {path} cannot be used: {why}; nothing was changed")
        self.path = path
        self.why = why


class StoreConflict(StoreError):
    """
    The definitions were saved by somebody else since they were read.
    """

    def __init__(self, *, tenant: str, based_on: int, current: int, saved_by: str) -> None:
        super().__init__(
            f"the definitions of {tenant or 'the tenant'} are at revision {current}, saved by {saved_by}, "
            f"and these began at revision {based_on}: look at what changed, and save again"
        )
        self.tenant = tenant
        self.based_on = based_on
        self.current = current
        self.saved_by = saved_by


class FeedConflict(StoreError):
    """
    A feed has the idempotency key of another one, so nobody knows whether it is that one sent again.
    """

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the idempotency key {key[:40]!r} was another feed's, and nothing of this one was stored: "
            "send it with a key of its own"
        )


class VaultLocked(StoreError):
    """
    There is no key to seal with, or none that opens what is sealed.
    """


# --- NATS --------------------------------------------------------------------


class NatsError(WebhookEngineError):
    """
    NATS cannot do what was asked.
    """


class NatsUnavailable(NatsError):
    """
    No server answers at present; trying later is right.
    """

    def __init__(self, *, address: str, why: str) -> None:
        super().__init__(f"NATS at {address} cannot be used: {why}")
        self.address = address
        self.why = why


class NatsUnprepared(NatsError):
    """
    Streams or consumers are missing or not as they must be: nothing is taken from them.
    """

    def __init__(self, *, problem: str) -> None:
        super().__init__(
            f"{problem}: run `webhook-engine doctor --fix` with the same settings; "
            "until then events wait in NATS"
        )
        self.problem = problem


# --- The XML API -------------------------------------------------------------


class ActionRefused(WebhookEngineError):
    """
    The XML API did not do what a request asked for, and says so in one of its sentences.
    """

    sentence: ClassVar[str] = ""
    """As it stands on the wire; "" for one that this version does not know."""

    def __init__(self, said: str = "") -> None:
        super().__init__(said or self.sentence)


# --- Settings ----------------------------------------------------------------


class SettingsError(WebhookEngineError):
    """
    Settings that cannot be used: all of them at once.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class MissingExtra(WebhookEngineError, ImportError):
    """
    An optional dependency is not installed.
    """

    def __init__(self, *, extra: str, wanted_for: str) -> None:
        super().__init__(f"{wanted_for} needs an extra: pip install 'webhook-engine[{extra}]'")
        self.extra = extra
