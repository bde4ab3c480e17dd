"""
Every statement that the writer runs while deliveries come and go, by name.

The planner must not choose: an index that is good for a small queue reads a
million rows in a large one. So the index is named, and CROSS JOIN fixes the order.
"""

from __future__ import annotations

from functools import lru_cache

from webhook_engine.queue.sqlite.bulk import Bulk

SCHEMA = """
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    event_id TEXT NOT NULL,
    webhook TEXT NOT NULL,
    target TEXT NOT NULL,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    urgency INTEGER NOT NULL,
    put_at INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    claimed_at INTEGER NOT NULL DEFAULT 0,
    token TEXT,
    turn TEXT,
    lock TEXT,
    place INTEGER,
    strict INTEGER NOT NULL DEFAULT 0,
    hold INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT ''
);
CREATE TABLE content (id INTEGER PRIMARY KEY, reference TEXT NOT NULL, frozen TEXT);
CREATE UNIQUE INDEX delivery_key ON delivery (key);
CREATE INDEX delivery_ready ON delivery (target, urgency, id) WHERE state = 'ready';
CREATE INDEX delivery_again ON delivery (target, urgency, id) WHERE state = 'again';
CREATE INDEX delivery_clock ON delivery (state, at);
CREATE INDEX delivery_order ON delivery (lock, place) WHERE lock IS NOT NULL;
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    took_s REAL NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER,
    detail TEXT NOT NULL
);
CREATE TABLE tally (target TEXT, state TEXT, n INTEGER NOT NULL, PRIMARY KEY (target, state)) WITHOUT ROWID;
"""
"""
`at` is when the state ends (ready: the expiry, waiting: the time, held: the limit, leased: the lease's end),
or when it began (done, dead). What never changes has a table of its own, so that a step in a delivery's life
writes few pages. `turn` names the call and webhook, `lock` is the same while the delivery is open.
"""

DOCUMENTS = """
CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    name TEXT UNIQUE NOT NULL,
    since INTEGER NOT NULL,
    text TEXT NOT NULL
);
"""
"""Since the second version of the schema."""

DEAD = "CREATE INDEX delivery_dead ON delivery (webhook, at) WHERE state = 'dead';"
"""Since the third: what is dead of one webhook is found however much else there is."""

ATTEMPTS = 1 << 16
"""An attempt's id is its delivery's id times this, plus its number: clustered, with no index of its own."""

CHECK = Bulk(
    """
    WITH v(i, key, lock, strict) AS (VALUES {values})
    SELECT json_group_array(json_array(i, known, blocked)) FROM (
        SELECT v.i,
            EXISTS (SELECT 1 FROM delivery d WHERE d.key = v.key) AS known,
            v.lock IS NOT NULL AND EXISTS (
                SELECT 1 FROM delivery e INDEXED BY delivery_order
                WHERE e.lock = v.lock AND e.place IS NOT NULL AND (v.strict OR e.failures = 0)
            ) AS blocked
        FROM v
    ) WHERE known OR blocked
    """,
    4,
)

INSERT = Bulk(
    """
    WITH v(id, key, event_id, webhook, target, state, at, urgency, put_at, expires, turn, lock, place, strict, hold)
        AS (VALUES {values})
    INSERT INTO delivery (id, key, event_id, webhook, target, state, at, urgency, put_at, expires,
        turn, lock, place, strict, hold) SELECT * FROM v WHERE id IS NOT NULL
    """,
    15,
)

FILL = Bulk(
    """
    WITH v(id, reference) AS (VALUES {values})
    INSERT INTO content (id, reference) SELECT * FROM v WHERE id IS NOT NULL
    """,
    2,
)

FREEZE = Bulk(
    """
    WITH v(id, frozen) AS (VALUES {values})
    UPDATE content SET frozen = v.frozen FROM v WHERE content.id = v.id
    """,
    2,
)

HOLDING = Bulk(
    """
    WITH v(i, id, token) AS (VALUES {values})
    SELECT json_group_array(json_array(v.i, d.expires, d.lock, d.claimed_at)) FROM v CROSS JOIN delivery d
    ON d.id = v.id AND d.token = v.token AND d.state = 'leased'
    """,
    3,
)

SETTLE = Bulk(
    """
    WITH v(id, state, at, failures, attempts, closed, reason) AS (VALUES {values})
    UPDATE delivery SET state = v.state, at = v.at, failures = v.failures, attempts = v.attempts, crashes = 0,
        token = NULL, lock = iif(v.closed, NULL, delivery.lock), reason = v.reason
    FROM v WHERE delivery.id = v.id AND delivery.state = 'leased'
    """,
    7,
)

SETTLE_ALIKE = """
    UPDATE delivery NOT INDEXED SET state = ?, at = ?, failures = ?, attempts = ?, crashes = 0, token = NULL,
        lock = iif(?, NULL, lock), reason = ?
    WHERE id IN (SELECT value FROM json_each(?)) AND state = 'leased'
"""
"""The same where many end in the same way: as they nearly always do."""

RECORD = Bulk(
    """
    WITH v(id, at, took_s, outcome, status, detail) AS (VALUES {values})
    INSERT OR REPLACE INTO attempt (id, at, took_s, outcome, status, detail) SELECT * FROM v WHERE id IS NOT NULL
    """,
    6,
)

LEASE = """
    UPDATE delivery NOT INDEXED SET state = 'leased', token = ?, at = ?, claimed_at = ?
    WHERE id IN (SELECT value FROM json_each(?)) AND state IN ('ready', 'again')
"""

