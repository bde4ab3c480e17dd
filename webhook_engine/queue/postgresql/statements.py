"""
Every statement that runs while deliveries come and go, by name.

Each is one transaction by itself: what belongs together is written in one statement, so that a commit costs one
turn to the server and back. Rows come as arrays. The connections forbid the planner to read whole tables or to
hash them: an index that is good for a small queue must not be forgotten in a large one. Where a scalar subquery
stands for a join, that is why. Rows are locked in the order of their numbers, and the counts last.
"""

from __future__ import annotations

from typing import Final

from webhook_engine.queue.times import NEVER

SHIFT: Final = 20
"""A delivery's number is that of its batch times 2 to this, plus its place in the batch."""

NOW: Final = "now_ms()"
"""Milliseconds, of the one clock that all processes share; the same all through a statement."""

_IS_LEASED = "(d.state || '') = 'leased'"
_IS_HELD = "(d.state || '') = 'held'"
"""As it says, and not to be looked for by the index of states: few may be in it now, and very many later."""

_COUNT = """
    INSERT INTO tally (target, state, slot, n)
    SELECT target, state, {slot}, sum(n) FROM ({changes}) change
    GROUP BY target, state ORDER BY target, state
    ON CONFLICT (target, state, slot) DO UPDATE SET n = tally.n + excluded.n
"""

PUT: Final = f"""
    WITH base AS MATERIALIZED (SELECT nextval('batch') << {SHIFT} AS first, {NOW} AS now),
    given AS MATERIALIZED (
        SELECT base.first + u.i AS id, base.now, u.*, coalesce(base.now + u.life, {NEVER}) AS expires,
            (SELECT c.origin FROM content c WHERE c.key = u.key) AS known
        FROM base CROSS JOIN unnest(
            $1::bytea[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bool[],
            $9::bigint[], $10::bigint[], $11::bigint[], $12::text[]
        ) WITH ORDINALITY AS u (
            key, origin, event_id, webhook, target, urgency, turn, strict, hold, wait, life, reference, i
        )
    ),
    placed AS MATERIALIZED (
        SELECT given.*, turn IS NOT NULL AND wait = 0 AND (
            coalesce(bool_or(wait = 0) OVER (
                PARTITION BY turn ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), false)
            OR (
                SELECT 1 FROM delivery e WHERE e.lock = given.turn AND e.place IS NOT NULL
                AND (given.strict OR e.failures = 0) LIMIT 1
            ) IS NOT NULL
        ) AS behind
        FROM given WHERE known IS NULL
    ),
    filled AS (
        INSERT INTO content (id, key, origin, event_id, webhook, put_at, reference)
        SELECT id, key, origin, event_id, webhook, now, reference FROM placed ORDER BY key
    ),
    put AS (
        INSERT INTO delivery (id, target, state, at, urgency, expires, turn, lock, place, strict, hold)
        SELECT id, target,
            CASE WHEN wait > 0 THEN 'waiting' WHEN behind THEN 'held' ELSE 'ready' END,
            CASE WHEN wait > 0 THEN least(now + wait, expires) WHEN behind THEN least(now + hold, expires)
                ELSE expires END,
            urgency, expires, turn, turn, CASE WHEN wait = 0 THEN id END, strict, hold
        FROM placed ORDER BY id
        RETURNING id, target, state, at, lock
    ),
    counted AS ({_COUNT.format(slot="$13::smallint", changes="SELECT target, state, 1 AS n FROM put")})
    SELECT (put.id & ((1 << {SHIFT}) - 1)) - 1 AS place, put.state, put.at, put.lock, base.now FROM put CROSS JOIN base
    UNION ALL SELECT i - 1, NULL, NULL, NULL, now FROM given WHERE known = origin
"""
"""
What is known already is left out; when another process puts the same at the same moment the statement fails,
and is run again. A place is taken when the time has come: nobody waits for what is not to go yet.
"""

