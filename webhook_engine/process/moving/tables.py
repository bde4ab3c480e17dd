"""
What is carried, table by table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Double, LargeBinary, MetaData, Table, Text

from webhook_engine.queue.sqlite.statements import ATTEMPTS
from webhook_engine.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEFT: Final = {tables.board_step.name}
"""What only processes that share a database write."""

STORE: Final = tuple(each for each in tables.METADATA.sorted_tables if each.name not in _LEFT)

PROGRESS: Final = Table(
    "moving",
    MetaData(),
    Column("part", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("after", Text, doc="JSON: the key of the last row that is there"),
    Column("rows", BigInteger, nullable=False),
)
"""How far each table is, written with its rows; it stays, and tells where a database came from."""


def _as_it_is(row: dict[str, Any]) -> dict[str, Any]:
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """
    One table of the delivery queue.
    """

    table: Table
    source: str
    key: Sequence[str]
    """What its rows are read by, in the file."""

    columns: str
    """Of the file, in the order of `names`."""

    names: Sequence[str]
    fit: Callable[[dict[str, Any]], Mapping[str, Any]] = _as_it_is


_NUMBERS: Final = (
    *("id", "delivery", "number", "at", "claimed_at", "put_at", "kept_at", "since", "ended", "expires"),
    *("urgency", "failures", "crashes", "attempts", "place", "hold", "status", "origin"),
)
_KINDS: Final = {"strict": Boolean, "took_s": Double, "key": LargeBinary} | dict.fromkeys(
    _NUMBERS, BigInteger
)


def _table(name: str, schema: str, columns: Sequence[str], key: Sequence[str]) -> Table:
    made: list[Column[Any]] = [
        Column(each, _KINDS.get(each, Text), primary_key=each in key) for each in columns
    ]
    return Table(name, MetaData(), *made, schema=schema)


def queue(schema: str) -> tuple[Queued, ...]:
    """
    The delivery queue's tables, the target's in that schema.
    """

    def queued(
        name: str, key: str, *, source: str, by: str = "", columns: str = "", names: str, fit: Any = _as_it_is
    ) -> Queued:
        given = names.split()
        return Queued(
            table=_table(name, schema, given, key.split()),
            source=source,
            key=(by or key).split(),
            columns=columns or ", ".join(given),
            names=given,
            fit=fit,
        )

    return (
        queued(
            "delivery",
            "id",
            source="delivery",
            names="id target state at urgency expires failures crashes attempts claimed_at token turn lock place "
            "strict hold reason",
            fit=lambda row: row | {"strict": bool(row["strict"])},
        ),
        queued(
            "content",
            "id",
            source="delivery JOIN content USING (id)",
            columns="id, key, event_id, webhook, put_at, reference, frozen, 0",
            names="id key event_id webhook put_at reference frozen origin",
        ),
        queued(
            "attempt",
            "delivery number",
            source="attempt",
            by="id",
            columns=f"id / {ATTEMPTS}, id % {ATTEMPTS}, at, took_s, outcome, status, detail",
            names="delivery number at took_s outcome status detail",
        ),
        queued(
            "document",
            "name",
            source="document",
            by="id",
            # Whatever names it was put until then; what is put later says anew that it is in use.
            columns="name, text, (SELECT ifnull(max(put_at), 0) FROM delivery)",
            names="name text kept_at",
        ),
        queued("hold", "webhook revision reason", source="hold", names="webhook revision reason since ended"),
    )
