"""
Contacts that were handed out long ago are forgotten while the store is open, as its setting says.
"""

import asyncio

import pytest
from sqlalchemy.dialects import sqlite

from webhook_engine.settings import Settings
from webhook_engine.store import Feed, NewContact, Store, handed_out, tables
from webhook_engine.testing.store.common import BY, TENANT


@pytest.fixture
def kept_for(path, monkeypatch):
    """
    Makes a store with a contact that was handed out two days ago, kept for so many days, and looks once it was tended.
    """

    async def kept_for(days):
        settings = Settings(database=f"sqlite:///{path}", handed_out_days=days)
        async with Store.from_settings(settings) as store:
            await store.campaigns.add(TENANT, "Sales", lists=["March"], agents=["100"], by=BY)
            who = (NewContact(first_name="out", phone="1"), NewContact(first_name="waits", phone="2"))
            await store.dialer.feed(Feed(tenant=TENANT, campaign="Sales", list_name="March", contacts=who))
            await store.dialer.next_contact(TENANT, "100")
            two_days_ago = "UPDATE dialer_contact SET handed_at = datetime(handed_at, '-2 days')"
            async with store._database.write() as connection:
                await connection.exec_driver_sql(two_days_ago + " WHERE handed_at IS NOT NULL")
        monkeypatch.setattr("webhook_engine.store.store._FLUSH_S", 0.01)
        async with Store.from_settings(settings) as store:
            await asyncio.sleep(0.5)
            async with store._database.read() as connection:
                found = await connection.execute(tables.dialer_contact.select())
                return sorted(row.first_name for row in found)

    return kept_for


@pytest.mark.parametrize(
    ("days", "expected"), [(1, ["waits"]), (3, ["out", "waits"]), (0, ["out", "waits"])], ids=str
)
async def test_as_long_as_the_setting_says(kept_for, days, expected):
    """
    Not longer and not shorter; with 0 for good.
    """
    assert expected == await kept_for(days)


async def test_an_index_leads_to_what_is_forgotten(store):
    """
    However many wait, none of them is looked at.
    """
    statements = []

    class Connection:
        def __init__(self, inner):
            self._inner = inner

        async def execute(self, statement):
            statements.append(statement)
            return await self._inner.execute(statement)

    class Database:
        def write(self, **_):
            return Writing()

    class Writing:
        async def __aenter__(self):
            self._writing = store._database.write()
            return Connection(await self._writing.__aenter__())

        async def __aexit__(self, *raised):
            return await self._writing.__aexit__(*raised)

    await handed_out.sweep(Database(), older_s=0, most=10)

    steps = []
    async with store._database.read() as connection:
        for statement in statements:
            shown = statement.compile(dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True})
            values = tuple(str(shown.params[name]) for name in shown.positiontup)
            found = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {shown}", values)
            steps += [row[3] for row in found]
    looks = [step for step in steps if "dialer_contact" in step]
    assert any("ix_dialer_contact_handed_out (handed_at<?)" in step for step in looks), steps
    assert any("ix_dialer_contact_feed_id (feed_id=?)" in step for step in looks), steps
    assert all(step.startswith("SEARCH") for step in looks), steps
