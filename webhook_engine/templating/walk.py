"""
What the structure walkers share: they follow a template's own text and say which slot a value meets.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from webhook_engine.errors import UnsafeValue
from webhook_engine.templating.slots import ESCAPERS, Slot


class Misplaced(Exception):
    """
    The template's own text is not what its kind allows; *at* is the offset in the source.
    """

    def __init__(self, problem: str, at: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.at = at


State = TypeVar("State")


class Walker(Protocol[State]):
    """
    Follows one kind of text.
    """

    state: State
    """Where it stands; may be kept and put back, which is how branches are followed."""

    is_unsure: bool
    """Whether branches leave it to the values if the result has the structure."""

    def text(self, text: str, at: int, /) -> str:
        """
        Go over the author's own text; returns it as it will be sent.
        """

    def place(self, at: int, /) -> Slot:
        """
        Go over a value of unknown content; returns the slot it meets.
        """

    def join(self, one: State, other: State, /) -> State | None:
        """
        The state after either of two branches, or None where they end in different slots.
        """

    def end(self, at: int, /) -> str:
        """
        The template ends here; returns what is still to be sent.
        """


class Uniform:
    """
    A kind of text that is one slot throughout.
    """

    def __init__(self, slot: Slot) -> None:
        self.state = ""
        self.is_unsure = False
        self._slot = slot

    def text(self, text: str, at: int, /) -> str:
        """
        Itself, if the slot carries it.
        """
        try:
            ESCAPERS[self._slot](text)
        except UnsafeValue as error:
            raise Misplaced(error.problem, at) from None
        return text

    def place(self, _at: int, /) -> Slot:
        """
        Always the same.
        """
        return self._slot

    def join(self, one: str, other: str, /) -> str | None:
        """
        Never apart.
        """
        return one if one == other else None

    def end(self, _at: int, /) -> str:
        """
        May end anywhere.
        """
        return ""
