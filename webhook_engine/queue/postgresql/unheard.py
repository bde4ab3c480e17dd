"""
Leases of claims of whose commit nobody heard: nobody works on them, and they go back as if nothing had been.

What a connection that broke was asked is done by the server all the same, sometimes only later: it waits for a lock,
and does not look who still listens. So they are looked for until it has given up every statement of that time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from webhook_engine.queue.postgresql import claiming

if TYPE_CHECKING:
    from collections.abc import Collection

    from webhook_engine.queue.lease import Lease
    from webhook_engine.queue.postgresql.connecting import Connection
    from webhook_engine.queue.postgresql.settings import PostgresqlSettings

_LATE_S: Final = 1.0
"""For a statement to end once its time is over."""


class _Noted(NamedTuple):
    since: float
    known: frozenset[int]
    """What of it is in hand."""


class Unheard:
    """
    Which tokens may have leases that nobody knows.
    """

    def __init__(self, settings: PostgresqlSettings) -> None:
        self._for_s = settings.statement_s + _LATE_S
        self._noted: dict[str, _Noted] = {}

    def __bool__(self) -> bool:
        return bool(self._noted)

    def note(self, token: str, known: Collection[int] = ()) -> None:
        """
        Of this claim's leases no others than the *known* ones are in anybody's hand.
        """
        self._noted[token] = _Noted(time.monotonic(), frozenset(known))

    async def find(self, db: Connection) -> tuple[Lease, ...]:
        """
        Those that are to go back.
        """
        looked = time.monotonic()
        rows = await claiming.claimed(db, list(self._noted))
        lost = [row for row in rows if row["id"] not in self._noted[row["token"]].known]
        over = [token for token, noted in self._noted.items() if noted.since + self._for_s < looked]
        for token in over:
            del self._noted[token]
        return claiming.leases(lost)
