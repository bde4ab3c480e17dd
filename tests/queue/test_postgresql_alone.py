"""
What the queue on PostgreSQL promises besides: its clock, its tables, its order among processes, its housekeeping.
"""

import asyncio
import subprocess
import sys
from collections import Counter

import asyncpg
import pytest

from webhook_engine.errors import QueueError, QueueUnavailable
from webhook_engine.queue import (
    AttemptRecord,
    Delivery,
    Ending,
    Order,
    PostgresqlQueue,
    PostgresqlSettings,
    Receipt,
    State,
)
from webhook_engine.queue.postgresql import schema

OK = AttemptRecord(outcome="ok")
LONG_S, SOON_S, PATIENCE_S = 60, 0.05, 60


@pytest.fixture
async def database(url):
    """
    A connection beside the queue's own.
    """
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


@pytest.fixture
async def queue(url):
    async with PostgresqlQueue(url) as queue:
        yield queue


def deliveries(count, **facts):
    made = {"webhook": "w", "target": "t", **facts}
    return [Delivery(event_id=f"e{n}", **made) for n in range(count)]


async def until(queue, state, count):
    async with asyncio.timeout(PATIENCE_S):
        while (await queue.stats()).states[state] != count:
            await asyncio.sleep(0.02)


async def set_clock(database, forward_s):
    """
    What the machine's clock says from now on.
    """
    await database.execute(
        "CREATE OR REPLACE FUNCTION now_ms() RETURNS bigint STABLE LANGUAGE sql AS "
        f"'SELECT (extract(epoch FROM statement_timestamp()) * 1000)::bigint + {forward_s * 1000}'"
    )


# --- The clock -----------------------------------------------------------------------------------


@pytest.mark.parametrize("forward_s", [3_600, -3_600])
async def test_a_clock_that_is_set_ends_no_leases(queue, database, forward_s):
    """
    An hour forward or back: whoever works keeps the delivery, and a retry is no later than it was due.
    """
    await queue.put(deliveries(2))
    held, failed = await queue.claim(2, lease_s=LONG_S)
    await asyncio.sleep(1.5)  # the clock was looked at

    await set_clock(database, forward_s)
    await asyncio.sleep(2.5)
    await queue.retry(failed, OK, wait_s=SOON_S)
    (again,) = await queue.claim(5, lease_s=LONG_S, wait_s=PATIENCE_S)

    assert (again.id, again.attempt, again.maybe_delivered) == (failed.id, 2, False)
    await queue.done(held, OK)


async def test_a_leap_is_made_good_once(url, queue, database):
    """
    Of two processes one gives the leases the time; what a dead worker held is still found.
    """
    async with PostgresqlQueue(url) as other:
        await queue.put(deliveries(1))
        await other.claim(1, lease_s=4)
        await asyncio.sleep(1.5)

        await set_clock(database, 3_600)

        (again,) = await queue.claim(1, lease_s=LONG_S, wait_s=20)
        assert again.maybe_delivered


# --- The tables ----------------------------------------------------------------------------------


async def test_a_newer_schema_is_refused(url, queue, database):
    """
    An older version does not work on what it does not know, and says what to do.
    """
    await database.execute("UPDATE queue_version SET number = $1", len(schema.STEPS) + 1)

    with pytest.raises(QueueError, match=r"newer version of webhook-engine .* install that version"):
        async with PostgresqlQueue(url):
            pass


async def test_two_schemas_are_two_queues(url):
    """
    One database serves several, whose deliveries have nothing to do with each other.
    """
    one, two = (
        PostgresqlQueue(url, settings=PostgresqlSettings(schema=name)) for name in ("q_one", 'Q "two"')
    )
    async with one, two:
        await one.put(deliveries(1))

        assert [(1, Receipt.ACCEPTED)] == [
            (n, receipt) for n, receipt in enumerate(await two.put(deliveries(1)), 1)
        ]


async def test_a_password_is_never_told(free_port):
    """
    Not by the error that names the server.
    """
    port = free_port()
    settings = PostgresqlSettings(patience_s=0.1)

    with pytest.raises(QueueUnavailable) as error:
        async with PostgresqlQueue(f"postgresql://me:hunter2@127.0.0.1:{port}/calls", settings=settings):
            pass

    assert f"postgresql://me@127.0.0.1:{port}/calls" in str(error.value)
    assert "hunter2" not in repr(error.value) + str(error.value)


