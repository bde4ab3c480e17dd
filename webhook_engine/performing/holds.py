"""
Webhooks whose deliveries are kept back until somebody decides: disabled ones, and those whose target is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from webhook_engine import log
from webhook_engine.errors import QueueUnavailable
from webhook_engine.queue import Hold

if TYPE_CHECKING:
    from webhook_engine.queue import DeliveryQueue

DISABLED: Final = "webhook-disabled"
GONE: Final = "webhook-gone"
"""The target answered 410."""

HOLD_S: Final = 24 * 3600.0
"""What is kept back is looked at so often, whatever happens."""

_REASONS: Final = (DISABLED, GONE)

_PAUSE_S: Final = 1.0
"""Between two tries at a queue that cannot write."""

_PATIENCE_S: Final = 2.0
"""How long somebody waits for the disk who could go on without."""


class Standing(NamedTuple):
    """
    A webhook as it is defined now.
    """

    revision: str
    """Another one after each edit of the webhook."""

    is_enabled: bool


class Holds:
    """
    Which webhooks are kept back. On the disk too, so that a restart does not ask again what is gone.
    """

    def __init__(self) -> None:
        self._held: dict[str, Hold] = {}
        self._gone: set[tuple[str, str]] = set()
        """Webhook and revision of what was gone before an edit."""
        self._standing: Mapping[str, Standing] = {}
        self._queue: DeliveryQueue | None = None
        self._turn = asyncio.Lock()
        self._writing: set[asyncio.Task[None]] = set()

    def of(self, webhook: str) -> Hold | None:
        """
        Why the webhook's deliveries are kept back; None where they go.
        """
        return self._held.get(webhook)

    def active(self) -> tuple[Hold, ...]:
        """
        Every webhook that is kept back.
        """
        return tuple(self._held.values())

    def was_gone(self, webhook: str, revision: object) -> bool:
        """
        Whether that revision of the webhook led to a target that is gone, and was edited since.
        """
        return (webhook, revision) in self._gone

    async def open(self, queue: DeliveryQueue) -> None:
        """
        Goes on from what is on the disk, and lets go what was edited meanwhile.
        """
        self._queue = queue
        # What was kept back before there was a disk is not on it: it begins anew below.
        self._held.clear()
        for hold in await queue.holds():
            if hold.ended is None:
                self._held[hold.webhook] = hold
            elif hold.reason == GONE:
                self._gone.add((hold.webhook, hold.revision))
        self.redefine(self._standing)

    def redefine(self, standing: Mapping[str, Standing]) -> None:
        """
        Lets this hold from now on: what is disabled is kept back, and what was edited is let go.
        """
        self._standing = standing
        for hold in tuple(self._held.values()):
            if not _still_holds(hold, standing.get(hold.webhook)):
                self._end(hold)
        for webhook, now in standing.items():
            if not now.is_enabled and webhook not in self._held:
                self._begin(webhook, DISABLED, now.revision)

    async def note_gone(self, webhook: str, revision: str) -> None:
        """
        Keeps the webhook back; returns when that is on the disk, or as good as.

        Args:
            revision: What the request was made of. Of one that was edited since it says nothing
                about the webhook, and only that others that were made of it are to be made anew.
        """
        now = self._standing.get(webhook)
        if now is None or now.revision != revision:
            self._note_gone_before(webhook, revision)
        elif webhook not in self._held:
            self._begin(webhook, GONE, revision)
        await self._written()

    async def resume(self, webhook: str) -> int:
        """
        Lets the webhook's deliveries go, and says how many.
        """
        self._held.pop(webhook, None)
        log.event("webhook.resumed", webhook=webhook)
        if self._queue is None:
            return 0
        await self._written()
        return await self._queue.resume(webhook, reasons=_REASONS, forget=True)

    def note_released(self, webhook: str) -> None:
        """
        One was kept back; where the hold ended in that very moment it is let go again.
        """
        if webhook not in self._held:
            self._let_go(webhook)

    async def close(self) -> None:
        """
        Gives the disk a moment for what is not on it yet; what is not then is found out anew.
        """
        await self._written()
        for task in self._writing:
            task.cancel()
        await asyncio.gather(*self._writing, return_exceptions=True)
        self._queue = None
        self._held.clear()
        self._gone.clear()

    def _note_gone_before(self, webhook: str, revision: str) -> None:
        if (webhook, revision) in self._gone:
            return
        self._gone.add((webhook, revision))
        if (queue := self._queue) is not None:
            self._write(lambda: queue.hold(webhook, reason=GONE, revision=revision, ended=True))

    def _begin(self, webhook: str, reason: str, revision: str) -> None:
        since = datetime.now(UTC)
        self._held[webhook] = Hold(webhook=webhook, reason=reason, revision=revision, since=since)
        if (queue := self._queue) is None:
            return
        log.event("webhook.held", webhook=webhook, why=reason)
        self._write(lambda: queue.hold(webhook, reason=reason, revision=revision))

    def _end(self, hold: Hold) -> None:
        del self._held[hold.webhook]
        if hold.reason == GONE:
            self._gone.add((hold.webhook, hold.revision))
        if self._queue is not None:
            log.event("webhook.resumed", webhook=hold.webhook)
            self._let_go(hold.webhook)

    def _let_go(self, webhook: str) -> None:
        if (queue := self._queue) is not None:
            self._write(lambda: queue.resume(webhook, reasons=_REASONS))

    def _write(self, work: Callable[[], Awaitable[object]]) -> None:
        task = asyncio.get_running_loop().create_task(self._until_written(work))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _until_written(self, work: Callable[[], Awaitable[object]]) -> None:
        # One after the other: an end must not overtake its beginning.
        async with self._turn:
            while True:
                try:
                    await work()
                except QueueUnavailable:
                    await asyncio.sleep(_PAUSE_S)
                else:
                    return

    async def _written(self) -> None:
        if self._writing:
            await asyncio.wait(tuple(self._writing), timeout=_PATIENCE_S)


def _still_holds(hold: Hold, now: Standing | None) -> bool:
    """
    Whether the webhook's definition leaves it kept back; what there is no webhook for is let go, and dies.
    """
    if now is None:
        return False
    return not now.is_enabled if hold.reason == DISABLED else hold.revision == now.revision
