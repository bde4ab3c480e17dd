"""
The tables, made and changed by steps that are counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from webhook_engine.errors import QueueError
from webhook_engine.queue.postgresql.connecting import quoted

if TYPE_CHECKING:
    import asyncpg

_BEGINNING = """
CREATE SEQUENCE batch;

CREATE FUNCTION now_ms() RETURNS bigint STABLE LANGUAGE sql
    AS 'SELECT (extract(epoch FROM statement_timestamp()) * 1000)::bigint';

CREATE TABLE clock (seen bigint NOT NULL);
INSERT INTO clock VALUES (now_ms());

CREATE TABLE delivery (
    id bigint PRIMARY KEY,
    target text NOT NULL,
    state text NOT NULL,
    offer smallint GENERATED ALWAYS AS (CASE state WHEN 'ready' THEN 1 WHEN 'again' THEN 2 END) STORED,
    at bigint NOT NULL,
    urgency bigint NOT NULL,
    expires bigint NOT NULL,
    failures int NOT NULL DEFAULT 0,
    crashes int NOT NULL DEFAULT 0,
    attempts int NOT NULL DEFAULT 0,
    claimed_at bigint NOT NULL DEFAULT 0,
    token text,
    holder text,
    turn text,
    lock text,
    place bigint,
    strict bool NOT NULL,
    hold bigint NOT NULL,
    ahead bool NOT NULL DEFAULT false,
    reason text NOT NULL DEFAULT ''
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX delivery_offer ON delivery (target, offer, urgency, id) WHERE offer IS NOT NULL;
CREATE INDEX delivery_clock ON delivery (state, at, id);
CREATE INDEX delivery_order ON delivery (lock, place) WHERE lock IS NOT NULL;
CREATE INDEX delivery_suspect ON delivery (state, crashes, id) WHERE crashes > 1;

CREATE TABLE content (
    id bigint PRIMARY KEY,
    key bytea NOT NULL UNIQUE,
    origin bigint NOT NULL,
    event_id text NOT NULL,
    webhook text NOT NULL,
    put_at bigint NOT NULL,
    reference text NOT NULL,
    frozen text
);
CREATE INDEX content_put_at ON content (put_at, id);

CREATE TABLE attempt (
    delivery bigint NOT NULL,
    number int NOT NULL,
    at bigint NOT NULL,
    took_s double precision NOT NULL,
    outcome text NOT NULL,
    status int,
    detail text NOT NULL,
    PRIMARY KEY (delivery, number)
);

CREATE TABLE tally (
    target text NOT NULL,
    state text NOT NULL,
    slot smallint NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (target, state, slot)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

CREATE TABLE document (name text PRIMARY KEY, kept_at bigint NOT NULL, text text NOT NULL);

CREATE TABLE hold (
    webhook text NOT NULL,
    revision text NOT NULL,
    reason text NOT NULL,
    since bigint NOT NULL,
    ended bigint,
    PRIMARY KEY (webhook, revision, reason)
);
"""
"""
`at` is when the state ends (ready: the expiry, waiting: the time, held: the limit, leased: the lease's end),
or when it began (done, dead). `turn` names the call and webhook, `lock` is the same while the delivery is open.
`offer` is for the claims' index, so that no other serves them. What never changes is in `content`: a step in a
delivery's life writes a short row and few indexes. Counts are spread over slots, lest all processes wait for
one row. An `origin` tells whoever puts again, not knowing whether the first time was committed. `clock` has the
time at which somebody last looked for what is due.
"""

STEPS: Final = (_BEGINNING,)
"""Each leads to the schema of its number, from 1; never changed once released."""

_HAS_SCHEMA = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)"
_HAS_TABLE = """
    SELECT EXISTS (
        SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = 'queue_version'
    )
"""


async def prepare(db: asyncpg.Connection[asyncpg.Record], schema: str, *, shown: str) -> None:
    """
    Brings the schema up to date; of many processes that start together one does it and the others wait.

    Raises:
        QueueError: A newer version wrote it.
    """
    found = await number_of(db, schema)
    if found < len(STEPS):
        async with db.transaction():
            await db.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"webhook-engine {schema}"
            )
            found = await number_of(db, schema)
            if not found:
                if not await db.fetchval(_HAS_SCHEMA, schema):
                    await db.execute(f"CREATE SCHEMA {quoted(schema)}")
                await db.execute("CREATE TABLE queue_version (number int NOT NULL)")
                await db.execute("INSERT INTO queue_version VALUES (0)")
            for step in STEPS[found:]:
                await db.execute(step)
            await db.execute("UPDATE queue_version SET number = $1", max(found, len(STEPS)))
    if found > len(STEPS):
        raise QueueError(too_new(shown, found))


def too_new(shown: str, number: int) -> str:
    """
    What is said of tables that this version does not know.
    """
    return (
        f"{shown} was written by a newer version of webhook-engine (queue schema {number}): "
        "install that version, or a later one"
    )


async def number_of(db: asyncpg.Connection[asyncpg.Record], schema: str) -> int:
    """
    The schema's number; 0 where it is not there.
    """
    # Asked of the catalogue: what `to_regclass` says may be from before the lock.
    if not await db.fetchval(_HAS_TABLE, schema):
        return 0
    return int(await db.fetchval("SELECT number FROM queue_version"))
