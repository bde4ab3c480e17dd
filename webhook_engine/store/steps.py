"""
What happens to agents' screens, step by step, for all processes that show them.

Each process takes the same steps in the same order, and so has the same board; who comes later begins with a board
that was saved after a certain step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson
from sqlalchemy import delete, func, insert, select, update

from webhook_engine.store import tables
from webhook_engine.store.changes import say
from webhook_engine.store.work import finished, id_of, tenant_row

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from webhook_engine.store.database import Database

CHANNEL: Final = "webhook_engine_steps"
"""Where PostgreSQL tells other processes that steps were taken."""

_step, _pop = tables.board_step, tables.pop
_KEY: Final = "board"
_AT_ONCE: Final = 1_000


class Step(NamedTuple):
    """
    One change of a board.
    """

    number: int
    """Among those of its tenant they grow, in the order in which they are taken."""

    at: datetime
    document: bytes


class SavedBoard(NamedTuple):
    """
    A board as it was after a step.
    """

    step: int
    state: Mapping[str, object]


class Steps:
    """
    The steps of all tenants.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @finished
    async def begin(self, tenant: str, empty: Mapping[str, object], *, anew: bool = False) -> SavedBoard:
        """
        The board that was saved last.

        Args:
            empty: What is saved where there is none yet, so that all processes begin with the same one.

            anew: Whether *empty* takes the place of what is there.
        """
        async with self._database.write() as connection:
            row = await tenant_row(connection, tenant)
            found = None if anew else await _saved(connection, tenant)
            if found is not None:
                return found
            last = select(func.max(_step.c.id)).where(_step.c.tenant_id == row.id)
            first = SavedBoard((await connection.execute(last)).scalar() or 0, empty)
            await connection.execute(delete(_pop).where(_pop.c.tenant_id == row.id, _pop.c.key == _KEY))
            await connection.execute(
                insert(_pop).values(
                    tenant_id=row.id,
                    key=_KEY,
                    agent="",
                    state=_written(first),
                    changed_at=datetime.now(UTC),
                )
            )
            return first

    @finished
    async def append(self, tenant: str, documents: Sequence[bytes]) -> None:
        """
        Have steps taken, all of them after those that are there.

        Raises:
            StoreUnavailable: Not now; none of them is taken.
        """
        now = datetime.now(UTC)
        # One after the other, so that whoever has seen a number has seen all that are lower.
        async with self._database.write(among=f"steps {tenant}") as connection:
            ident = (await connection.execute(select(id_of(tenant)))).scalar_one()
            rows = [{"tenant_id": ident, "at": now, "document": each} for each in documents]
            await connection.execute(insert(_step), rows)
            await say(connection, CHANNEL)

    async def after(self, tenant: str, number: int) -> tuple[Step, ...]:
        """
        The steps after that one, at most a thousand.
        """
        wanted = select(_step.c.id, _step.c.at, _step.c.document).where(
            _step.c.tenant_id == id_of(tenant), _step.c.id > number
        )
        async with self._database.read() as connection:
            rows = await connection.execute(wanted.order_by(_step.c.id).limit(_AT_ONCE))
            return tuple(Step(row.id, row.at, row.document) for row in rows)

    async def told(self) -> None:
        """
        Returns when another process may have taken steps, and every second or so.
        """
        await self._database.told(CHANNEL)

    @finished
    async def save(self, tenant: str, board: SavedBoard, *, older_s: float) -> None:
        """
        Keep a board for those who come later, unless a later one is kept; and forget steps that are so many seconds
        old and are in it.
        """
        until = datetime.now(UTC) - timedelta(seconds=older_s)
        async with self._database.write(among=f"board {tenant}") as connection:
            kept = await _saved(connection, tenant)
            if kept is not None and kept.step < board.step:
                await connection.execute(
                    update(_pop)
                    .where(_pop.c.tenant_id == id_of(tenant), _pop.c.key == _KEY)
                    .values(state=_written(board), changed_at=datetime.now(UTC))
                )
            await connection.execute(
                delete(_step).where(
                    _step.c.tenant_id == id_of(tenant), _step.c.id <= board.step, _step.c.at < until
                )
            )


async def _saved(connection: AsyncConnection, tenant: str) -> SavedBoard | None:
    wanted = select(_pop.c.state).where(_pop.c.tenant_id == id_of(tenant), _pop.c.key == _KEY)
    state = (await connection.execute(wanted)).scalar_one_or_none()
    found = {} if state is None else orjson.loads(state)
    # A process on a file keeps its board there without steps.
    return SavedBoard(found["step"], found["state"]) if "step" in found else None


def _written(board: SavedBoard) -> str:
    return orjson.dumps(board._asdict()).decode()
