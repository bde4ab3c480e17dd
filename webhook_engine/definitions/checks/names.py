"""
Names that definitions refer to each other by.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from webhook_engine.errors import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """
    The names of all definitions of one kind.
    """

    kind: str
    known: Collection[str]

    is_complete: bool = True
    """False where one of them could not be read, so that a missing name may be its."""

    def missing(self, name: str, *, otherwise: str = "") -> str | None:
        """
        That nothing is called *name*, and what was probably meant; None where something is, or may be.

        Args:
            otherwise: What to say where no name comes near.
        """
        if name in self.known or not self.is_complete:
            return None
        meant = did_you_mean(name, self.known)
        return f"there is no {self.kind} {name!r}" + (f"; did you mean {meant!r}?" if meant else otherwise)