_OFFERS = """
    WITH RECURSIVE t (target, rank) AS (
        (
            SELECT d.target, 1 FROM delivery d WHERE d.offer IS NOT NULL AND d.target {after} $1::text
            ORDER BY d.target LIMIT 1
        )
        UNION ALL
        SELECT (
            SELECT d.target FROM delivery d WHERE d.offer IS NOT NULL AND d.target > t.target
            ORDER BY d.target LIMIT 1
        ), t.rank + 1
        FROM t WHERE t.target IS NOT NULL AND t.rank < $2::int
    )
    SELECT target,
        (SELECT count(*) FROM (
            SELECT 1 FROM delivery d WHERE d.target = t.target AND d.offer = 1 LIMIT $3::int
        ) fresh) AS fresh,
        (SELECT count(*) FROM (
            SELECT 1 FROM delivery d WHERE d.target = t.target AND d.offer = 2 LIMIT $3::int
        ) again) AS again
    FROM t WHERE target IS NOT NULL ORDER BY rank
"""
OFFERS: Final = _OFFERS.format(after=">")
"""The next targets that have something to claim, in their order, and how much as far as that matters: by one
look into the index for each."""

FIRST_OFFERS: Final = _OFFERS.format(after=">=")
"""The same, that one included after which the others come."""

_FREE = """
    (d.lock IS NULL OR d.ahead OR (
        SELECT 1 FROM delivery e WHERE e.lock = d.lock AND e.id <> d.id
        AND (e.place < d.place OR e.state = 'leased') AND (d.strict OR e.failures = 0) LIMIT 1
    ) IS NULL)
"""
"""No earlier one of the call is in its way: also where two processes put both at one moment."""

_OLDER = """
    (d.lock IS NULL OR (
        SELECT 1 FROM delivery e WHERE e.lock = d.lock AND (e.place < d.place OR e.state = 'leased') LIMIT 1
    ) IS NULL)
"""

_LEASE = f"""
    leased AS (
        UPDATE delivery d SET state = 'leased', token = {{mark}}, holder = {{holder}}, at = clock.now + {{lease}},
            claimed_at = clock.now
        FROM (SELECT DISTINCT id, offer FROM chosen) c
        CROSS JOIN LATERAL (SELECT * FROM content WHERE content.id = c.id OFFSET 0) k CROSS JOIN clock
        WHERE d.id = c.id AND d.offer IS NOT NULL
        RETURNING d.id, k.key, k.event_id, k.webhook, d.target, k.reference, k.frozen, d.attempts, d.failures,
            d.crashes, k.put_at, d.urgency, clock.now, d.token, c.offer
    ),
    counted AS ({
    _COUNT.format(
        slot="{slot}",
        changes=(
            "SELECT target, 'leased' AS state, 1 AS n FROM leased UNION ALL "
            "SELECT target, CASE offer WHEN 1 THEN 'ready' ELSE 'again' END, -1 FROM leased"
        ),
    )
})
    SELECT * FROM leased
"""

CLAIM: Final = f"""
    WITH clock AS MATERIALIZED (SELECT {NOW} AS now),
    share AS MATERIALIZED (
        SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::int[]) u (target, fresh, again, newest)
    ),
    chosen AS MATERIALIZED (
        SELECT o.id, o.offer FROM share CROSS JOIN clock CROSS JOIN LATERAL (
            SELECT d.id, d.offer FROM delivery d
            WHERE d.target = share.target AND d.offer = 1 AND d.at > clock.now AND {_FREE}
            ORDER BY d.urgency, d.id LIMIT share.fresh FOR UPDATE OF d SKIP LOCKED
        ) o
        UNION ALL
        SELECT o.id, o.offer FROM share CROSS JOIN clock CROSS JOIN LATERAL (
            SELECT d.id, d.offer FROM delivery d
            WHERE d.target = share.target AND d.offer = 2 AND d.at > clock.now
            ORDER BY d.urgency, d.id LIMIT share.again FOR UPDATE OF d SKIP LOCKED
        ) o
        UNION ALL
        SELECT o.id, o.offer FROM share CROSS JOIN clock CROSS JOIN LATERAL (
            SELECT d.id, d.offer FROM delivery d
            WHERE d.target = share.target AND d.offer = 1 AND d.urgency <= (
                SELECT f.urgency FROM delivery f WHERE f.target = share.target AND f.offer = 1
                ORDER BY f.urgency LIMIT 1
            ) AND d.at > clock.now AND {_OLDER}
            ORDER BY d.urgency DESC, d.id DESC LIMIT share.newest FOR UPDATE OF d SKIP LOCKED
        ) o
    ),
    {_LEASE.format(mark="$5::text", holder="$6::text", lease="$7::bigint", slot="$8::smallint")}
"""

