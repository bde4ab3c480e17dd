"""
API Monitoring: which actions were asked for, when, by whom, how long they took and what they came to.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from io import StringIO
from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import web

from webhook_engine.console import forms
from webhook_engine.console.filters import span_of
from webhook_engine.console.forms import Form
from webhook_engine.store import LogFilter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from webhook_engine.console.visit import Visit
    from webhook_engine.store import ApiRequest, LogPage

_AT_ONCE: Final = 1_000
"""Rows of the file that are read and sent at a time."""

_COLUMNS: Final = ("date", "user or key", "action", "duration (s)", "outcome")

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a table calculation takes for the beginning of a formula."""


class Log(Protocol):
    """
    Where actions are read from, such as a store's `api_log`.
    """

    async def page(
        self, tenant: str, chosen: LogFilter, *, limit: int = 100, before: int | None = None
    ) -> LogPage:
        """
        Requests, the newest first.
        """

    async def actions(self, tenant: str) -> Sequence[str]:
        """
        Names of actions to choose from.
        """


@dataclass(frozen=True, slots=True)
class _Asked:
    """
    The filter as the address has it.
    """

    chosen: LogFilter
    stated: Mapping[str, str]
    form: Form


async def monitoring(visit: Visit) -> web.StreamResponse:
    """
    The actions that fit the filter in the address, a page of them.
    """
    asked = _asked(visit)
    before = forms.whole(visit.asked("before"))
    page: LogPage | None = None
    if not asked.form.errors:
        page = await _log(visit).page(
            visit.console.tenant,
            asked.chosen,
            limit=visit.console.settings.page_rows,
            before=before if isinstance(before, int) else None,
        )
    return visit.page(
        "monitoring.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if asked.form.errors else HTTPStatus.OK,
        form=asked.form,
        stated=asked.stated,
        page=page,
        is_later=isinstance(before, int),
    )


async def actions(visit: Visit) -> web.StreamResponse:
    """
    The names of actions to choose from; asked for when the page is there already.
    """
    return visit.fragment("_actions.html", actions=await _log(visit).actions(visit.console.tenant))


async def export(visit: Visit) -> web.StreamResponse:
    """
    All that fit as a CSV file, sent as it is read.
    """
    asked = _asked(visit)
    if asked.form.errors:
        return visit.go("monitoring", **asked.stated)
    zone = visit.console.engine.definitions.tenant.time_zone
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="api-monitoring.csv"',
        }
    )
    before: int | None = None
    page = await _log(visit).page(visit.console.tenant, asked.chosen, limit=_AT_ONCE)
    await response.prepare(visit.request)
    await response.write(_lines([_COLUMNS]))
    while True:
        if page.requests:
            await response.write(_lines([_row(each, zone) for each in page.requests]))
        before = page.before
        if before is None:
            break
        page = await _log(visit).page(visit.console.tenant, asked.chosen, limit=_AT_ONCE, before=before)
    await response.write_eof()
    return response


def plain(text: str) -> str:
    """
    Text that no table calculation reads as a formula.

    Source:
        OWASP, "CSV Injection".
    """
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    written = StringIO()
    csv.writer(written).writerows([[plain(each) for each in row] for row in rows])
    return written.getvalue().encode("utf-8", "replace")


def _row(each: ApiRequest, zone: ZoneInfo) -> tuple[str, ...]:
    at = each.at.astimezone(zone).isoformat(timespec="milliseconds")
    return at, each.key or "", each.action, f"{each.took_s:.6f}", each.outcome


def _asked(visit: Visit) -> _Asked:
    stated = {
        name: text
        for name in ("since", "until", "action", "who", "outcome")
        if (text := visit.asked(name).strip())
    }
    zone = visit.console.engine.definitions.tenant.time_zone
    since, until, errors = span_of(visit.asked, zone)
    chosen = LogFilter(
        action=stated.get("action"),
        key=stated.get("who"),
        is_refused=stated.get("outcome") == "refused",
        since=since,
        until=until,
    )
    return _Asked(chosen, stated, Form(table=stated, errors=errors))


def _log(visit: Visit) -> Log:
    return visit.console.store.api_log
