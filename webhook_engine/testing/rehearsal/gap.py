"""
One thing that no test reaches.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """
    One thing that no test reaches.
    """

    kind: str
    """`rule`, `moment`, `condition`, `stop`, `then`, `webhook`, `branch`, `parameter`, `outcome` or `column`."""

    where: str
    what: str
    """In half a sentence."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"

    def to_json(self) -> dict[str, str]:
        """
        `{"kind", "where", "what"}`.
        """
        return {"kind": self.kind, "where": self.where, "what": self.what}