CLAIM_NAMED: Final = f"""
    WITH clock AS MATERIALIZED (SELECT {NOW} AS now),
    chosen AS MATERIALIZED (
        SELECT d.id, d.offer FROM delivery d WHERE d.id = ANY($1::bigint[]) AND d.offer IS NOT NULL
        FOR UPDATE OF d SKIP LOCKED
    ),
    {_LEASE.format(mark="$2::text", holder="$3::text", lease="$4::bigint", slot="$5::smallint")}
"""

CLAIMED: Final = f"""
    SELECT d.id, k.key, k.event_id, k.webhook, d.target, k.reference, k.frozen, d.attempts, d.failures, d.crashes,
        k.put_at, d.urgency, {NOW} AS now, d.token
    FROM delivery d CROSS JOIN LATERAL (SELECT * FROM content WHERE content.id = d.id OFFSET 0) k
    WHERE d.state = 'leased' AND d.token = ANY($1::text[])
"""
"""What claims leased of whose commit nobody heard."""

SETTLE: Final = f"""
    WITH clock AS MATERIALIZED (SELECT {NOW} AS now),
    given AS MATERIALIZED (
        SELECT * FROM unnest(
            $1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::int[], $6::int[], $7::text[], $8::float8[],
            $9::text[], $10::int[], $11::text[], $12::text[]
        ) u (id, token, state, wait, failures, attempts, reason, took_s, outcome, status, detail, frozen)
    ),
    moved AS (
        UPDATE delivery d SET
            state = CASE WHEN v.state <> 'waiting' OR v.wait > 0 THEN v.state
                WHEN v.failures > 0 THEN 'again' ELSE 'ready' END,
            at = CASE WHEN v.state <> 'waiting' THEN clock.now WHEN v.wait > 0
                THEN least(clock.now + v.wait, d.expires) ELSE d.expires END,
            failures = v.failures, attempts = v.attempts, crashes = 0, reason = v.reason,
            lock = CASE WHEN v.state = 'waiting' THEN d.lock END
        FROM given v CROSS JOIN clock WHERE d.id = v.id AND d.token = v.token AND {_IS_LEASED}
        RETURNING d.id, d.token, d.target, d.state, d.at, d.turn, d.claimed_at, clock.now,
            v.attempts, v.took_s, v.outcome, v.status, v.detail, v.frozen
    ),
    recorded AS (
        INSERT INTO attempt (delivery, number, at, took_s, outcome, status, detail)
        SELECT id, attempts, claimed_at, took_s, outcome, status, detail FROM moved WHERE outcome IS NOT NULL
        ON CONFLICT (delivery, number) DO UPDATE SET at = excluded.at, took_s = excluded.took_s,
            outcome = excluded.outcome, status = excluded.status, detail = excluded.detail
    ),
    kept AS (
        UPDATE content c SET frozen = m.frozen FROM moved m WHERE c.id = m.id AND m.frozen IS NOT NULL
    ),
    counted AS ({
    _COUNT.format(
        slot="$13::smallint",
        changes="SELECT target, 'leased' AS state, -1 AS n FROM moved UNION ALL SELECT target, state, 1 FROM moved",
    )
})
    SELECT id, token, state, at, turn, now FROM moved
"""

