"""
The queue costs the same however much is in it.
"""

import apsw
import pytest

from webhook_engine.queue.sqlite import statements, suspects
from webhook_engine.queue.sqlite.bulk import SIZES, Bulk, parts
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
    "LEASE": statements.LEASE,
    "SETTLE_ALIKE": statements.SETTLE_ALIKE,
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


@pytest.mark.parametrize("count", [0, 1, 3, 5, 127, 128, 129, 256, 257, 700])
def test_rows_go_in_as_few_statements_as_can_be(count):
    """
    All of them, in their order, in parts of few sizes, made up with rows of nothing.
    """
    rows = [(n, n) for n in range(count)]

    cut = [(size, list(values)) for size, values in parts(rows, 2)]

    assert [n for n in range(count) for _ in range(2)] == [
        n for _, part in cut for n in part if n is not None
    ]
    assert -(-count // SIZES[-1]) == len(cut)
    assert all(size in SIZES and len(part) == 2 * size for size, part in cut)


@pytest.mark.parametrize("name", BULKS)
def test_a_row_of_nothing_does_nothing(db, name):
    """
    It only makes up the number: no row comes of it, and none is changed.
    """
    each = BULKS[name]
    before = db.total_changes()

    found = db.execute(each.sql.format(values=f"({','.join('?' * each.width)})"), (None,) * each.width).get

    assert before == db.total_changes()
    assert found in (None, "[]")
