"""
What every delivery queue promises; `webhook_engine.testing.DeliveryQueueContract` holds it to that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from webhook_engine.errors import QueueError
    from webhook_engine.queue.delivery import Delivery, Receipt, State
    from webhook_engine.queue.lease import AttemptRecord, Ending, Lease
    from webhook_engine.queue.reports import DeliveryPage, DeliveryReport, Hold, Spread, Stats


def _nothing() -> None:
    pass


class DeliveryQueue(Protocol):
    """
    Where durable deliveries wait.

    Whatever returns is on the disk. Waits and leases are lengths of time, in
    seconds, measured by the queue's own clock. Every method may raise
    `QueueUnavailable`, and then nothing happened.
    """

    async def put(self, deliveries: Sequence[Delivery]) -> tuple[Receipt, ...]:
        """
        Takes all of them or none, and says for each whether it is new.
        """

    async def claim(
        self,
        limit: int,
        *,
        lease_s: float,
        room: Mapping[str, int] | None = None,
        per_target: int | None = None,
        wait_s: float = 0.0,
    ) -> tuple[Lease, ...]:
        """
        Leases what may go now, the targets in turn.

        Args:
            limit: At most so many, of all targets together.

            lease_s: How long nobody else gets them. At least the whole time of an
                attempt and its record; `extend` for what takes longer.

            room: How many more each target may take; 0 leaves a target alone.

            per_target: The same for targets that *room* does not name; None is no limit.

            wait_s: How long to wait for the first one. Cancelling loses nothing.

        Returns:
            Nothing where *wait_s* passed or `wake` was called.
        """

    def wake(self) -> None:
        """
        Ends every waiting `claim` without a lease, so that it can be made anew with other room.
        """

    async def extend(self, lease: Lease, lease_s: float) -> None:
        """
        Lets the lease end *lease_s* from now.

        Raises:
            LeaseLost: It is not held any more.
        """

    async def keep(self, name: str, document: str) -> None:
        """
        Keeps a document that the references of deliveries put from now on may name.

        It stays at least as long as any of them is here; whoever opens the queue keeps anew
        what it names. The same name twice is the same document.
        """

    async def kept(self, name: str) -> str | None:
        """
        The document of that name; None where there is none.
        """

    async def freeze(self, lease: Lease, request: Mapping[str, object]) -> None:
        """
        Writes the request down, so that every later attempt sends this one.

        Raises:
            LeaseLost: It is not held any more.
        """

    async def settle(self, endings: Sequence[Ending]) -> tuple[QueueError | None, ...]:
        """
        Ends many leases at the cost of one; for each, its record and its end are written both or neither.

        Returns:
            For each why it was not written: `LeaseLost` where it was not held any more. The others are.
        """

    def is_waited_for(self, lease: Lease) -> bool | None:  # noqa: ARG002  # a queue that knows says so itself
        """
        Whether another delivery was lately kept back until this one ends; None where nobody knows.
        """
        return None

    def before_writing(
        self,
        call: Callable[[], None],  # noqa: ARG002  # where company makes nothing cheaper, nobody calls
    ) -> Callable[[], None]:
        """
        Has *call* called whenever something is about to be written, where that costs less with company.

        What it asks of the queue goes along, in the same transaction.

        Returns:
            What ends that.
        """
        return _nothing

    async def done(self, lease: Lease, record: AttemptRecord) -> None:
        """
        Records the attempt and ends the delivery, both or neither.

        Raises:
            LeaseLost: It is not held any more.
        """

    async def retry(
        self,
        lease: Lease,
        record: AttemptRecord,
        *,
        wait_s: float,
        counted: bool = True,
        frozen: Mapping[str, object] | None = None,
    ) -> None:
        """
        Records the attempt and offers the delivery again in *wait_s*, after what was never tried.

        Args:
            counted: Whether it is a failure of the delivery; not so where our own
                limit, breaker or proxy was at fault.

            frozen: The request, where it was not frozen before.

        Raises:
            LeaseLost: It is not held any more.
        """

    async def dead(self, lease: Lease, record: AttemptRecord, *, reason: str) -> None:
        """
        Records the attempt and gives the delivery up.

        Raises:
            LeaseLost: It is not held any more.
        """

    async def release(self, lease: Lease, *, wait_s: float = 0.0, reason: str = "") -> None:
        """
        Gives it back untried: no attempt, no record.

        Raises:
            LeaseLost: It is not held any more.
        """

    async def revive(self, ids: Collection[str], *, expires_s: float | None = None) -> int:
        """
        Makes deliveries that are done or dead ready again, with their attempts kept and no failure counted.

        Returns:
            How many of them were done or dead.
        """

    async def drop(self, ids: Collection[str], *, reason: str = "dropped") -> int:
        """
        Lets deliveries die that wait; one that is leased is left to its lease.

        Returns:
            How many of them waited.
        """

    async def hold(self, webhook: str, *, reason: str, revision: str, ended: bool = False) -> None:
        """
        Writes down that the webhook's deliveries are kept back.

        They are claimed as before; whoever claims one releases it with the same *reason*.

        Args:
            ended: Only that they would have been, had the definition not been changed since; it is among `holds`
                as ended, and no other hold is touched.
        """

    async def resume(self, webhook: str, *, reasons: Collection[str], forget: bool = False) -> int:
        """
        Ends the webhook's holds, and lets go what was released with one of *reasons*, in its order.

        Args:
            forget: Leaves no trace of the holds; else they are among `holds` as ended for a month.

        Returns:
            How many deliveries were let go.
        """

    async def holds(self) -> tuple[Hold, ...]:
        """
        Webhooks that are kept back, and those that were, the longest ago first.
        """

    async def stats(self) -> Stats:
        """
        Counts, at no cost that grows with the queue.
        """

    async def list(
        self,
        *,
        state: State | None = None,
        webhook: str | None = None,
        target: str | None = None,
        event_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> DeliveryPage:
        """
        Deliveries, newest first; with *state*, those that came into it last first.

        A page may have fewer than there are, or none, and still name where the next one begins: what is
        looked at for one page does not grow with the queue.

        Args:
            since: Put then or later.

            until: Put before.
        """

    async def spread(
        self,
        *,
        state: State | None = None,
        webhook: str | None = None,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        bars: int = 60,
    ) -> Spread:
        """
        How the newest deliveries spread over the times at which they were put, at a cost that does not grow
        with the queue.

        Args:
            bars: About so many; their length is a round one.
        """

    async def show(self, delivery: str) -> DeliveryReport:
        """
        One delivery with its attempts.

        Raises:
            NotFound: There is none of that id.
        """
