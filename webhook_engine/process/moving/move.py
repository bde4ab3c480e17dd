"""
The move: table after table, page after page, and a look at the end whether all of it is there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from webhook_engine.errors import StoreError
from webhook_engine.process.moving.source import opened
from webhook_engine.process.moving.target import Target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from webhook_engine.process.moving.source import Part, Row, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """
    What was moved.
    """

    source: str
    target: str
    """Without a password."""

    rows: Mapping[str, int]
    """Table -> rows; nothing where it had been moved before."""

    @property
    def was_there(self) -> bool:
        """
        Whether all of it had been moved before.
        """
        return not self.rows


async def move(source_url: str, target_url: str, *, note: Callable[[str, int, int], None]) -> Moved:
    """
    Everything of an installation on files, into an empty database. What was ended goes on where it was.

    Args:
        note: Told what is being done, how many rows of it are, and of how many.

    Raises:
        StoreOwned, QueueOwned: A process works with the files.
        StoreError: The database holds something else, or is not what was read in the end.
    """
    target = Target(target_url)
    async with opened(source_url, target.queue_schema) as source, target.opened():
        if not await target.begin(source.name):
            return Moved(source=source.name, target=str(target), rows={})
        await _copy(source, target, note)
        await _compare(source, target, note)
        await target.finish(source.numbers)
        rows = {part.table.name: part.count for part in source.parts}
        return Moved(source=source.name, target=str(target), rows=rows)


async def _copy(source: Source, target: Target, note: Callable[[str, int, int], None]) -> None:
    total = sum(part.count for part in source.parts)
    progress = await target.progress()
    done = sum(count for _, count in progress.values())
    for part in source.parts:
        name = part.table.name
        after, count = progress.get(name, (None, 0))
        while True:
            note("moving", done, total)
            rows, last = await part.page(after)
            if not rows:
                break
            after, count, done = last, count + len(rows), done + len(rows)
            await target.add(part.table, rows, last=last, source=source.name, count=count)


async def _compare(source: Source, target: Target, note: Callable[[str, int, int], None]) -> None:
    """
    Raises:
        StoreError: Something is missing, too much or another.
    """
    total = sum(part.count for part in source.parts)
    done = 0
    for part in source.parts:
        there = await _digest(target.pages(part.table), part)
        here = await _digest(_pages(part), part)
        if here != there:
            raise StoreError(
                f"table `{part.table.name}`: {here.count:,} rows in {source.name}, {there.count:,} in {target}, and "
                "they are not the same: something else changed one of them meanwhile. Make the database anew and "
                "move again"
            )
        done += part.count
        note("comparing", done, total)


@dataclass(frozen=True, slots=True)
class _Digest:
    count: int
    total: int
    """Of the digests of all rows: in whichever order they come."""


async def _digest(pages: AsyncIterator[Sequence[Row]], part: Part) -> _Digest:
    count, total = 0, 0
    names = sorted(each.name for each in part.table.c)
    async for rows in pages:
        for row in rows:
            text = repr([_plain(row[name]) for name in names])
            total += int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
        count += len(rows)
    return _Digest(count, total % 2**256)


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return value.timestamp()
    return bytes(value) if isinstance(value, bytes | bytearray | memoryview) else value


async def _pages(part: Part) -> AsyncIterator[Sequence[Row]]:
    after = None
    while True:
        rows, after = await part.page(after)
        if not rows:
            return
        yield rows
