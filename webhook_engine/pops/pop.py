"""
One pop: a window or a table that an agent has before them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_engine.pops.news import LookupBegun, TableShown, Told, WindowOpened
from webhook_engine.quick import quick

if TYPE_CHECKING:
    from webhook_engine.pops.calls import When
    from webhook_engine.pops.news import Json


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Pop:
    """
    What one webhook shows one agent about one call.
    """

    id: str

    call: str
    """The call's identity, from `call_id`."""

    webhook: str
    agent: str

    parameter: str = ""
    """The DYNAMIC_PARAMETER with which it was started."""

    when: When
    """The event that brought it to this agent."""

    moves: bool = True
    """Whether another agent may see it."""

    kept: bool = False
    """Whether it is the agent's own, and stays when the call goes elsewhere or ends."""

    url: str | None = None
    """Of a window."""

    view: Json | None = None
    """Of a table that has arrived."""

    begun: int = 0
    """How many lookups were begun for it."""

    shown: int = 0
    """The number of the lookup whose table it shows."""

    @property
    def key(self) -> tuple[str, str, str]:
        """
        What makes it one pop among those of its call.
        """
        return (self.webhook, self.agent, self.parameter)

    @property
    def is_waiting(self) -> bool:
        """
        Whether a lookup is all there is of it.
        """
        return self.url is None and self.view is None

    def told(self, call: Json, moved_from: str | None = None) -> Told:
        """
        What shows it as it is: a `WindowOpened`, a `TableShown` or a `LookupBegun`.
        """
        # Written out, and not by way of those classes: every ringing phone of a large queue costs this once.
        data: dict[str, object] = {
            "pop": self.id,
            "webhook": self.webhook,
            "parameter": self.parameter,
            "call": call,
            "moved_from": moved_from,
        }
        if self.view is not None:
            data["view"] = self.view
            return Told(TableShown.event, data)
        if self.url is not None:
            data["url"] = self.url
            return Told(WindowOpened.event, data)
        return Told(LookupBegun.event, data)
