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

_PORTIONS = """
CREATE TABLE target (
    name text PRIMARY KEY,
    generation bigint NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'closed',
    until bigint NOT NULL DEFAULT 0,
    opened int NOT NULL DEFAULT 0,
    lead text,
    seen bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX target_shut ON target (name) WHERE state <> 'closed';

CREATE TABLE portion (
    target text NOT NULL,
    holder text NOT NULL,
    slots int NOT NULL,
    starts int NOT NULL,
    until bigint NOT NULL,
    given_for bigint NOT NULL,
    PRIMARY KEY (target, holder)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

CREATE FUNCTION divide(
    called text, who text, wishes bool, most int, keeps int, most_starts int, keeps_starts int,
    knows bigint, said text, pause bigint, times int, length bigint,
    OUT slots int, OUT goal int, OUT starts int, OUT starts_goal int,
    OUT generation bigint, OUT state text, OUT wait bigint, OUT opened int
) LANGUAGE plpgsql AS $$
DECLARE
    t target%ROWTYPE;
    now bigint;
    others int;
    others_starts int;
    count int;
    rank int;
BEGIN
    INSERT INTO target (name) VALUES (called) ON CONFLICT DO NOTHING;
    SELECT * INTO t FROM target WHERE name = called FOR UPDATE;
    now := now_ms();
    PERFORM pg_try_advisory_lock_shared(hashtextextended(who, 11));
    -- What lasts too long was given before the clock was set back.
    DELETE FROM portion p WHERE p.target = called
        AND (p.until <= now OR p.until > now + 2 * length OR (p.holder = who AND NOT wishes));
    -- Whose session has ended has ended itself: only not while all come back to a server that was started anew.
    DELETE FROM portion p WHERE p.target = called AND p.holder <> who AND p.until < now + p.given_for - 3000
        AND pg_postmaster_start_time() < clock_timestamp() - interval '10 s'
        AND pg_try_advisory_xact_lock(hashtextextended(p.holder, 11));
    IF t.lead = who AND NOT wishes
        OR t.lead <> who AND NOT EXISTS (SELECT FROM portion p WHERE p.target = called AND p.holder = t.lead)
    THEN
        t.lead := NULL;
    END IF;
    IF said IN ('open', 'paused') AND (t.state = 'closed' OR t.generation = knows OR now + pause > t.until) THEN
        IF t.state = 'closed' OR t.generation = knows THEN
            t.lead := who;
        END IF;
        t.until := CASE t.state WHEN 'closed' THEN now + pause ELSE greatest(t.until, now + pause) END;
        t.opened := CASE t.state WHEN 'closed' THEN times ELSE greatest(t.opened, times) END;
        t.state := said;
        t.generation := greatest(t.generation + 1, now);
    ELSIF said = 'closed' AND t.state <> 'closed' AND t.generation = knows THEN
        t.state := 'closed';
        t.lead := NULL;
        t.opened := 0;
        t.generation := greatest(t.generation + 1, now);
    END IF;
    IF t.state <> 'closed' AND t.lead IS NULL AND wishes THEN
        t.lead := who;
    END IF;
    IF t.seen < now - 60000 OR said IS NOT NULL OR t.state <> 'closed' THEN
        UPDATE target x SET generation = t.generation, state = t.state, until = t.until, opened = t.opened,
            lead = t.lead, seen = now
        WHERE x.name = called;
    END IF;
    generation := t.generation;
    state := t.state;
    wait := greatest(0, t.until - now);
    opened := t.opened;
    slots := 0;
    goal := 0;
    starts := 0;
    starts_goal := 0;
    IF NOT wishes THEN
        RETURN;
    END IF;
    SELECT coalesce(sum(p.slots), 0), coalesce(sum(p.starts), 0), count(*) + 1, count(*) FILTER (WHERE p.holder < who)
        INTO others, others_starts, count, rank
        FROM portion p WHERE p.target = called AND p.holder <> who;
    IF t.state = 'closed' THEN
        goal := most / count + (rank < most % count)::int;
        starts_goal := most_starts / count + (rank < most_starts % count)::int;
    ELSIF t.lead = who THEN
        goal := most;
        starts_goal := most_starts;
    END IF;
    SELECT p.slots, p.starts INTO slots, starts FROM portion p WHERE p.target = called AND p.holder = who;
    slots := least(coalesce(slots, most), keeps);
    starts := least(coalesce(starts, most_starts), keeps_starts);
    slots := greatest(slots, least(goal, most - others));
    starts := greatest(starts, least(starts_goal, most_starts - others_starts));
    INSERT INTO portion (target, holder, slots, starts, until, given_for)
        VALUES (called, who, slots, starts, now + length, length)
        ON CONFLICT ON CONSTRAINT portion_pkey DO UPDATE SET slots = excluded.slots, starts = excluded.starts,
            until = excluded.until, given_for = excluded.given_for;
END
$$;
"""
"""
What each process may have of a target, and what all of them know about it. `divide` is called for one target: under
the lock of its row it takes back what was not asked for in time, or by a session that is gone (each holds a lock of its
holder's name), takes in what the caller found out, and gives it no more than what the others leave. A portion shrinks
by what its holder says that it keeps, and grows to its goal, the same part for each that wishes one. Of a target that
is not closed `lead` has all, and is who asks it again.
"""

STEPS: Final = (_BEGINNING, _PORTIONS)
"""Each leads to the schema of its number, from 1; never changed once released."""

_HAS_SCHEMA = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)"
_HAS_TABLE = """
    SELECT EXISTS (
        SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = 'queue_version'
    )
"""


_AT_LEISURE_S = 86_400.0
"""A step goes over whole tables, and is not to be begun again where they are large."""


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
                "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
                f"webhook-engine {schema}",
                timeout=_AT_LEISURE_S,
            )
            found = await number_of(db, schema)
            if not found:
                if not await db.fetchval(_HAS_SCHEMA, schema):
                    await db.execute(f"CREATE SCHEMA {quoted(schema)}")
                await db.execute("CREATE TABLE queue_version (number int NOT NULL)")
                await db.execute("INSERT INTO queue_version VALUES (0)")
            for step in STEPS[found:]:
                await db.execute(step, timeout=_AT_LEISURE_S)
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
