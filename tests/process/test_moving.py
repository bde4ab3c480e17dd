"""
An installation on files, moved into a database: everything is there once, and goes on.
"""

import subprocess
import time
from pathlib import Path

import asyncpg
import pytest

from tests.faults.process import COMMAND
from webhook_engine.definitions import read_text
from webhook_engine.errors import StoreError, StoreOwned
from webhook_engine.process.moving import move
from webhook_engine.queue import AttemptRecord, Delivery, Order, PostgresqlQueue, SqliteQueue
from webhook_engine.store import Feed, NewContact, Pop, Role, SavedBoard, Store, new_key

KEY = new_key()
TENANT = "Euphoria"
FILES = "sqlite:///webhook-engine.db"


def nothing(*_):
    """
    For who tells nobody.
    """


async def fill(deliveries=20, contacts=30):
    """
    A store with some of everything, and deliveries in every state, one of them in the hands of a process that ended.
    """
    async with Store.open(FILES, [KEY]) as store:
        for number in (1, 2, 3):
            text = f'[tenant]\nname = "{TENANT}"\n[[webhook]]\nname = "W{number}"\ntype = "ajax-get"\nurl = "https://x.example.com/"'
            await store.definitions.save(TENANT, read_text(text), by="me", note=f"the {number}th")
        await store.vault.set(TENANT, "crm/password", "s3cret é\U0001f600", by="me")
        await store.keys.add(TENANT, "dialer", by="me")
        await store.users.add(
            TENANT, "naledi@example.com", "correct horse battery staple", role=Role.ADMINISTRATOR, by="me"
        )
        await store.campaigns.add(TENANT, "Winback", lists=["May"], agents=["100"], by="me")
        contacts = tuple(NewContact(first_name="Thandi", phone=f"08212345{n:02}") for n in range(contacts))
        await store.dialer.feed(
            Feed(
                tenant=TENANT, campaign="Winback", list_name="May", contacts=contacts, idempotency_key="May 1"
            )
        )
        await store.dialer.next_contact(TENANT, "100")
        await store.pops.save(TENANT, [Pop(key="board", agent="", state={"epoch": "x"})])
    async with SqliteQueue(Path("webhook-engine.deliveries.db")) as queue:
        await queue.keep("definitions", "the text")
        await queue.put(
            [
                Delivery(
                    event_id=f"e{n}",
                    webhook="W1",
                    target=f"t{n % 3}",
                    call=f"c{n // 4}",
                    order=Order.STRICT,
                    wait_s=(n % 2) * 600,
                )
                for n in range(deliveries)
            ]
        )
        done, dead, again, *_ = await queue.claim(4, lease_s=600)
        await queue.done(done, AttemptRecord(outcome="ok", status=200, took_s=0.5))
        await queue.dead(dead, AttemptRecord(outcome="target-failed", status=500), reason="gave up")
        await queue.retry(again, AttemptRecord(outcome="timed-out"), wait_s=60)


async def told(queue):
    """
    All deliveries with their attempts, and their counts.
    """
    found = [await queue.show(each.id) for each in (await queue.list(limit=1_000)).deliveries]
    return sorted(found, key=lambda each: each.id), (await queue.stats()).targets


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def url(postgresql):
    """
    An empty database.
    """
    return postgresql.make_schema()


@pytest.fixture
def other(postgresql):
    """
    Another one.
    """
    return postgresql.make_schema()


