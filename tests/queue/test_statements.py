"""
The queue costs the same however much is in it.
"""

import apsw
import pytest

from webhook_engine.queue.sqlite import statements, suspects
from webhook_engine.queue.sqlite.bulk import Bulk, parts
from webhook_engine.queue.sqlite.telling import _OLDEST

BULKS = {name: each for name, each in vars(statements).items() if isinstance(each, Bulk)}
PLAIN = {
    "CHOOSE": statements.choose(4),
    "DUE": statements.DUE,
    "EARLIEST": statements.EARLIEST,
    "BLOCKED": statements.BLOCKED,
    "OLDEST": _OLDEST,
    "NEWEST": statements.NEWEST,
    "NAMED": statements.NAMED,
    "SUSPECTS": suspects.FIND,
} | {name: each.sql.format(values=f"({','.join('?' * each.width)})") for name, each in BULKS.items()}


@pytest.fixture(scope="module")
def db():
    connection = apsw.Connection(":memory:")
    connection.execute(statements.SCHEMA)
    suspects.prepare(connection)
    yield connection
    connection.close()


@pytest.mark.parametrize("statement", PLAIN.values(), ids=PLAIN)
def test_no_statement_reads_the_queue_from_end_to_end(db, statement):
    """
    Each finds its deliveries by an index or by their number, and sorts none.
    """
    asked = statement.count("?")
    plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", (None,) * asked)]

    scans = [
        step
        for step in plan
        if step.startswith("SCAN") and step.split()[1] in {"delivery", "d", "e", "h", "attempt"}
    ]
    assert scans == []
    assert [step for step in plan if "TEMP B-TREE" in step or "AUTOMATIC" in step] == []


@pytest.mark.parametrize("count", [0, 1, 3, 127, 128, 129, 700])
def test_rows_go_in_few_sizes(count):
    """
    All of them, in their order, in parts whose sizes are powers of two.
    """
    rows = [(n,) for n in range(count)]

    cut = list(parts(rows))

    assert rows == [row for part in cut for row in part]
    assert {len(part) for part in cut} <= {2**n for n in range(8)}