MOVE = Bulk(
    """
    WITH v(id, state, at, place, lock, crashes, attempts, reason) AS (VALUES {values})
    UPDATE delivery SET state = v.state, at = v.at, place = v.place, lock = v.lock, crashes = v.crashes,
        attempts = v.attempts, reason = v.reason, token = NULL
    FROM v WHERE delivery.id = v.id
    """,
    8,
)

NEXT_IN_ORDER = Bulk(
    """
    WITH v(lock) AS (VALUES {values})
    SELECT json_group_array(json_array(h.id, h.target, h.expires, v.lock)) FROM v CROSS JOIN delivery h
    ON h.id = (
        SELECT id FROM delivery INDEXED BY delivery_order
        WHERE lock = v.lock AND state = 'held' ORDER BY place LIMIT 1
    )
    WHERE NOT EXISTS (
        SELECT 1 FROM delivery e INDEXED BY delivery_order
        WHERE e.lock = v.lock AND e.place < h.place AND (h.strict OR e.failures = 0)
    )
    """,
    1,
)

LET_GO = Bulk(
    """
    WITH v(id) AS (VALUES {values})
    UPDATE delivery SET state = 'ready', at = delivery.expires FROM v
    WHERE delivery.id = v.id AND delivery.state = 'held'
    """,
    1,
)

BLOCKED = """
    SELECT EXISTS (
        SELECT 1 FROM delivery INDEXED BY delivery_order
        WHERE lock = ? AND place IS NOT NULL AND (? OR failures = 0)
    )
"""

COUNT = Bulk(
    """
    WITH v(target, state, n) AS (VALUES {values})
    INSERT INTO tally (target, state, n) SELECT * FROM v WHERE target IS NOT NULL
    ON CONFLICT (target, state) DO UPDATE SET n = n + excluded.n
    """,
    3,
)

DUE = """
    SELECT json_group_array(json_array(id, target, failures, crashes, attempts, expires, lock, place, strict,
        hold, claimed_at, reason))
    FROM (SELECT * FROM delivery INDEXED BY delivery_clock WHERE state = ? AND at <= ? ORDER BY at LIMIT ?)
"""

EARLIEST = """
    SELECT min(at) FROM (
        SELECT min(at) AS at FROM delivery INDEXED BY delivery_clock WHERE state = 'ready'
        UNION ALL SELECT min(at) FROM delivery INDEXED BY delivery_clock WHERE state = 'again'
        UNION ALL SELECT min(at) FROM delivery INDEXED BY delivery_clock WHERE state = 'waiting'
        UNION ALL SELECT min(at) FROM delivery INDEXED BY delivery_clock WHERE state = 'held'
        UNION ALL SELECT min(at) FROM delivery INDEXED BY delivery_clock WHERE state = 'leased'
    )
"""

# A partial index is only used where its own condition stands in the statement, word by word.
_CHOICE = """
    SELECT * FROM (
        SELECT id FROM delivery INDEXED BY delivery_ready
        WHERE state = 'ready' AND target = ? AND at > ? ORDER BY urgency, id LIMIT ?
    ) UNION ALL SELECT * FROM (
        SELECT id FROM delivery INDEXED BY delivery_again
        WHERE state = 'again' AND target = ? AND at > ? ORDER BY urgency, id LIMIT ?
    )
"""

# What is JSON already is put in as it stands: it is read once, in Python.
_CHOSEN = """
    WITH chosen(id) AS ({choices})
    SELECT '[' || group_concat('[' || d.id || ',"' || lower(hex(d.key)) || '",' || json_quote(d.event_id) || ','
        || json_quote(d.webhook) || ',' || json_quote(d.target) || ',' || c.reference || ','
        || ifnull(c.frozen, 'null') || ',' || d.attempts || ',' || d.failures || ',' || d.crashes || ','
        || d.put_at || ',"' || d.state || '",' || d.expires || ',' || json_quote(d.lock) || ']') || ']'
    FROM chosen CROSS JOIN delivery d ON d.id = chosen.id CROSS JOIN content c ON c.id = d.id
"""

_NUMBERS = "SELECT json_group_array(id) FROM ({choices})"

NAMED = _CHOSEN.format(choices="SELECT value FROM json_each(?)")
"""The same of deliveries by their numbers."""

NEWEST = """
    SELECT json_group_array(id) FROM (
        SELECT r.id FROM (
            SELECT id, lock, place FROM delivery INDEXED BY delivery_ready
            WHERE state = 'ready' AND target = ? AND urgency = (
                SELECT urgency FROM delivery INDEXED BY delivery_ready
                WHERE state = 'ready' AND target = ? ORDER BY urgency LIMIT 1
            ) AND at > ? ORDER BY id DESC LIMIT ?
        ) r
        WHERE NOT EXISTS (
            SELECT 1 FROM delivery e INDEXED BY delivery_order
            WHERE e.lock = r.lock AND e.lock IS NOT NULL AND e.place < r.place
        )
        LIMIT ?
    )
"""
"""Of the most urgent, the newest that overtake nothing of their call."""


@lru_cache(maxsize=32)
def choose(shares: int) -> str:
    """
    The statement that reads the next fresh deliveries and the next retries of so many targets.
    """
    return _CHOSEN.format(choices=" UNION ALL ".join([_CHOICE] * shares))


@lru_cache(maxsize=32)
def choose_numbers(shares: int) -> str:
    """
    The statement that reads the numbers of the same alone.
    """
    return _NUMBERS.format(choices=" UNION ALL ".join([_CHOICE] * shares))
