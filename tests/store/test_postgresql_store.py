"""
The store on PostgreSQL keeps the promises of every store, and those among processes.
"""

import asyncio
import signal
from contextlib import AsyncExitStack

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from webhook_engine.errors import SettingsError, StoreError, StoreOutdated, StoreUnavailable
from webhook_engine.settings import Settings
from webhook_engine.store import Contact, Feed, NewContact, Store, Topic, connecting, schema
from webhook_engine.store.postgresql import upgrade
from webhook_engine.store.tables import METADATA
from webhook_engine.testing.store.common import BY, KEY, TENANT, definitions
from webhook_engine.testing.store_contract import StoreContract


@pytest.fixture
def url(postgresql):
    """
    The address of an empty schema in a database.
    """
    return postgresql.make_schema()


@pytest.fixture
def open_store(url):
    """
    Makes a store over the test's database, not yet entered; as many at a time as are wanted.
    """

    def open_store(*keys, no_key=False):
        return Store.open(url, () if no_key else keys or (KEY,))

    return open_store


@pytest.fixture
async def stores(open_store):
    """
    Two stores over one database, as two processes have them.
    """
    async with open_store() as one, open_store() as other:
        yield one, other


@pytest.fixture(scope="module")
def made(postgresql):
    """
    The name of a database with all tables and nothing in them.
    """

    async def make():
        async with Store.open(postgresql.url("made"), ()):
            pass

    postgresql.make_database("made")
    asyncio.run(make())
    return "made"


class TestPostgresqlStore(StoreContract):
    """
    The PostgreSQL store keeps the store's promises.
    """

    @pytest.fixture
    def url(self, postgresql, made):
        """
        A copy of it: that a store makes its tables is seen below.
        """
        postgresql.make_database("copied", like=made)
        yield postgresql.url("copied")
        postgresql.drop_database("copied")


async def test_migrations_lead_to_the_tables(open_store):
    """
    A database that was migrated has what the statements are written for, nothing more and nothing else.
    """

    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection), METADATA)

    async with open_store() as store, store._database.read() as connection:
        assert [] == await connection.run_sync(differences)


async def test_many_may_begin_at_once(open_store):
    """
    One of them makes the tables, the others wait for it.
    """
    stores = [open_store() for _ in range(5)]

    await asyncio.gather(*(store.__aenter__() for store in stores))
    tenants = [await store.tenants() for store in stores]

    assert [()] * 5 == tenants
    await asyncio.gather(*(store.close() for store in stores))


async def test_a_change_is_known_everywhere_within_a_second(stores):
    """
    Definitions, secrets, keys and users: whoever changed them.
    """
    one, other = stores
    seen = {topic: other.changes.number(topic) for topic in Topic}

    await one.definitions.save(TENANT, definitions("a", key='"secret of a"'), by=BY)
    key = (await one.keys.add(TENANT, "of one", by=BY)).secret

    async with asyncio.timeout(1):
        for topic in (Topic.DEFINITIONS, Topic.VAULT, Topic.KEYS):
            await other.changes.after(topic, seen[topic])
    assert "secret of a" == other.vault.reveal(TENANT, "CRM/key")
    assert "of one" == other.keys.check(key).name
    assert 1 == (await other.definitions.load(TENANT)).entry.number


async def test_a_change_is_known_where_nothing_is_told(open_store):
    """
    Where listening never succeeds, a change costs a second to learn of.
    """

    async def cut_off():
        return None

    async with open_store() as one:
        other = open_store()
        other._database._listen = cut_off
        async with other:
            seen = other.changes.number(Topic.KEYS)
            await one.keys.add(TENANT, "k", by=BY)

            async with asyncio.timeout(30):
                await other.changes.after(Topic.KEYS, seen)


async def test_listening_begins_again(stores):
    """
    A listener whose connection was ended from outside is replaced.
    """
    _, other = stores
    async with asyncio.timeout(30):
        while (first := other._database._listening) is None:
            await asyncio.sleep(0.01)
        await first.close()
        while other._database._listening is first:
            await asyncio.sleep(0.01)
        assert not other._database._listening.is_closed()


async def test_two_that_save_at_once_make_two_revisions(stores):
    """
    Neither is lost, and they are counted up.
    """
    saved = await asyncio.gather(
        *(
            store.definitions.save(TENANT, definitions(f"{name}{n}"), by=name)
            for n in range(5)
            for name, store in zip(("one", "other"), stores, strict=True)
        )
    )

    assert list(range(1, 11)) == sorted(each.entry.number for each in saved)


