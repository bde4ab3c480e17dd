"""
What one webhook did in a test.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from webhook_engine.definitions import PopState, SettledAs
from webhook_engine.variables import values_of

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.dispatch import PreparedRequest
    from webhook_engine.line import Line
    from webhook_engine.responses import AgentView, Outcome, Response
    from webhook_engine.rules import Start
    from webhook_engine.variables import CallEvent


class Way(StrEnum):
    """
    How a webhook is performed.
    """

    WINDOW = "window"
    LIVE = "live"
    DURABLE = "durable"


@dataclass(slots=True, eq=False)
class Performance:
    """
    One webhook that something started, and everything that came of it.
    """

    start: Start
    event: CallEvent
    moment: int
    """Which moment of the test's, from 1."""

    line: Line

    request: PreparedRequest | None = None
    """The first that it made, or the window's address; its secrets are stand-ins."""

    sends: int = 0
    """How often a request was given to the target system."""

    is_unanswered: bool = False
    """Whether the test says nothing of what the target answers."""

    begun: bool = False
    error: str = ""
    """Why there is no request."""

    outcome: Outcome | None = None
    sentence: str = ""
    view: AgentView | None = None
    response: Response | None = None
    settled: SettledAs | None = None
    pop: str | None = None
    """The id of what agents see."""

    fate: Fate = field(default_factory=lambda: Fate())

    @property
    def webhook(self) -> str:
        """
        The webhook's name.
        """
        return self.start.webhook

    @property
    def after(self) -> str | None:
        """
        The webhook whose response led here.
        """
        return self.start.chain[-1] if self.start.chain else None

    @property
    def way(self) -> Way:
        """
        How it is performed.
        """
        if not self.line.is_sent:
            return Way.WINDOW
        return Way.DURABLE if self.is_durable else Way.LIVE

    @property
    def is_durable(self) -> bool:
        """
        Whether it is written down before it is sent.
        """
        return self.line.compiled.definition.is_durable

    def decided_by(self, definitions: Definitions) -> str:
        """
        The outcome rule, or the line of the table of defaults, that judged its response.
        """
        assert self.response is not None  # the caller has seen it
        call = self.start.call(self.event)
        values: Any = values_of(call, definitions.tenant, self.line.compiled.variables)
        return self.line.interpreter.judge(self.response, values)[0].decided_by

    def note(self, request: PreparedRequest) -> None:
        """
        It makes this request; the first counts.
        """
        if self.request is None:
            self.request = request


@dataclass(slots=True)
class Fate:
    """
    What became of a pop.
    """

    state: PopState = PopState.NONE
    seen_by: str | None = None
    because: str | None = None
    """Why it was withdrawn."""
