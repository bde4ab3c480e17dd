"""
What a server that does not do as it should says, in words that tell what to do.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Callable

REACHED: Final = "cannot be reached"
WRITTEN: Final = "cannot write"


def _is_refused(error: BaseException) -> bool:
    # Where a name has several addresses, asyncio puts what each said into the words of one error.
    return isinstance(error, OSError) and (
        error.errno == errno.ECONNREFUSED or f"Errno {errno.ECONNREFUSED}" in str(error)
    )


def _is(*kinds: type[BaseException]) -> Callable[[BaseException], bool]:
    return lambda error: isinstance(error, kinds)


_SAID: Final[tuple[tuple[Callable[[BaseException], bool], str, str], ...]] = (
    (
        _is_refused,
        REACHED,
        "nothing listens there; start PostgreSQL, or correct host and port of the setting `database`",
    ),
    (
        _is(socket.gaierror),
        REACHED,
        "the name of its host is not found; correct the setting `database`, or the name server",
    ),
    (
        _is(TimeoutError),
        REACHED,
        "it does not answer in time; look whether the host is up, is busy, and lets this machine through its firewall",
    ),
    (
        _is(asyncpg.TooManyConnectionsError),
        REACHED,
        "it has no connection left; raise its max_connections to twenty for each process, or end some processes",
    ),
    (
        _is(asyncpg.CannotConnectNowError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError),
        REACHED,
        "it is starting or ending; it is asked again, so wait, or look into its log where that lasts",
    ),
    (_is(asyncpg.DiskFullError), WRITTEN, "there is no room on its disk; make some"),
    (
        _is(asyncpg.ReadOnlySQLTransactionError),
        WRITTEN,
        "it takes no changes, as a standby does; let the setting `database` lead to the primary",
    ),
    (
        _is(asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError),
        REACHED,
        "the connection was lost; look whether the server and the network are up",
    ),
)
"""The first that is true of an error: what cannot be done, and why."""


def trouble(error: BaseException) -> tuple[str, str]:
    """
    What a server cannot do at present, and why, with what to do.
    """
    said = str(error) or type(error).__name__
    for is_it, cannot, why in _SAID:
        if is_it(error):
            # What the system says of a connection that was not made says less than this.
            return cannot, why if isinstance(error, OSError | TimeoutError) else f"{why} ({said})"
    return WRITTEN, said
