"""
What a queue on PostgreSQL may cost.
"""

from __future__ import annotations

from dataclasses import dataclass

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresqlSettings:
    """
    Where in the database, how patient, and how long things are kept.
    """

    schema: str | None = None
    """The database's schema that holds the tables, made where it is missing; where left out, the first that the
    address states as its `search_path`, or else `webhook_engine`."""

    patience_s: float = 5.0
    """How long a server that is away is waited for before what was asked is refused; a settlement waits for
    as long as the queue is open."""

    statement_s: float = 30.0
    """A statement that takes longer is given up, and tried again."""

    poll_s: float = 1.0
    """What nobody rang for is found so late at the most."""

    poison_after: int = 3
    """A delivery whose claims ended without a word so many times in a row is dead."""

    suspect_s: float = 2.0
    """From the second time on it is claimed alone, for so long at the most: then the others go on as well."""

    keep_done_s: float | None = 7 * _DAY_S
    """How long what was delivered is kept, and its event known as a duplicate; None is for ever."""

    keep_dead_s: float | None = 30 * _DAY_S
