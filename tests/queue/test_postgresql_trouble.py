"""
Whoever reads that a database does not do as it should knows which one, why, and what to do.
"""

import asyncio
import socket

import asyncpg
import pytest

from webhook_engine.errors import QueueUnavailable
from webhook_engine.queue import PostgresqlQueue, PostgresqlSettings
from webhook_engine.queue.postgresql.connecting import Server, is_passing

SETTINGS = PostgresqlSettings(patience_s=0.1)

SAID = {
    "the name": (
        socket.gaierror(-2, "Name or service not known"),
        "cannot be reached: the name of its host is not found; correct the setting `database`",
    ),
    "too slow": (
        TimeoutError(),
        "cannot be reached: it does not answer in time; look whether the host is up",
    ),
    "two addresses": (
        OSError(
            "Multiple exceptions: [Errno 111] Connect call failed ('::1', 1), [Errno 111] Connect call failed"
        ),
        "cannot be reached: nothing listens there; start PostgreSQL",
    ),
    "too many": (
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        "cannot be reached: it has no connection left; raise its max_connections",
    ),
    "starting": (
        asyncpg.CannotConnectNowError("the database system is starting up"),
        "cannot be reached: it is starting or ending; it is asked again",
    ),
    "the disk": (
        asyncpg.DiskFullError("no space left"),
        "cannot write: there is no room on its disk; make some",
    ),
    "a standby": (
        asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT"),
        "cannot write: it takes no changes, as a standby does; let the setting `database` lead to the primary",
    ),
    "lost": (ConnectionResetError(104, "reset"), "cannot be reached: the connection was lost; look whether"),
}


@pytest.mark.parametrize(("error", "words"), SAID.values(), ids=SAID.keys())
def test_it_is_said_what_happened_where_and_what_to_do(error, words):
    """
    With the address as it was given, without its password.
    """
    server = Server("postgresql://calls:secret@db.example.com:5433/calls", SETTINGS)

    told = str(server.refusal(error))

    assert is_passing(error)
    assert told.startswith(f"the delivery queue postgresql://calls@db.example.com:5433/calls {words}")
    assert told.endswith("; nothing was accepted")
    assert "secret" not in told


async def test_a_port_where_nothing_listens(free_port):
    """
    As a person meets it who has not started the database.
    """
    port = free_port()

    with pytest.raises(QueueUnavailable) as told:
        async with PostgresqlQueue(f"postgresql://calls@127.0.0.1:{port}/calls", settings=SETTINGS):
            pass

    assert (
        f"the delivery queue postgresql://calls@127.0.0.1:{port}/calls cannot be reached: nothing listens there; "
        "start PostgreSQL, or correct host and port of the setting `database`; nothing was accepted"
    ) == str(told.value)


async def test_a_server_that_takes_connections_and_says_nothing(free_port, monkeypatch):
    """
    It is not waited for without end.
    """
    monkeypatch.setattr("webhook_engine.queue.postgresql.connecting._CONNECT_S", 0.2)
    over = asyncio.Event()

    async def silent(_reader, writer):
        await over.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", port := free_port())
    with pytest.raises(QueueUnavailable, match="it does not answer in time"):
        async with PostgresqlQueue(f"postgresql://calls@127.0.0.1:{port}/calls", settings=SETTINGS):
            pass
    over.set()
    server.close()
