"""
What a template's expressions may refer to.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from webhook_engine.errors import did_you_mean


@dataclass(frozen=True, slots=True)
class Scope:
    """
    The names a template may ask for, and what a tenant's filters take for granted.
    """

    names: Collection[str]
    country: str | None = None
    time_zone: ZoneInfo | None = None

    def unknown(self, name: str) -> str:
        """
        The sentence for a name nothing has.
        """
        suggestion = did_you_mean(name, self.names)
        hint = f": did you mean {suggestion}?" if suggestion else ""
        return f"there is no variable {name}{hint}"

    def defaults(self) -> dict[str, str]:
        """
        Arguments that filters are handed where their author gives none.
        """
        given = {"country": self.country, "time_zone": self.time_zone and self.time_zone.key}
        return {name: value for name, value in given.items() if value}
