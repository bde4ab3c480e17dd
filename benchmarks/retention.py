"""
What it costs to forget a million deliveries in PostgreSQL, chunk by chunk, while others come and go.

    python -m benchmarks.retention [--rows 1000000]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import TYPE_CHECKING

import asyncpg

from benchmarks.scale_model import _family, _seconds
from tests.servers.postgresql import PostgresqlServer
from webhook_engine.queue import AttemptRecord, Delivery, Ending, PostgresqlQueue, PostgresqlSettings, State
from webhook_engine.queue.postgresql import retention

if TYPE_CHECKING:
    from collections.abc import Sequence

OK = AttemptRecord(outcome="ok", status=200, detail={"sentence": "x" * 400})
_OLD_MS = 30 * 86_400_000

_FILL = f"""
    WITH made AS (SELECT n, now_ms() - {_OLD_MS} AS at FROM generate_series($1::bigint, $2::bigint) n),
    filled AS (
        INSERT INTO content (id, key, origin, event_id, webhook, put_at, reference)
        SELECT n, decode(lpad(to_hex(n), 56, '0'), 'hex'), n, 'event ' || n, 'CRM outcome', at, repeat('x', 300)
        FROM made
    ),
    tried AS (
        INSERT INTO attempt (delivery, number, at, took_s, outcome, status, detail)
        SELECT n, 1, at, 0.1, 'ok', 200, repeat('x', 400) FROM made
    )
    INSERT INTO delivery (id, target, state, at, urgency, expires, strict, hold)
    SELECT n, 'crm.example.com:443', 'done', at, 0, at, false, 0 FROM made
"""


async def measured(url: str, postmaster: int, rows: int) -> None:
    """
    Prints what it found.
    """
    settings = PostgresqlSettings(keep_done_s=7 * 86_400.0)
    keep = PostgresqlSettings(keep_done_s=None, keep_dead_s=None)
    async with PostgresqlQueue(url, settings=keep) as queue:
        database = await asyncpg.connect(url, server_settings={"search_path": "webhook_engine"})
        for start in range(1 << 40, (1 << 40) + rows, 50_000):
            await database.execute(_FILL, start, min(start + 49_999, (1 << 40) + rows - 1))
        await database.execute("ANALYZE")
        alone = await _worked(queue, 10.0)
        link = queue._asking
        took: list[float] = []

        async def forget() -> None:
            more = True
            while more:
                began = time.perf_counter()
                more = await link.run(lambda db, _: retention.sweep(db, link.slot, settings), patience_s=60)
                took.append(time.perf_counter() - began)
                await asyncio.sleep(0.05)

        spent = sum(map(_seconds, _family(postmaster)))
        began = time.monotonic()
        forgetting = asyncio.create_task(forget())
        beside = await _worked(queue, 30.0)
        await forgetting
        whole_s = time.monotonic() - began
        spent = sum(map(_seconds, _family(postmaster))) - spent
        left = await database.fetchval("SELECT count(*) FROM content WHERE id >= $1", 1 << 40)
        began = time.monotonic()
        await database.execute("VACUUM delivery, content, attempt")
        vacuum_s = time.monotonic() - began
        await database.close()
    print(
        f"{rows:,} rows, {left} left: {len(took):,} chunks in {whole_s:.0f} s, {sum(took):.0f} s of it work; "
        f"a chunk of {retention.CHUNK} {_told(took)}; {spent:.0f} s of the server's processors with it; "
        f"vacuum afterwards {vacuum_s:.1f} s"
    )
    print(f"one put, claimed and settled, before: {_told(alone)}")
    print(f"                      while forgetting: {_told(beside)}")


async def _worked(queue: PostgresqlQueue, for_s: float) -> list[float]:
    """
    How long each delivery took that was put, claimed and settled alone, a hundred in a second at the most.
    """
    took = []
    until = time.monotonic() + for_s
    while time.monotonic() < until:
        began = time.perf_counter()
        await queue.put([Delivery(event_id=f"now {began}", webhook="w", target="t")])
        (lease,) = await queue.claim(1, lease_s=60, wait_s=10)
        await queue.settle([Ending(lease, State.DONE, OK)])
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)
    return took


def _told(took: Sequence[float]) -> str:
    cuts = statistics.quantiles(took, n=100)
    return f"median {cuts[49] * 1e3:.1f} ms, 99 of 100 within {cuts[98] * 1e3:.1f} ms, longest {max(took) * 1e3:.0f} ms"


def main() -> None:
    """
    A server of its own, whose commits are on the disk.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.retention", description=__doc__.partition("\n\n")[0]
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    with PostgresqlServer(waits_for_disk=True) as server:
        postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
        asyncio.run(measured(server.url(), postmaster, options.rows))


if __name__ == "__main__":
    main()
