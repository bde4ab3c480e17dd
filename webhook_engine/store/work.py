"""
What the parts of the store share: a tenant's row, and work that is finished once it was begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar

import orjson
from sqlalchemy import insert, select, update

from webhook_engine.store import tables
from webhook_engine.store.changes import Topic, count_up

if TYPE_CHECKING:
    from sqlalchemy import ScalarSelect, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")

_running: Final[set[asyncio.Task[Any]]] = set()


def finished(
    method: Callable[Concatenate[S, P], Awaitable[T]],
) -> Callable[Concatenate[S, P], Awaitable[T]]:
    """
    A method that, once begun, runs to its end though its caller be cancelled: what stands in the
    store and what this process remembers of it change together.
    """

    @wraps(method)
    async def shielded(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.ensure_future(method(self, *args, **kwargs))
        _running.add(task)
        task.add_done_callback(_settled)
        return await asyncio.shield(task)

    return shielded


def _settled(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    # Looked at, so that the loop does not report an error whose caller went away.
    if not task.cancelled():
        task.exception()


def id_of(tenant: str) -> ScalarSelect[int]:
    """
    The tenant's id, as part of a statement; nothing where there is no such tenant.
    """
    return select(tables.tenant.c.id).where(tables.tenant.c.name == tenant).scalar_subquery()


async def insert_rows(
    connection: AsyncConnection, table: Table, columns: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    """
    Insert many rows at the database's own pace.

    Args:
        columns: What the tuples hold, in their order: numbers, text and nothing else, as the driver takes them.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        # One step of one statement: the driver would take and leave the interpreter's lock at every row.
        cells = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(columns)))
        names = ", ".join(columns)
        await connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) SELECT {cells} FROM json_each(?)",  # noqa: S608  # names of our own
            (orjson.dumps(rows).decode(),),
        )
        return
    await connection.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in rows])


@dataclass(frozen=True, slots=True)
class TenantRow:
    """
    A tenant within a transaction.
    """

    id: int
    current: int | None
    """The number of the revision in force."""

    is_renamed: bool = False


async def tenant_row(connection: AsyncConnection, tenant: str) -> TenantRow:
    """
    The tenant, made where it is new and held until the transaction ends.

    What was set before any tenant had a name belongs to the first one that has.
    """
    columns = select(tables.tenant.c.id, tables.tenant.c.current)
    row = (await connection.execute(columns.where(tables.tenant.c.name == tenant).with_for_update())).first()
    if row is not None:
        return TenantRow(row.id, row.current)
    if tenant and await _adopts(connection):
        await connection.execute(update(tables.tenant).values(name=tenant))
        await count_up(connection, Topic.VAULT, Topic.KEYS, Topic.USERS)
        return replace(await tenant_row(connection, tenant), is_renamed=True)
    made = await connection.execute(insert(tables.tenant).values(name=tenant).returning(tables.tenant.c.id))
    return TenantRow(made.scalar_one(), None)


async def _adopts(connection: AsyncConnection) -> bool:
    """
    Whether there is one tenant alone, without a name and without definitions.
    """
    rows = (await connection.execute(select(tables.tenant.c.name, tables.tenant.c.current))).all()
    return [tuple(row) for row in rows] == [("", None)]
