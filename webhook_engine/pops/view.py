"""
An agent view as a screen gets it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from webhook_engine.pops.bounds import PopBounds
    from webhook_engine.responses import AgentView

# ECMA-262, Number.MAX_SAFE_INTEGER: beyond it a browser would show another number.
_EXACT = 2**53 - 1


def view_json(view: AgentView, bounds: PopBounds) -> dict[str, Any]:
    """
    The view in the shape of `send --json`, with each column's `link` and the number of `rows_left_out`.

    An integer that a browser would round is text. Of a table whose columns'
    names alone are longer than a table may be, nothing is shown.
    """
    document: dict[str, Any] = view.to_json()
    columns = [{"path": column.path, "label": column.heading, "link": column.link} for column in view.columns]
    # Without a choice of columns their names are what the target system says, however long.
    left = bounds.table_bytes - len(orjson.dumps(columns))
    if left < 0:
        return document | {"columns": [], "rows": [], "rows_left_out": len(view.rows)}
    document["columns"] = columns
    rows = [[_exact(cell) for cell in row] for row in document["rows"][: bounds.rows]]
    fitting = _fitting(rows, left)
    return document | {"rows": rows[:fitting], "rows_left_out": len(view.rows) - fitting}


def _exact(cell: object) -> object:
    if isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) > _EXACT:
        return str(cell)
    return cell


def _fitting(rows: list[list[object]], limit_bytes: int) -> int:
    if len(orjson.dumps(rows)) <= limit_bytes:
        return len(rows)
    size = fitting = 0
    for row in rows:
        size += len(orjson.dumps(row)) + 1
        if size > limit_bytes:
            break
        fitting += 1
    return fitting
