"""
What each process may have of a target, where many share a queue: the portions of all together are what is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from webhook_engine.quick import quick

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@quick
@dataclass(frozen=True, slots=True)
class TargetNews:
    """
    What a process found out about a target.
    """

    state: str
    """`closed` where it works again, `open` where it fails, `paused` where it asked for a pause."""

    wait_s: float = 0.0
    """For how long it is left alone from now on."""

    opened: int = 0
    """How often in a row it was found to fail."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class PortionAsk:
    """
    What one process has of a target, and what it allows all processes together.
    """

    target: str

    wishes: bool = True
    """Whether it has anything to do there; else its portion goes to the others."""

    slots: int
    """Requests that all together may have under way."""

    keeps: int = 0
    """Of its slots those that it cannot give away, because something is under way or may start at any moment."""

    starts: int = 0
    """Requests that all together may start in a while; 0 for no limit."""

    keeps_starts: int = 0
    """The same of its starts: what it may start, or started in the last while."""

    knows: int = 0
    """The generation of what it knows about the target."""

    news: TargetNews | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """
    What one process may have of a target.
    """

    slots: int
    goal: int
    """What its slots should be: where they are more it is to give some away, where they are fewer others are to."""

    starts: int
    starts_goal: int

    generation: int
    """Another one at each change of what follows."""

    state: str
    """As in `TargetNews`. Of a target that is not `closed`, one process alone has a portion: who asks it again."""

    wait_s: float
    opened: int


@quick
@dataclass(frozen=True, slots=True)
class ShutTarget:
    """
    A target that is left alone for a while, as all processes are to know.
    """

    target: str
    generation: int
    state: str
    wait_s: float
    opened: int


@runtime_checkable
class DividingQueue(Protocol):
    """
    A delivery queue of many processes, that divides targets among them.
    """

    async def divide(self, asks: Sequence[PortionAsk], length_s: float) -> tuple[Portion, ...]:
        """
        A portion for each that is asked for. It is the process's own for so long, by the queue's clock.

        Raises:
            QueueUnavailable: Nothing is known to have changed.
        """

    async def shut(self) -> tuple[ShutTarget, ...]:
        """
        Targets that are left alone at present, whether they are asked from here or not.

        Raises:
            QueueUnavailable: It cannot be known now.
        """

    def tell_of_portions(self) -> None:
        """
        Tells the other processes to ask anew, because there is news or something to be given away.
        """

    def hear_of_portions(self, heard: Callable[[], None]) -> None:
        """
        Calls *heard* when another process told so.
        """
