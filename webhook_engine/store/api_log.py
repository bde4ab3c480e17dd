"""
The log of API requests as people read it: by time, action and outcome, with a look that does not grow with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Integer, bindparam, func, select, text

from webhook_engine.store import tables
from webhook_engine.store.facts import ApiRequest
from webhook_engine.store.work import id_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select

    from webhook_engine.store.api_requests import ApiRequests
    from webhook_engine.store.database import Database

LOOK: Final = 20_000
"""Requests that are looked at for one page where no index leads to those that are meant."""

_NAMES: Final = 5_000
"""Requests whose actions are offered to choose from."""

_SLACK: Final = timedelta(minutes=10)
"""Requests are written down as they end, and told by when they began."""

_table = tables.api_request


@dataclass(frozen=True, slots=True)
class LogPage:
    """
    Some requests, the newest first.
    """

    requests: tuple[ApiRequest, ...]

    before: int | None
    """Where the next page begins; None where this was the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """
    Which requests are meant.
    """

    action: str | None = None
    key: str | None = None
    """The name of a key, or the address of a user."""

    is_refused: bool = False
    """Only those that came to nothing."""

    since: datetime | None = None
    until: datetime | None = None

    def stated(self) -> dict[str, object]:
        """
        What no index answers, by the names of its conditions.
        """
        asked = {
            "key": self.key,
            "success": SUCCESS if self.is_refused else None,
            "since": self.since,
            "until": self.until,
        }
        return {name: value for name, value in asked.items() if value is not None}


SUCCESS: Final = "Success"
"""The outcome of what was done."""


class ApiLog:
    """
    The log of all tenants, to be read.
    """

    def __init__(self, database: Database, requests: ApiRequests) -> None:
        self._database = database
        self._requests = requests

    async def page(
        self, tenant: str, chosen: LogFilter, *, limit: int = 100, before: int | None = None
    ) -> LogPage:
        """
        A tenant's requests, the newest first. A page may have fewer than there are and still name where the
        next one begins.

        Args:
            before: What an earlier page named.
        """
        if before is None:
            await self._requests.flush()
        return await self._database.look(lambda connection: _page(connection, tenant, chosen, limit, before))

    async def actions(self, tenant: str) -> tuple[str, ...]:
        """
        The names of actions among the newest requests.
        """
        await self._requests.flush()
        newest = (
            select(_table.c.action)
            .where(_table.c.tenant_id == id_of(tenant))
            .order_by(_table.c.id.desc())
            .limit(_NAMES)
            .subquery()
        )
        names = select(newest.c.action).distinct()
        found = await self._database.look(lambda connection: connection.execute(names).scalars().all())
        return tuple(sorted(name for name in found if name))


_TERMS: Final[Mapping[str, ColumnElement[bool]]] = {
    "tenant": _table.c.tenant_id
    == select(tables.tenant.c.id).where(tables.tenant.c.name == bindparam("tenant")).scalar_subquery(),
    "action": _table.c.action == bindparam("action"),
    "low": _table.c.id >= bindparam("low"),
    "high": _table.c.id < bindparam("high"),
    # No more than a look to `high`, or to the end.
    "look": _table.c.id
    > func.coalesce(bindparam("end", type_=_table.c.id.type), select(func.max(_table.c.id)).scalar_subquery())
    - bindparam("look", type_=_table.c.id.type),
    "key": _table.c.key == bindparam("key"),
    "success": _table.c.outcome != bindparam("success"),
    "since": _table.c.at >= bindparam("since"),
    "until": _table.c.at < bindparam("until"),
}
"""The name of a value -> the condition that it is bound in."""


@lru_cache(maxsize=256)
def _statement(names: frozenset[str], *, whole: bool) -> Select[Any]:
    """
    The requests under those conditions, the newest first; built once, as that takes longer than asking.

    Args:
        whole: Or else one number alone.
    """
    terms = [term for name, term in _TERMS.items() if name in names]
    wanted = select(_table) if whole else select(_table.c.id).offset(bindparam("offset", type_=Integer))
    return wanted.where(*terms).order_by(_table.c.id.desc()).limit(bindparam("limit", type_=Integer))


def _page(connection: Connection, tenant: str, chosen: LogFilter, limit: int, before: int | None) -> LogPage:
    low, high = _bounds(connection, chosen)
    if before is not None:
        high = before if high is None else min(before, high)
    stated = chosen.stated()

    def within(low: int | None) -> dict[str, object]:
        asked = {"tenant": tenant, "action": chosen.action, "low": low, "high": high}
        return {name: value for name, value in asked.items() if value is not None}

    def found(**values: object) -> Sequence[Row[*tuple[Any, ...]]]:
        statement = _statement(frozenset(values), whole=True)
        return connection.execute(statement, {**values, "limit": limit}).all()

    ends: int | None = None
    rows: Sequence[Row[*tuple[Any, ...]]] = ()
    if stated:
        # Mostly they are among the last ones, and then nobody has to find out where a look ends.
        rows = found(**within(low), **stated, look=LOOK, end=high)
    if len(rows) < limit:
        if stated:
            ends = _last_looked_at(connection, within(low))
        rows = found(**within(ends or low), **stated)
    last = rows[-1].id if len(rows) == limit else ends
    return LogPage(tuple(_request(row, tenant) for row in rows), last)


def _last_looked_at(connection: Connection, within: Mapping[str, object]) -> int | None:
    """
    The number at which a look ends; None where there are not so many.
    """
    statement = _statement(frozenset(within), whole=False)
    found = connection.execute(statement, {**within, "limit": 1, "offset": LOOK - 1})
    last: int | None = found.scalar_one_or_none()
    return last


def _bounds(connection: Connection, chosen: LogFilter) -> tuple[int | None, int | None]:
    """
    Between which numbers the requests of that time are.
    """
    low = None if chosen.since is None else _first_since(connection, chosen.since - _SLACK)
    high = None if chosen.until is None else _first_since(connection, chosen.until + _SLACK)
    return low, high


_FIRST_SINCE = text(
    """
    WITH RECURSIVE halved(low, high, step) AS (
        SELECT (SELECT min(id) FROM api_request), (SELECT max(id) FROM api_request) + 1, 0
        UNION ALL
        SELECT
            CASE WHEN at >= :at THEN low ELSE id + 1 END,
            CASE WHEN at >= :at THEN (low + high) / 2 ELSE high END,
            step + 1
        FROM halved JOIN api_request
        ON id = (SELECT min(id) FROM api_request WHERE id >= (low + high) / 2)
        WHERE low < high
    )
    SELECT high FROM halved ORDER BY step DESC LIMIT 1
    """
).bindparams(bindparam("at", type_=_table.c.at.type))
"""Halves what is left until the number is found, in one question."""


def _first_since(connection: Connection, at: datetime) -> int:
    """
    The number of the first request at that time or later: numbers and times go forward together.
    """
    found = connection.execute(_FIRST_SINCE, {"at": at})
    return int(found.scalar_one() or 0)


def _request(row: Row[*tuple[Any, ...]], tenant: str) -> ApiRequest:
    number, _, at, key, action, took_s, outcome = row
    return ApiRequest(id=number, tenant=tenant, at=at, key=key, action=action, took_s=took_s, outcome=outcome)
