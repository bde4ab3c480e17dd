"""
Records with nothing nested in them: rows straight from the reader's objects.

Most target systems answer like this, and then a row is one step in C for each
record. The result is that of the long way, which is taken where anything is
not as it should be.
"""

from __future__ import annotations

import gc
from operator import itemgetter
from typing import TYPE_CHECKING

from .tree import TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .path import Path
    from .records import Record
    from .tree import Cell


def are_flat(records: Sequence[Record]) -> bool:
    """
    Whether *records* surely hold only scalars.

    The garbage collector looks into every object that could hold another one;
    those it does not track hold none. It may track more than it must (Python
    3.14 tracks all), so False means nothing.
    """
    return not any(map(gc.is_tracked, records))


def flat_rows(records: Sequence[Record], paths: Sequence[Path]) -> tuple[tuple[Cell, ...], ...] | None:
    """
    The cells at *paths* of records that hold only scalars.

    Returns:
        None where a record misses one of them.
    """
    names = [path[0] for path in paths if len(path) == 1 and isinstance(path[0], str)]
    # `itemgetter` of one name gives no tuples.
    if len(names) != len(paths) or len(names) < 2:
        return None
    # Records share their names, and the very same one is found faster than its equal.
    shared = {name: name for name in records[0]} if records else {}
    try:
        return tuple(map(itemgetter(*(shared.get(name, name) for name in names)), records))
    except KeyError:
        return None


def flat_columns(records: Sequence[Record]) -> tuple[str, ...] | None:
    """
    The members that records have if they all have those of the first; None where they may not.
    """
    first = records[0]
    if TEXT in first or set(map(len, records)) != {len(first)}:
        return None
    return tuple(first)
