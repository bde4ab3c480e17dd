"""
Group commit: what is asked while a commit is under way goes together into the next one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from webhook_engine.errors import QueueError, QueueUnavailable
from webhook_engine.queue.postgresql.connecting import PROMPT_S

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from webhook_engine.queue.postgresql.connecting import Connection, Link

Row = TypeVar("Row")
Told = TypeVar("Told")

_MOST = 1_000
"""Rows in one statement, where they were not asked for together."""


class _Asked(NamedTuple, Generic[Row, Told]):
    rows: Sequence[Row]
    future: asyncio.Future[list[Told]]


class Lane(Generic[Row, Told]):
    """
    Writes rows of one kind, each asked for whole, and tells of each what came of it when it is committed.
    """

    def __init__(
        self,
        link: Link,
        write: Callable[[Connection, int, Sequence[Row], bool], Awaitable[list[Told]]],
        *,
        patience_s: float | None,
    ) -> None:
        """
        Args:
            write: Given the connection, the link's slot, the rows, and whether an earlier run with them may
                have been committed.
        """
        self._link, self._write, self._patience_s = link, write, patience_s
        self._asked: list[_Asked[Row, Told]] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def ask(self, rows: Sequence[Row]) -> list[Told]:
        """
        Cancelling takes nothing back.
        """
        if self._closed:
            raise self._gone()
        future: asyncio.Future[list[Told]] = asyncio.get_running_loop().create_future()
        self._asked.append(_Asked(rows, future))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._asked:
            await self._flush(self._next())

    def _next(self) -> list[_Asked[Row, Told]]:
        count, size = 0, 0
        for each in self._asked:
            if count and size + len(each.rows) > _MOST:
                break
            count, size = count + 1, size + len(each.rows)
        some, self._asked = self._asked[:count], self._asked[count:]
        return some

    async def _flush(self, asked: list[_Asked[Row, Told]]) -> None:
        rows = [row for each in asked for row in each.rows]
        try:
            told = await self._link.run(
                lambda db, maybe_done: self._write(db, self._link.slot, rows, maybe_done),
                patience_s=self._patience_s,
                # Whoever waits for an answer is not to wait for a network that swallows it.
                within_s=None if self._patience_s is None else max(PROMPT_S, self._patience_s),
            )
        except QueueUnavailable as error:
            _refuse(asked, error)
        except Exception as error:
            if len(asked) > 1:
                # One of them cannot be done at all; the others must not suffer for it.
                for each in asked:
                    await self._flush([each])
                return
            why = error if isinstance(error, QueueError) else self._link.server.refusal(error)
            why.__cause__ = None if why is error else error
            _refuse(asked, why)
        except asyncio.CancelledError:
            _refuse(asked, self._gone())
            raise
        else:
            start = 0
            for each in asked:
                end = start + len(each.rows)
                if not each.future.done():
                    each.future.set_result(told[start:end])
                start = end

    async def close(self, within_s: float) -> None:
        """
        Finishes what was asked, if that is done in time, and refuses the rest.
        """
        self._closed = True
        if self._task is not None and not self._task.done():
            await asyncio.wait({self._task}, timeout=within_s)
            self._task.cancel()
            await asyncio.wait({self._task})
        _refuse(self._asked, self._gone())
        self._asked = []

    def _gone(self) -> QueueError:
        return QueueError(f"the delivery queue {self._link.server.shown} is closed")


def _refuse(asked: Sequence[_Asked[Row, Told]], error: QueueError) -> None:
    for each in asked:
        if not each.future.done():
            each.future.set_exception(error)
