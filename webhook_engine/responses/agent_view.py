"""
What the agent sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from webhook_engine.quick import maker, quick

if TYPE_CHECKING:
    from webhook_engine.errors import WebhookEngineError

    from .facts import Outcome
    from .tree import Cell
    from .view import Column


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """
    What came of a webhook, for the agent who asked.
    """

    outcome: Outcome

    sentence: str
    """One plain line; text, never markup."""

    webhook: str = ""
    """Its name."""

    status: int | None = None
    """HTTP status; None where no response came."""

    columns: tuple[Column, ...] = ()
    """With their labels and links."""

    rows: tuple[tuple[Cell, ...], ...] = ()
    """Rows × columns; None where there is no value, "" where there is an empty one."""

    attempts: int = 0
    """How many times the request was given to the target system; 0 where nobody was reached."""

    findings: tuple[str, ...] = ()
    """What the administrator should know."""

    took_s: float = 0.0
    """Seconds the agent waited."""

    error: WebhookEngineError | None = None
    """Why there is no response, or none that can be read."""

    def to_json(self) -> dict[str, object]:
        """
        The shape of `send --json` and `read --json`, of values JSON has.
        """
        return {
            "outcome": self.outcome.value,
            "sentence": self.sentence,
            "status": self.status,
            "columns": [{"path": column.path, "label": column.heading} for column in self.columns],
            "rows": [[json_cell(cell) for cell in row] for row in self.rows],
            "attempts": self.attempts,
        }


make_view = maker(AgentView)


def json_cell(cell: Cell) -> str | int | float | bool | None:
    """
    *cell* as JSON can carry it: a number that many readers would round is text.
    """
    if isinstance(cell, Decimal):
        return str(cell)
    if isinstance(cell, int) and not -(2**63) <= cell < 2**64:
        return str(cell)
    return cell
