"""
The door every connection goes through, whichever way its address was come by.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from webhook_engine.dispatch.egress import EgressPolicy

AddrInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Dial:
    """
    One address that a connection was to be opened to.
    """

    address: str

    denied: str | None = None
    """Why it was not dialled; None when it was."""


class Exchange:
    """
    What happened on the wire while one request was sent.
    """

    sends = 0
    """How often a request was given to a connection; redirects count."""

    sent = False
    """Whether that happened on this hop."""

    again = False
    """Whether this is the second attempt, with a fresh token."""

    url: str | None = None
    """Where a redirect led to; None before the first."""

    redirects: tuple[str, ...] = ()
    """Every address that a redirect led to, in order."""

    _hop = 0

    def __init__(self) -> None:
        self.dials: list[Dial] = []
        """In the order tried; empty when an open connection was used again."""

    def __repr__(self) -> str:
        return f"Exchange(dials={self.dials}, sends={self.sends})"

    def begin_hop(self, url: str) -> None:
        """
        Notes that another address is about to be asked.
        """
        self.url = url
        self.sent = False
        self._hop = len(self.dials)

    def mark_sent(self) -> None:
        """
        Notes that a connection was there and the request was given to it.
        """
        self.sent = True
        self.sends += 1

    def refused(self) -> Dial | None:
        """
        The refused address, when this hop had no other to try.
        """
        tried = self.dials[self._hop :]
        if tried and not self.sent and all(dial.denied for dial in tried):
            return tried[0]
        return None


# The socket factory is not told which request it serves; the context is.
current: ContextVar[Exchange] = ContextVar("webhook_engine_exchange")


class Denied(OSError):
    """
    The policy refuses this address; seen by the connector alone.
    """


def socket_factory(policy: EgressPolicy) -> Callable[[AddrInfo], socket.socket]:
    """
    Makes the sockets of one connector, and none to an address that *policy* denies.

    The connector asks for every address it is about to dial: a literal in a URL, each
    answer of a name server, each hop of a redirect. A name that led elsewhere a moment
    ago is judged by where it leads now.
    """

    def make(info: AddrInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        why = policy.denied(address[0])
        exchange = current.get(None)
        if exchange is not None:
            exchange.dials.append(Dial(address[0], why))
        if why is not None:
            raise Denied(errno.EACCES, f"{address[0]} {why}")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made

    return make
