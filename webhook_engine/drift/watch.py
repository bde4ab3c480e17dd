"""
What responses look like, webhook by webhook: learnt while agents look up, and compared from then on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from webhook_engine import log
from webhook_engine.drift.column import ColumnState, Drifted, types_of

if TYPE_CHECKING:
    from webhook_engine.responses import AgentView


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSettings:
    """
    How much is looked at and kept.
    """

    streak: int = 5
    """Responses in a row that make a finding; and as many are learnt from before there can be one."""

    every_s: float = 0.05
    """A webhook's responses that come sooner after the last one are not looked at."""

    rows: int = 20
    """Of a response, the first ones."""

    columns: int = 64
    """Of a webhook."""

    webhooks: int = 2_000
    """What was learnt of others is forgotten, that of the one looked at first first."""


@dataclass(slots=True)
class _Watched:
    revision: str
    columns: dict[str, ColumnState] = field(default_factory=dict)
    not_before: float = 0.0


class Drift:
    """
    The schemas of one tenant's responses.

    What an edit of the webhook changes is learnt anew. It belongs to one thread.
    """

    def __init__(
        self, settings: DriftSettings | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings or DriftSettings()
        self._clock = clock
        self._watched: dict[str, _Watched] = {}
        self.looks = 0
        """How many responses were looked at: whoever saves all this sees whether there is something new."""

    def note(self, webhook: str, revision: str, view: AgentView) -> None:
        """
        Looks at the rows of a response whose columns were chosen, unless the last look was a moment ago.

        Args:
            revision: Of the webhook's definition: another one begins anew.
        """
        watched, now = self._watched.get(webhook), self._clock()
        if watched is not None and now < watched.not_before and watched.revision == revision:
            return
        if watched is None or watched.revision != revision:
            watched = self._begun(webhook, revision)
        watched.not_before = now + self.settings.every_s
        self.looks += 1
        streak, rows = self.settings.streak, view.rows[: self.settings.rows]
        for place, column in enumerate(islice(view.columns, self.settings.columns)):
            state = watched.columns.setdefault(column.path, ColumnState())
            if state.note(types_of(row[place] for row in rows), streak=streak):
                _tell(state.finding(webhook, column.path))

    def _begun(self, webhook: str, revision: str) -> _Watched:
        self._watched.pop(webhook, None)
        while len(self._watched) >= self.settings.webhooks:
            del self._watched[next(iter(self._watched))]
        watched = self._watched[webhook] = _Watched(revision)
        return watched

    def findings(self) -> tuple[Drifted, ...]:
        """
        Every column that has drifted and has not come back, by webhook.
        """
        found = (
            state.finding(webhook, column)
            for webhook, watched in sorted(self._watched.items())
            for column, state in watched.columns.items()
        )
        return tuple(each for each in found if each is not None)

    def retain(self, revision_of: Callable[[str], str | None]) -> None:
        """
        Forget webhooks that are gone, and findings of those that were edited.

        Args:
            revision_of: Webhook -> the revision of its definition now; None where there is none.
        """
        for webhook, watched in list(self._watched.items()):
            revision = revision_of(webhook)
            if revision is None or revision != watched.revision:
                self.forget(webhook)

    def forget(self, webhook: str) -> None:
        """
        Take what the next responses of a webhook look like for what is usual.
        """
        if self._watched.pop(webhook, None) is not None:
            self.looks += 1

    def to_json(self) -> dict[str, object]:
        """
        Everything learnt, for `from_json`.
        """
        return {
            webhook: {
                "revision": watched.revision,
                "columns": {column: state.to_json() for column, state in watched.columns.items()},
            }
            for webhook, watched in self._watched.items()
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any], settings: DriftSettings | None = None) -> Self:
        """
        What `to_json` told.

        Raises:
            ValueError: It is none; AttributeError, KeyError and TypeError mean the same.
        """
        made = cls(settings)
        for webhook, told in islice(document.items(), made.settings.webhooks):
            columns = islice(told["columns"].items(), made.settings.columns)
            states = {str(column): ColumnState.from_json(state) for column, state in columns}
            made._watched[str(webhook)] = _Watched(str(told["revision"]), states)
        return made


def _tell(found: Drifted | None) -> None:
    """
    The one event of a finding in the log.
    """
    if found is not None:
        log.event(
            "column.drifted",
            webhook=found.webhook,
            column=found.column,
            way=str(found.way),
            was=found.was,
            now=found.now,
            responses=found.responses,
        )