async def test_everything_is_there_and_goes_on(here, url):
    """
    History, secrets, keys, users, lists and deliveries with their attempts; what comes next is numbered after them.
    """
    await fill()
    async with SqliteQueue(Path("webhook-engine.deliveries.db")) as queue:
        before = await told(queue)

    moved = await move(FILES, url, note=nothing)

    assert (3, 30, 20, 4) == tuple(
        moved.rows[each] for each in ("revision", "dialer_contact", "delivery", "attempt")
    )
    async with Store.open(url, [KEY]) as store:
        assert [3, 2, 1] == [each.number for each in await store.definitions.history(TENANT)]
        assert "s3cret é\U0001f600" == store.vault.reveal(TENANT, "crm/password")
        assert ["dialer"] == [each.name for each in await store.keys.list(TENANT)]
        assert await store.signing_in.check(TENANT, "naledi@example.com", "correct horse battery staple")
        assert "0821234501" == (await store.dialer.next_contact(TENANT, "100")).contact.phone
        assert SavedBoard(0, {"epoch": "x"}) == await store.steps.begin(TENANT, {})
        await store.campaigns.add(TENANT, "Next", by="me")
    async with PostgresqlQueue(url) as queue:
        assert before == await told(queue)
        assert "the text" == await queue.kept("definitions")
        again, new = await queue.put(
            [
                Delivery(event_id=each, webhook="W1", target="t0", call="c4", order=Order.STRICT)
                for each in ("e0", "new")
            ]
        )
        assert ("duplicate", "accepted") == (again, new)
        # One of its call came before.
        assert "new" not in {each.event_id for each in await queue.claim(100, lease_s=600)}


async def test_a_move_that_was_killed_goes_on(here, url):
    """
    Killed again and again: each run goes on where the last one was, and nothing is there twice. No process starts
    on half of it.
    """
    await fill(contacts=8_000)
    words = [str(COMMAND), "migrate", "--from", FILES, "--to", url]
    halves = []
    while len(halves) < 2:
        running = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        before = halves[-1] if halves else 0
        while (count := await counted(url, "dialer_contact")) <= before:
            assert running.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        running.kill()
        running.wait()
        halves.append(count)
    with pytest.raises(StoreError, match="being moved into"):
        async with Store.open(url, [KEY]):
            pass

    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    again = await move(FILES, url, note=nothing)

    assert sorted(halves) == halves
    assert 0 == ended.returncode, ended.stderr
    assert "8,000  dialer_contact" in ended.stdout
    assert 8_000 == await counted(url, "dialer_contact")
    assert again.was_there


async def counted(url, table):
    """
    Rows of a table that may not be there yet.
    """
    database = await asyncpg.connect(url)
    try:
        return await database.fetchval(f"SELECT count(*) FROM {table}")
    except asyncpg.UndefinedTableError:
        return 0
    finally:
        await database.close()


async def test_a_database_that_holds_something_else_is_left_alone(here, url, other):
    """
    A move adds to nothing; and a second installation does not go on with the move of another.
    """
    async with Store.open(url, [KEY]) as store:
        await store.keys.add("Somebody", "theirs", by="them")
    await fill()
    await move(FILES, other, note=nothing)
    async with Store.open("sqlite:///second.db", [KEY]):
        pass

    with pytest.raises(StoreError, match="already holds 1 of `tenant`, 1 of `api_key`"):
        await move(FILES, url, note=nothing)
    with pytest.raises(StoreError, match=r"came from .*webhook-engine\.db: move into an empty database"):
        await move("sqlite:///second.db", other, note=nothing)


async def test_files_that_a_process_works_with_are_left_alone(here, url):
    """
    What changes while it is read cannot be moved.
    """
    async with Store.open(FILES, [KEY]):
        with pytest.raises(StoreOwned):
            await move(FILES, url, note=nothing)


async def test_what_is_not_the_same_is_said(here, url):
    """
    Somebody changes the database while it is moved into: the move does not end well, and no process starts on it.
    """
    await fill()

    def interrupt(_, done, total):
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await move(FILES, url, note=interrupt)
    database = await asyncpg.connect(url)
    await database.execute("UPDATE dialer_contact SET notes = 'x' WHERE id = 7")
    await database.close()

    with pytest.raises(StoreError, match=r"`dialer_contact`: 30 rows in .* 30 in .* not the same"):
        await move(FILES, url, note=nothing)
    with pytest.raises(StoreError, match="being moved into"):
        async with Store.open(url, [KEY]):
            pass