async def test_each_contact_is_handed_out_once(stores):
    """
    However many processes ask at once, in the order of priority and age.
    """
    one, _ = stores
    await one.campaigns.add(TENANT, "c", lists=("l",), agents=("100",), by=BY)
    feed = Feed(
        tenant=TENANT,
        campaign="c",
        list_name="l",
        priority=1,
        data_source="",
        contacts=tuple(NewContact(first_name="", phone=f"08212345{n:02}") for n in range(40)),
    )
    await one.dialer.feed(feed)

    async def taken(store):
        found = []
        while (contact := await store.dialer.next_contact(TENANT, "100")) is not None:
            found.append(contact.id)
        return found

    found = await asyncio.gather(*(taken(store) for store in stores * 4))

    everything = [ident for each in found for ident in each]
    assert sorted(everything) == sorted(set(everything))
    assert 40 == len(everything)
    assert all(each == sorted(each) for each in found)


async def test_a_feed_under_one_key_is_stored_once(stores):
    """
    Also where two processes are given it at one moment.
    """
    await stores[0].campaigns.add(TENANT, "c", lists=("l",), agents=("100",), by=BY)
    feed = Feed(
        tenant=TENANT,
        campaign="c",
        list_name="l",
        priority=1,
        data_source="",
        contacts=tuple(NewContact(first_name="", phone=f"08212345{n:02}") for n in range(10)),
        idempotency_key="k",
    )

    accepted = await asyncio.gather(*(store.dialer.feed(feed) for store in stores * 3))

    assert [10] * 6 == accepted
    assert 10 == await stores[1].dialer.waiting(TENANT, "c")


async def test_an_older_store_is_refused_and_upgraded(open_store, url, monkeypatch):
    """
    Opening never changes a database that holds something; a command brings it forward, once.
    """
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "HEAD", "0002")
        database = open_store()._database
        await database.open()
        await database.close()
    with pytest.raises(StoreOutdated, match=r"has schema 0002 .* run `webhook-engine doctor --fix`$"):
        await open_store().__aenter__()

    assert [True, False] == [await upgrade(url), await upgrade(url)]

    async with open_store() as store:
        await store.contacts.add(TENANT, Contact(first_name="Ann", phone="1"))
    monkeypatch.setattr(schema, "HEAD", "0002")
    with pytest.raises(StoreOutdated, match="install the version"):
        await upgrade(url)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_a_server_that_starts_again_is_used_again(open_store, postgresql, how):
    """
    Meanwhile a change is refused in words; nothing needs to be started again but the server.
    """
    async with open_store() as store:
        key = (await store.keys.add(TENANT, "before", by=BY)).secret
        await asyncio.to_thread(postgresql.stop, how)
        try:
            with pytest.raises(StoreUnavailable, match="cannot be reached"):
                await store.keys.add(TENANT, "during", by=BY)
            assert store.keys.check(key) is not None
        finally:
            await asyncio.to_thread(postgresql.start)
        await store.keys.add(TENANT, "after", by=BY)
        assert ["before", "after"] == [each.name for each in await store.keys.list(TENANT)]
        store.keys.check(key)


async def test_who_gets_no_connection_is_told_that_it_may_be_better_later(open_store, monkeypatch):
    """
    Where all connections are in use for long, that is an outage like any other, and over with it.
    """
    monkeypatch.setattr(connecting, "IN_USE_S", 0.2)
    async with open_store() as store:
        async with AsyncExitStack() as uses:
            for _ in range(connecting.CONNECTIONS):
                await uses.enter_async_context(store._database.read())
            with pytest.raises(StoreUnavailable) as refused:
                await store.tenants()
        after = await store.tenants()

    assert "each of its 8 connections is in use" in str(refused.value)
    assert () == after


async def test_what_no_text_can_hold_is_refused(open_store):
    """
    PostgreSQL has no NUL in a text; nothing of the rest is stored.
    """
    async with open_store() as store:
        with pytest.raises(StoreError, match="failed: "):
            await store.contacts.add(TENANT, Contact(first_name="A\0", phone="1"))
        assert () == await store.contacts.list(TENANT)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda url: url.replace("/postgres?", "/nowhere?"), "does not exist; make it with createdb"),
        (
            lambda url: url.partition(":")[0] + "://127.0.0.1:1/x",
            r"cannot be reached \([^\[]+\): start its server",
        ),
        (lambda url: url.replace("postgres@", "nobody:pa55word@"), "role .*nobody.* does not exist"),
    ],
)
async def test_what_cannot_be_opened_is_told(url, change, why):
    """
    What happened, where, what to do; no password is shown.
    """
    with pytest.raises(StoreError, match=why) as refused:
        await Store.open(change(url)).__aenter__()
    assert "pa55word" not in str(refused.value)


def test_an_address_is_shown_without_its_password():
    """
    Nor with what follows it, where there may be one as well.
    """
    url = "postgresql://me:pa55@db.example.com:5433/calls?password=pa55"

    settings = Settings(database=url)

    assert "postgresql://me@db.example.com:5433/calls" == settings.database_name
    assert "pa55" not in repr(Store.open(url)) + repr(settings)


def test_another_kind_of_database_is_refused():
    """
    With what is possible.
    """
    with pytest.raises(SettingsError, match="postgresql://USER@HOST/DATABASE"):
        Store.open("mysql://me@db.example.com/calls")
