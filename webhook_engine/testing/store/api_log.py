"""
The log of API requests: found by time, action, key and outcome, page by page.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from webhook_engine.store import ApiRequest, LogFilter
from webhook_engine.testing.store.common import BY, TENANT, definitions

if TYPE_CHECKING:
    from webhook_engine.store import Store

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


class ApiLogContract:
    """
    The log of API requests: found by time, action, key and outcome, page by page.
    """

    @pytest.mark.parametrize(
        ("chosen", "found"),
        [
            (LogFilter(), [5, 4, 3, 2, 1, 0]),
            (LogFilter(action="Even"), [4, 2, 0]),
            (LogFilter(action="Never"), []),
            (LogFilter(key="CRM"), [5, 4, 2, 1]),
            (LogFilter(action="Odd", key="CRM"), [5, 1]),
            (LogFilter(is_refused=True), [3]),
            (LogFilter(since=NOW + timedelta(hours=2)), [5, 4, 3, 2]),
            (LogFilter(until=NOW + timedelta(hours=2)), [1, 0]),
            (LogFilter(action="Odd", since=NOW + timedelta(hours=1), until=NOW + timedelta(hours=5)), [3, 1]),
        ],
        ids=str,
    )
    async def test_requests_are_found_page_by_page(
        self, store: Store, chosen: LogFilter, found: list[int]
    ) -> None:
        """
        Each once, the newest first; another tenant's are not among them.
        """
        await store.definitions.save(TENANT, definitions(), by=BY)
        await store.definitions.save("Another", definitions(), by=BY)
        for n in range(6):
            for tenant in (TENANT, "Another"):
                store.api_requests.note(
                    ApiRequest(
                        tenant=tenant,
                        at=NOW + timedelta(hours=n),
                        key=None if n % 3 == 0 else "CRM",
                        action="Odd" if n % 2 else "Even",
                        took_s=n,
                        outcome="Refused" if n == 3 else "Success",
                    )
                )

        seen: list[float] = []
        before: int | None = None
        for _ in range(4):
            page = await store.api_log.page(TENANT, chosen, limit=2, before=before)
            seen += [each.took_s for each in page.requests]
            before = page.before
            if before is None:
                break

        assert before is None
        assert found == seen
