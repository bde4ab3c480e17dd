"""
What responses look like, webhook by webhook: learnt while agents look up, and compared from then on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from webhook_engine import log
from webhook_engine.drift.column import Drifted, types_of
from webhook_engine.drift.watched import Look, Seen, Watched

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

    runs: int = 200
    """Of a webhook, where looks wait to be shared: so many that differ from the one before."""

    webhooks: int = 2_000
    """What was learnt of others is forgotten, that of the one looked at first first."""


class Drift:
    """
    The schemas of one tenant's responses.

    What an edit of the webhook changes is learnt anew. It belongs to one thread.

    By itself it learns at once. Where many processes share what they learn, `collect` has it keep its looks
    for whoever brings them to the others, and `adopt` what all of them know.
    """

    def __init__(
        self, settings: DriftSettings | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings or DriftSettings()
        self._clock = clock
        self._watched: dict[str, Watched] = {}
        self._seen: dict[str, Seen] | None = None
        self._edited: dict[str, str] = {}
        self._revision_of: Callable[[str], str | None] | None = None
        self.looks = 0
        """How many responses were looked at."""

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
            watched = self._begun(webhook, Watched(revision))
        watched.not_before = now + self.settings.every_s
        self.looks += 1
        look = self._look(view)
        if self._seen is not None:
            self._add(self._seen, webhook, revision, look)
            return
        became = watched.note(look, streak=self.settings.streak)
        if became:
            tell(each for each in watched.findings(webhook) if each.column in became)

    def _look(self, view: AgentView) -> Look:
        rows = view.rows[: self.settings.rows]
        columns = islice(view.columns, self.settings.columns)
        return tuple(
            (column.path, frozenset(types_of(row[place] for row in rows)))
            for place, column in enumerate(columns)
        )

    def _begun(self, webhook: str, watched: Watched) -> Watched:
        self._watched.pop(webhook, None)
        while len(self._watched) >= self.settings.webhooks:
            del self._watched[next(iter(self._watched))]
        self._watched[webhook] = watched
        return watched

    def findings(self) -> tuple[Drifted, ...]:
        """
        Every column that has drifted and has not come back, by webhook.
        """
        return tuple(
            each for webhook, watched in sorted(self._watched.items()) for each in watched.findings(webhook)
        )

    def retain(self, revision_of: Callable[[str], str | None]) -> None:
        """
        Forget webhooks that are gone, and findings of those that were edited.

        Args:
            revision_of: Webhook -> the revision of its definition now; None where there is none.
        """
        self._revision_of = revision_of
        for webhook, watched in list(self._watched.items()):
            if revision_of(webhook) != watched.revision:
                self._edited[webhook] = watched.revision
                self.forget(webhook)

    def forget(self, webhook: str) -> None:
        """
        Take what the next responses of a webhook look like for what is usual.
        """
        if self._watched.pop(webhook, None) is not None:
            self.looks += 1

    def accept(self, webhook: str, columns: Collection[str] | None = None) -> tuple[Drifted, ...]:
        """
        Take what has drifted for what is right from now on.

        Args:
            columns: Which; all that have drifted where left out.

        Returns:
            What was a finding.
        """
        watched = self._watched.get(webhook)
        found = watched.findings(webhook) if watched is not None else []
        chosen = [each for each in found if columns is None or each.column in columns]
        if watched is not None:
            watched.accept([each.column for each in chosen])
        return tuple(chosen)

    # --- Shared ------------------------------------------------------------------------------------

    def collect(self) -> None:
        """
        From now on learn nothing alone: what is seen waits for `take`, and what is known comes by `adopt`.
        """
        self._seen = {}

    def take(self) -> Mapping[str, Seen]:
        """
        What was seen since the last time, by webhook.
        """
        taken, self._seen = self._seen or {}, {}
        return taken

    def give_back(self, seen: Mapping[str, Seen]) -> None:
        """
        Have what could not be brought to the others taken again, before what was seen meanwhile.
        """
        since, self._seen = self._seen or {}, dict(seen)
        for webhook, each in since.items():
            for look, times in each.runs:
                self._add(self._seen, webhook, each.revision, look, times)

    def take_edited(self) -> Mapping[str, str]:
        """
        The webhooks that were edited or are gone since the last time, with the revision that is over.
        """
        edited, self._edited = self._edited, {}
        return edited

    def adopt(self, webhook: str, document: Mapping[str, Any] | None) -> None:
        """
        What all processes know of a webhook, None for nothing; of another definition than ours it tells nothing.

        Raises:
            ValueError: It is none; AttributeError, KeyError and TypeError mean the same.
        """
        known = self._watched.get(webhook)
        if document is None:
            if known is not None:
                known.columns = {}
            return
        watched = Watched.from_json(document, most=self.settings.columns)
        if self._revision_of is not None and self._revision_of(webhook) != watched.revision:
            return
        watched.not_before = known.not_before if known is not None else 0.0
        self._begun(webhook, watched)

    def _add(self, seen: dict[str, Seen], webhook: str, revision: str, look: Look, times: int = 1) -> None:
        each = seen.get(webhook)
        if each is None or each.revision != revision:
            if each is None and len(seen) >= self.settings.webhooks:
                return
            each = seen[webhook] = Seen(revision)
        each.add(look, times, most=self.settings.runs)

    # --- As a document -----------------------------------------------------------------------------

    def to_json(self) -> dict[str, object]:
        """
        Everything learnt, for `from_json`.
        """
        return {webhook: watched.to_json() for webhook, watched in self._watched.items()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], settings: DriftSettings | None = None) -> Self:
        """
        What `to_json` told.

        Raises:
            ValueError: It is none; AttributeError, KeyError and TypeError mean the same.
        """
        made = cls(settings)
        for webhook, told in islice(document.items(), made.settings.webhooks):
            made._watched[str(webhook)] = Watched.from_json(told, most=made.settings.columns)
        return made


def tell(findings: Iterable[Drifted]) -> None:
    """
    The one event of each finding in the log.
    """
    for found in findings:
        log.event(
            "column.drifted",
            webhook=found.webhook,
            column=found.column,
            way=str(found.way),
            was=found.was,
            now=found.now,
            responses=found.responses,
        )
