"""
Which deliveries a command means: by filters, page after page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from webhook_engine.cli.inputs import BadInput
from webhook_engine.queue import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from webhook_engine.cli.operated import Operated
    from webhook_engine.queue import DeliveryReport

_PAGE: Final = 1_000

_AGO = re.compile(r"(\d{1,6})\s*(s|m|h|d)")
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """
    What all the deliveries that are meant have in common.
    """

    webhook: str | None = None
    target: str | None = None
    state: State | None = None
    event: str | None = None

    since: datetime | None = None
    """Put then or later."""

    until: datetime | None = None
    """Put before."""

    @classmethod
    def of(
        cls,
        *,
        webhook: str | None,
        target: str | None,
        state: str | None,
        event: str | None,
        since: str | None,
        until: str | None,
    ) -> Choice:
        """
        As the options say it.

        Raises:
            BadInput: One of them cannot be read.
        """
        if state is not None and state not in set(State):
            raise BadInput(f"--state {state}: there is {', '.join(State)}")
        return cls(
            webhook=webhook,
            target=target,
            state=None if state is None else State(state),
            event=event,
            since=_time("--since", since),
            until=_time("--until", until),
        )

    @property
    def is_everything(self) -> bool:
        """
        Whether nothing but a state narrows it down.
        """
        return (self.webhook, self.target, self.event, self.since, self.until) == (None,) * 5

    async def pages(
        self, deliveries: Operated, state: State | None
    ) -> AsyncIterator[tuple[DeliveryReport, ...]]:
        """
        Those that are meant, in that state, the newest first.
        """
        after: str | None = None
        while True:
            page = await deliveries.list(
                state=state,
                webhook=self.webhook,
                target=self.target,
                event_id=self.event,
                limit=_PAGE,
                after=after,
            )
            yield tuple(each for each in page.deliveries if self._is_in_time(each))
            after = page.after
            # By time of their putting, unless a state orders them.
            is_past = state is None and self.since is not None and page.deliveries
            if after is None or (is_past and self.since and page.deliveries[-1].put_at < self.since):
                return

    def _is_in_time(self, report: DeliveryReport) -> bool:
        if self.since is not None and report.put_at < self.since:
            return False
        return self.until is None or report.put_at < self.until


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    if found := _AGO.fullmatch(text.strip()):
        return datetime.now(UTC) - timedelta(seconds=int(found[1]) * _UNIT_S[found[2]])
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"{option} {text}: write a time such as 2026-11-22T10:00, or how long ago, such as 30m, 2h or 3d"
        ) from None
    return at.astimezone() if at.tzinfo is None else at
