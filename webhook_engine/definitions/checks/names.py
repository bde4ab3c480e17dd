"""
Names that definitions refer to each other by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from webhook_engine.errors import did_you_mean

_MOST_HINTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """
    The names of all definitions of one kind.
    """

    kind: str
    known: Collection[str]

    is_complete: bool = True
    """False where one of them could not be read, so that a missing name may be its."""

    hints: Iterator[int] = field(default_factory=lambda: iter(range(_MOST_HINTS)), repr=False, compare=False)
    """Is empty once enough was said of what was probably meant: each takes a look at all names."""

    def missing(self, name: str, *, otherwise: str = "") -> str | None:
        """
        That nothing is called *name*, and what was probably meant; None where something is, or may be.

        Args:
            otherwise: What to say where no name comes near.
        """
        if name in self.known or not self.is_complete:
            return None
        meant = did_you_mean(name, self.known) if next(self.hints, None) is not None else None
        return f"there is no {self.kind} {name!r}" + (f"; did you mean {meant!r}?" if meant else otherwise)
