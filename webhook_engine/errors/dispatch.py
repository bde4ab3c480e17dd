"""
Why there is no response, or why a request proves nothing.
"""

from __future__ import annotations

from webhook_engine.variables.errors import WebhookEngineError


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
