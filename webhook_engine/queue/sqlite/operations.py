"""
What the event loop asks of the writer's thread.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webhook_engine.queue.lease import Lease
from webhook_engine.queue.rows import End, NewRow


@dataclass(slots=True, kw_only=True, eq=False)
class Operation:
    """
    Something to do in a transaction, and who waits for it.
    """

    future: Future[Any]
    """Of the event loop that asked; only answered there."""


@dataclass(slots=True, kw_only=True, eq=False)
class Put(Operation):
    rows: Sequence[NewRow]


@dataclass(slots=True, kw_only=True, eq=False)
class Claim(Operation):
    limit: int
    lease: int
    room: Mapping[str, int]
    per_target: int | None
    until: float
    """When it stops waiting, on the monotonic clock."""


@dataclass(slots=True, kw_only=True, eq=False)
class Settle(Operation):
    ends: Sequence[End]


@dataclass(slots=True, kw_only=True, eq=False)
class Extend(Operation):
    lease: Lease
    length: int | None = None
    frozen: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Keep(Operation):
    """
    A document that deliveries name.
    """

    name: str
    document: str


@dataclass(slots=True, kw_only=True, eq=False)
class Revive(Operation):
    keys: Sequence[bytes]
    expires: int | None


@dataclass(slots=True, kw_only=True, eq=False)
class Drop(Operation):
    keys: Sequence[bytes]
    reason: str


@dataclass(slots=True, kw_only=True, eq=False)
class KeepBack(Operation):
    """
    A webhook is kept back from here on.
    """

    webhook: str
    reason: str
    revision: str
    ended: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Resume(Operation):
    """
    One step of letting go what was kept back of a webhook.
    """

    webhook: str
    reasons: tuple[str, ...]
    forget: bool
    after: tuple[int, int]


@dataclass(slots=True, kw_only=True, eq=False)
class Wake(Operation):
    """
    Lets every waiting claim go.
    """


@dataclass(slots=True, kw_only=True, eq=False)
class Close(Operation):
    """
    Ends the writer after everything that was asked before.
    """


@dataclass(slots=True)
class Answer:
    """
    An operation, and what is to be told of it: a result, or an error.
    """

    operation: Operation
    result: object = None
    error: Exception | None = field(default=None)