SETTLED: Final = """
    SELECT v.id, v.token FROM unnest($1::bigint[], $2::text[]) v (id, token)
    CROSS JOIN LATERAL (
        SELECT 1 FROM delivery d WHERE d.id = v.id AND d.token = v.token AND d.state <> 'leased' OFFSET 0
    ) d
"""
"""Which of them were settled with that token: by whoever had the lease, before it ran out."""

EXTEND: Final = f"""
    WITH clock AS MATERIALIZED (SELECT {NOW} AS now),
    held AS (
        UPDATE delivery d SET at = coalesce(clock.now + v.length, d.at)
        FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[]) v (id, token, length, frozen) CROSS JOIN clock
        WHERE d.id = v.id AND d.token = v.token AND {_IS_LEASED}
        RETURNING d.id, d.token, d.at, clock.now, v.frozen
    ),
    kept AS (
        UPDATE content c SET frozen = h.frozen FROM held h WHERE c.id = h.id AND h.frozen IS NOT NULL
    )
    SELECT id, token, at, now FROM held
"""

ADVANCE: Final = f"""
    WITH next AS MATERIALIZED (
        SELECT h.id FROM unnest($1::text[]) l (lock) CROSS JOIN LATERAL (
            SELECT d.id, d.place, d.strict FROM delivery d WHERE d.lock = l.lock AND {_IS_HELD}
            ORDER BY d.place LIMIT 1
        ) h
        WHERE (
            SELECT 1 FROM delivery e WHERE e.lock = l.lock AND e.place < h.place
            AND (h.strict OR e.failures = 0) LIMIT 1
        ) IS NULL
        ORDER BY h.id
    ),
    moved AS (
        UPDATE delivery d SET state = 'ready', at = d.expires FROM next WHERE d.id = next.id AND {_IS_HELD}
        RETURNING d.target, d.at
    ),
    counted AS ({
    _COUNT.format(
        slot="$2::smallint",
        changes="SELECT target, 'held' AS state, -1 AS n FROM moved UNION ALL SELECT target, 'ready', 1 FROM moved",
    )
})
    SELECT at FROM moved
"""
"""Of each call the first that is held, where nothing before it is in its way any more."""

COUNT: Final = _COUNT.format(
    slot="$4::smallint",
    changes="SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) u (target, state, n)",
)

DUE: Final = """
    SELECT id, target, failures, crashes, attempts, expires, lock, place, strict, hold, claimed_at, reason, holder, at
    FROM delivery WHERE state = $1 AND at <= $2 ORDER BY at, id LIMIT $3 FOR UPDATE SKIP LOCKED
"""

MOVE: Final = """
    UPDATE delivery d SET state = v.state, at = v.at, place = v.place, lock = v.lock, crashes = v.crashes,
        attempts = v.attempts, reason = v.reason, ahead = v.ahead, token = NULL
    FROM unnest(
        $1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::int[], $7::int[], $8::text[], $9::bool[]
    ) v (id, state, at, place, lock, crashes, attempts, reason, ahead)
    WHERE d.id = v.id
"""

RECORD: Final = """
    INSERT INTO attempt (delivery, number, at, took_s, outcome, status, detail)
    SELECT delivery, number, at, 0, $4, NULL, '{}' FROM unnest($1::bigint[], $2::int[], $3::bigint[])
        u (delivery, number, at)
    ON CONFLICT (delivery, number) DO UPDATE SET at = excluded.at, outcome = excluded.outcome
"""

BLOCKED: Final = """
    SELECT l.lock FROM unnest($1::text[], $2::bool[]) l (lock, strict) WHERE (
        SELECT 1 FROM delivery e WHERE e.lock = l.lock AND e.place IS NOT NULL AND (l.strict OR e.failures = 0) LIMIT 1
    ) IS NOT NULL
"""

EARLIEST: Final = """
    SELECT min((SELECT d.at FROM delivery d WHERE d.state = s.state ORDER BY d.at LIMIT 1))
    FROM unnest(ARRAY['ready', 'again', 'waiting', 'held', 'leased']) s (state)
"""
