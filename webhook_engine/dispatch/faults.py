"""
What went wrong on the wire, in this project's words: the one place that knows aiohttp's errors.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from enum import StrEnum

import aiohttp
from aiohttp import http_exceptions

from webhook_engine.dispatch.guard import Exchange
from webhook_engine.errors import (
    AgentRefused,
    ConnectFailed,
    ConnectionLost,
    EgressRefused,
    FrozenUnusable,
    LimitExceeded,
    NameNotFound,
    ResponseError,
    ResponseTooLarge,
    SecretMissing,
    TargetPaused,
    TemplateError,
    TimedOut,
    TlsFailed,
    TokenRefused,
    TransportError,
    UnreadableResponse,
    WebhookEngineError,
)


class Fault(StrEnum):
    """
    Whose fault it is that a request came to nothing; only the target's count against the target.
    """

    OURS = "ours"
    """A secret, a certificate, an address or a request kept that is not as it should be on our side."""

    TEMPLATE = "template"
    POLICY = "policy"
    """The agent, the address or the limit: we chose not to send."""

    NAME = "name"
    NETWORK = "network"
    TARGET = "target"


_FAULTS: tuple[tuple[type[BaseException], Fault], ...] = (
    (TemplateError, Fault.TEMPLATE),
    (AgentRefused, Fault.POLICY),
    (EgressRefused, Fault.POLICY),
    (LimitExceeded, Fault.POLICY),
    (TargetPaused, Fault.POLICY),
    (SecretMissing, Fault.OURS),
    (FrozenUnusable, Fault.OURS),
    (TokenRefused, Fault.OURS),
    (NameNotFound, Fault.NAME),
    (TransportError, Fault.TARGET),
    (ResponseError, Fault.TARGET),
)

# The way is blocked, not the target down.
_NETWORK = {errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL}
# Too many open files, no more buffers: it is this process that cannot.
_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


def fault_of(error: WebhookEngineError) -> Fault:
    """
    Whose fault *error* is.
    """
    code = error.__cause__.errno if isinstance(error.__cause__, OSError) else None
    if isinstance(error, TransportError) and code == errno.ECANCELED:
        return Fault.OURS
    if isinstance(error, ConnectFailed):
        if code in _NETWORK:
            return Fault.NETWORK
        if code in _OURS:
            return Fault.OURS
    if isinstance(error, TokenRefused) and error.status >= 500:
        return Fault.TARGET
    return next((fault for kind, fault in _FAULTS if isinstance(error, kind)), Fault.OURS)


def translate(
    error: BaseException, *, exchange: Exchange, target: str, secure: bool, connect_s: float
) -> WebhookEngineError | None:
    """
    The error of ours that says what *error* of the transport means; None when it is not the transport's.

    Its cause is the operating system's error where there is one and never aiohttp's own: that one
    quotes the URL, and a URL may hold a key.
    """
    if isinstance(error, WebhookEngineError):
        return error
    refused = exchange.refused()
    if refused is not None and refused.denied:
        return EgressRefused(target=target, address=refused.address, why=refused.denied)
    translated = _translated(error, exchange, target, secure, connect_s)
    if translated is not None:
        translated.__cause__ = _safe_cause(error)
        translated.__suppress_context__ = True
    return translated


def _translated(
    error: BaseException, exchange: Exchange, target: str, secure: bool, connect_s: float
) -> WebhookEngineError | None:
    if exchange.sent:
        return _after_sending(error, target)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return NameNotFound(_about_name(error.os_error, target), target=target)
    if isinstance(error, aiohttp.InvalidUrlClientError):
        return EgressRefused(target=target, address=target, why="is not written as a canonical address")
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return TlsFailed(_about_tls(error, target), target=target)
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return ConnectFailed(f"{target} did not accept a connection within {connect_s:g} s", target=target)
    if isinstance(error, OSError | aiohttp.ClientConnectionError):
        cause = _safe_cause(error)
        if secure and isinstance(cause, ConnectionResetError | ConnectionAbortedError):
            return TlsFailed(f"{target} ended the connection while TLS was set up", target=target)
        return ConnectFailed(f"{target} cannot be reached: {_reason(cause)}", target=target)
    return None


def _after_sending(error: BaseException, target: str) -> WebhookEngineError | None:
    if isinstance(error, http_exceptions.HttpProcessingError):
        return _about_head(error, target)
    if isinstance(error, aiohttp.ClientResponseError):
        return _about_head(error.__cause__, target)
    if isinstance(error, aiohttp.ClientPayloadError):
        return _about_body(error, target)
    if isinstance(error, OSError | aiohttp.ClientConnectionError):
        return ConnectionLost(
            f"{target} ended the connection without a response; it may have acted on the request",
            target=target,
        )
    return None


def _about_head(error: BaseException | None, target: str) -> WebhookEngineError:
    """
    Args:
        error: What aiohttp's connection says of it.
    """
    if isinstance(error.__cause__ if error else None, http_exceptions.LineTooLong):
        return ResponseTooLarge(f"{target} sent a header line longer than is read")
    return UnreadableResponse(f"{target} did not answer in HTTP")


def _about_body(error: aiohttp.ClientPayloadError, target: str) -> WebhookEngineError:
    broken_off = ConnectionLost(
        f"{target} ended the connection in the middle of its response; it has acted on the request",
        target=target,
    )
    cause = error.__cause__
    if isinstance(cause, http_exceptions.TransferEncodingError) and "Not enough data" not in str(cause):
        return UnreadableResponse(f"{target} sent a body whose pieces do not fit together")
    return broken_off


def timed_out(*, exchange: Exchange, target: str, after_s: float) -> TimedOut:
    """
    The error for a deadline that passed.
    """
    return TimedOut(target=target, after_s=after_s, maybe_delivered=exchange.sent)


def closed(*, exchange: Exchange, target: str) -> TransportError:
    """
    The error for a request that this side gave up because it was closed; no fault of the target's.
    """
    problem: TransportError
    if exchange.sent:
        problem = ConnectionLost(
            f"the engine was closed while {target} was asked; it may have acted on the request", target=target
        )
    else:
        problem = ConnectFailed(f"the engine was closed before {target} was asked", target=target)
    problem.__cause__ = OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))
    return problem


def _about_name(error: OSError | None, target: str) -> str:
    host = target.rpartition(":")[0]
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN:
            return f"the name {host} cannot be looked up now: the name server does not answer"
        return f"there is no host {host}: the name leads nowhere"
    return f"the name {host} cannot be looked up: {_reason(error)}"


def _about_tls(error: BaseException, target: str) -> str:
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return (
            f"{target} could not prove who it is: {inner.verify_message}. "
            "If its certificate is your own authority's, name that in the group's ca_file"
        )
    reason = getattr(inner, "reason", None) or _reason(inner)
    return f"{target} and we found no common way of TLS: {str(reason).lower().replace('_', ' ')}"


def _reason(error: BaseException | None) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    text = error.strerror if isinstance(error, OSError) else None
    return text or "the connection failed"


def _safe_cause(error: BaseException) -> BaseException | None:
    """
    The plain error of the system beneath aiohttp's.
    """
    for attribute in ("certificate_error", "os_error"):
        if isinstance(inner := getattr(error, attribute, None), BaseException):
            return inner
    if isinstance(error, OSError) and not isinstance(error, aiohttp.ClientError):
        return error
    return None