def test_what_is_not_installed_is_named():
    """
    Whoever has no driver is told what to install.
    """
    program = (
        "import sys; sys.modules['asyncpg'] = None; from webhook_engine.queue import open_queue; "
        "open_queue('postgresql://db.example.com/calls')"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (
        "a delivery queue on PostgreSQL needs an extra: pip install 'webhook-engine[cluster]'" in done.stderr
    )


@pytest.mark.parametrize("event", ["nul\0", "half a character \ud800"], ids=["a NUL", "a surrogate"])
async def test_what_no_text_can_hold_is_refused_alone(queue, event):
    """
    Whoever puts it is told; what others put at the same moment is there.
    """
    bad = Delivery(event_id=event, webhook="w", target="t")

    results = await asyncio.gather(queue.put([bad]), queue.put(deliveries(3)), return_exceptions=True)

    assert [QueueError, tuple] == [type(each) for each in results]
    assert (await queue.stats()).states[State.READY] == 3


# --- Order among processes -----------------------------------------------------------------------


async def test_a_call_is_served_by_two_processes_in_its_order(url, queue):
    """
    Never two at a time, and each after the one before, whoever has it.
    """
    under_way, done = set(), []

    async def work(queue):
        while len(done) < 30:
            for lease in await queue.claim(3, lease_s=LONG_S, wait_s=0.5):
                under_way.add(lease.event_id)
                assert {lease.event_id} == under_way
                await asyncio.sleep(0.001)
                under_way.remove(lease.event_id)
                done.append(lease.event_id)
                await queue.done(lease, OK)

    await queue.put(deliveries(30, call="c", order=Order.STRICT))
    async with PostgresqlQueue(url) as other:
        await asyncio.gather(work(queue), work(other))

    assert [f"e{n}" for n in range(30)] == done


async def test_of_one_call_put_by_two_at_once_one_goes_first(url, queue):
    """
    Neither saw the other when it was put; still they do not go together.
    """
    async with PostgresqlQueue(url) as other:
        for turn in range(20):
            await asyncio.gather(
                *(
                    each.put(
                        [
                            Delivery(
                                event_id=f"{turn}-{n}", webhook="w", target="t", call="c", order=Order.STRICT
                            )
                        ]
                    )
                    for n, each in enumerate((queue, other))
                )
            )
            (first,) = await queue.claim(5, lease_s=LONG_S, wait_s=PATIENCE_S)
            await queue.done(first, OK)
            (second,) = await other.claim(5, lease_s=LONG_S, wait_s=PATIENCE_S)
            await other.done(second, OK)
            assert {f"{turn}-0", f"{turn}-1"} == {first.event_id, second.event_id}


async def test_an_earlier_one_that_is_seen_late_waits_for_the_one_under_way(queue, database):
    """
    Its commit came after the claim that would have taken it: then it goes second, and not beside the other.
    """
    await queue.put(deliveries(2, call="c", order=Order.STRICT))
    await database.execute(
        "UPDATE delivery SET lock = NULL, state = 'waiting' WHERE state = 'ready'"
    )  # not seen yet
    (under_way,) = await queue.claim(5, lease_s=LONG_S, wait_s=PATIENCE_S)
    await database.execute("UPDATE delivery SET lock = turn, state = 'ready' WHERE state = 'waiting'")

    together = await queue.claim(5, lease_s=LONG_S)
    await queue.done(under_way, OK)
    (late,) = await queue.claim(5, lease_s=LONG_S, wait_s=PATIENCE_S)

    assert ((), "e1", "e0") == (together, under_way.event_id, late.event_id)


async def test_an_order_that_was_left_hanging_goes_on(queue, database):
    """
    A process ended between a commit and letting the next one go: another one finds it.
    """
    await queue.put(deliveries(2, call="c", order=Order.STRICT, hold_s=600))
    await database.execute("UPDATE delivery SET lock = NULL, state = 'done' WHERE state = 'ready'")

    (lease,) = await queue.claim(1, lease_s=LONG_S, wait_s=PATIENCE_S)

    assert lease.event_id == "e1"


# --- Whose turn it is ----------------------------------------------------------------------------


async def test_of_very_many_targets_each_has_its_turn(queue):
    """
    More than one look sees: each is served once before any is served twice, and those at their limit hide nobody.
    """
    await queue.put(
        [
            Delivery(event_id=f"{n}-{turn}", webhook="w", target=f"t{n:03}")
            for turn in range(2)
            for n in range(300)
        ]
    )
    full = {f"t{n:03}": 0 for n in range(150)}

    open_ones = [await queue.claim(30, lease_s=LONG_S, room=full) for _ in range(5)]
    others = [await queue.claim(30, lease_s=LONG_S) for _ in range(10)]

    first = Counter(lease.target for leases in open_ones for lease in leases)
    assert {f"t{n:03}": 1 for n in range(150, 300)} == first
    assert {1} == set(Counter(lease.target for leases in others for lease in leases).values())


# --- Keeping house -------------------------------------------------------------------------------


async def test_what_is_old_goes_and_its_event_is_new_again(url, database):
    """
    Deliveries, attempts and counts; what is open stays.
    """
    async with PostgresqlQueue(url, settings=PostgresqlSettings(keep_done_s=0.5)) as queue:
        await queue.put(deliveries(1_200))
        leases = await queue.claim(1_100, lease_s=LONG_S)
        await queue.settle([Ending(lease, State.DONE, OK) for lease in leases])
        await asyncio.sleep(0.6)

        await queue._house.retain()

        counts = {state: n for state, n in (await queue.stats()).states.items() if n}
        assert {State.READY: 100} == counts
        assert [100, 100, 0] == [
            await database.fetchval(f"SELECT count(*) FROM {table}")
            for table in ("delivery", "content", "attempt")
        ]
        assert (Receipt.ACCEPTED,) == await queue.put(
            [Delivery(event_id=leases[0].event_id, webhook="w", target="t")]
        )


async def test_a_document_stays_while_a_delivery_may_name_it(url, queue, database):
    """
    However long ago it was kept; and goes when it was out of use long before the oldest delivery.
    """
    async with PostgresqlQueue(url) as gone:
        await gone.keep("v1", "as it was")
    await queue.keep("v2", "as it is")
    await queue.put(deliveries(1))
    two_days = 2 * 86_400_000
    await database.execute("UPDATE document SET kept_at = kept_at - $1 WHERE name = 'v1'", two_days)
    await database.execute("UPDATE content SET put_at = put_at - $1", two_days)

    await queue._house.forget()
    kept = [await queue.kept(name) for name in ("v1", "v2")]
    await database.execute("UPDATE content SET put_at = put_at + $1", two_days)
    await queue._house.forget()

    assert ["as it was", "as it is"] == kept
    assert [None, "as it is"] == [await queue.kept(name) for name in ("v1", "v2")]


async def test_a_long_queue_is_not_read_to_serve_a_claim(queue, database):
    """
    The plans made on an empty database are good for a full one: each statement goes by an index.
    """
    await queue.put(deliveries(1))
    (lease,) = await queue.claim(1, lease_s=LONG_S)
    await queue.done(lease, OK)
    for start in range(0, 20_000, 5_000):
        await queue.put(
            [
                Delivery(event_id=f"x{n}", webhook="w", target=f"t{n % 50}")
                for n in range(start, start + 5_000)
            ]
        )
    await reset(database)

    leases = await queue.claim(20, lease_s=LONG_S)
    await queue.settle([Ending(each, State.DONE, OK) for each in leases])
    await queue.put(deliveries(20, call="c", order=Order.STRICT, webhook="another"))

    async with asyncio.timeout(PATIENCE_S):
        while not (read := await rows_read(database)):
            await asyncio.sleep(0.1)
    assert 20 <= read < 10_000


async def reset(database):
    await asyncio.sleep(1.2)  # what was done before is reported by then
    await database.execute(
        "SELECT pg_stat_force_next_flush(), pg_stat_reset_single_table_counters('delivery'::regclass)"
    )


async def rows_read(database):
    return await database.fetchval(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relid = 'delivery'::regclass"
    )
