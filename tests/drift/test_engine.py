"""
An engine learns from the responses it shows, and all processes keep what they learnt together.
"""

import logging

import pytest
from sqlalchemy import update

from webhook_engine import CallContext, Engine
from webhook_engine.definitions import read_text
from webhook_engine.drift import Drift, DriftSettings, Way, stored
from webhook_engine.errors import StoreError
from webhook_engine.process.learning import DriftKeeper
from webhook_engine.store import Store, tables
from webhook_engine.testing import FakeTarget

DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Lookup"
type = "ajax-get"
url = "URL/contacts"

  [[webhook.view.column]]
  path = "name"

[[webhook]]
name = "Whole"
type = "ajax-get"
url = "URL/contacts"
"""

CALL = CallContext(extension="100-Euphoria")
K = DriftSettings().streak


class Tenancy:
    name = "Euphoria"


@pytest.fixture
def crm():
    with FakeTarget() as target:
        target.expect("GET", "/contacts", body=[{"name": "Naledi", "id": 1}])
        yield target


@pytest.fixture
def definitions(crm):
    return read_text(DEFINITIONS.replace("URL", crm.url))


async def asked(engine, webhook="Lookup", times=K):
    for _ in range(times):
        await engine.ask(webhook, CALL)


async def test_a_column_that_vanishes_is_a_finding(crm, definitions):
    """
    The lookup still answers; the finding says what agents no longer see.
    """
    async with Engine(definitions, drift=Drift(DriftSettings(every_s=0.0))) as engine:
        await asked(engine)
        crm.expect("GET", "/contacts", body=[{"first_name": "Naledi", "id": 1}])
        await asked(engine)

        (found,) = engine.drift.findings()
    assert ("Lookup", "name", Way.VANISHED, "text") == (found.webhook, found.column, found.way, found.was)


async def test_where_nobody_chose_columns_there_is_nothing_to_miss(definitions):
    """
    The agent sees whatever there is.
    """
    async with Engine(definitions) as engine:
        await asked(engine, "Whole")

    assert 0 == engine.drift.looks


async def test_other_definitions_forget_what_was_edited(crm, definitions):
    """
    A webhook whose definition is another one begins anew; others stay.
    """
    async with Engine(definitions) as engine:
        await asked(engine)
        engine.redefine(read_text(DEFINITIONS.replace("URL", crm.url) + '\n[[group]]\nname = "New"\n'))
        assert ["Lookup"] == list(engine.drift.to_json())
        engine.redefine(
            read_text(DEFINITIONS.replace("URL", crm.url).replace('path = "name"', 'path = "id"'))
        )

    assert [] == list(engine.drift.to_json())


@pytest.fixture
async def store(tmp_path):
    async with Store.open(f"sqlite:///{tmp_path}/webhook-engine.db") as store:
        yield store


def keeper_of(store, engine):
    return DriftKeeper(store, engine.drift, Tenancy)


async def known(store):
    return await stored.learnt(store, "Euphoria")


def drift():
    return Drift(DriftSettings(every_s=0.0))


async def test_it_is_kept_across_a_restart(store, crm, definitions):
    """
    In the store; what is usual was learnt before the process began.
    """
    async with Engine(definitions, drift=drift()) as engine:
        keeper = keeper_of(store, engine)
        await keeper.begin()
        await asked(engine)
        await keeper.save()
    crm.expect("GET", "/contacts", body=[{"first_name": "Naledi", "id": 1}])
    async with Engine(definitions, drift=drift()) as engine:
        keeper = keeper_of(store, engine)
        await keeper.begin()
        await asked(engine)
        assert () == engine.drift.findings()
        await keeper.save()

        (found,) = engine.drift.findings()
    assert (Way.VANISHED, "text") == (found.way, found.was)
    assert ["Lookup"] == list(await known(store))


async def test_processes_count_together(store, crm, definitions, caplog):
    """
    Neither has seen enough by itself; both know what both have seen, and one of them says so.
    """
    caplog.set_level(logging.INFO, "webhook_engine")
    async with Engine(definitions, drift=drift()) as one, Engine(definitions, drift=drift()) as other:
        keepers = [keeper_of(store, each) for each in (one, other)]
        for keeper in keepers:
            await keeper.begin()
        await asked(one, times=K - 2)
        await asked(other, times=2)
        for keeper in keepers:
            await keeper.save()
        crm.expect("GET", "/contacts", body=[{"first_name": "Naledi", "id": 1}])
        await asked(one, times=K - 2)
        await asked(other, times=2)
        for keeper in (*keepers, keepers[0]):
            await keeper.save()

        assert one.drift.findings() == other.drift.findings()
        (found,) = one.drift.findings()
    assert (Way.VANISHED, K) == (found.way, found.responses)
    assert 1 == len([each for each in caplog.records if "column.drifted" in str(each.msg)])


async def test_what_is_accepted_is_no_finding_in_any_process(store, crm, definitions):
    """
    And does not become one again: that the column is not there is right.
    """
    async with Engine(definitions, drift=drift()) as one, Engine(definitions, drift=drift()) as other:
        keepers = [keeper_of(store, each) for each in (one, other)]
        for keeper in keepers:
            await keeper.begin()
        await asked(one)
        crm.expect("GET", "/contacts", body=[{"first_name": "Naledi", "id": 1}])
        await keepers[0].save()
        await asked(one)
        for keeper in keepers:
            await keeper.save()
        told = await stored.findings(store, "Euphoria")

        accepted = await stored.accept(store, "Euphoria", "Lookup")
        await asked(other, times=2 * K)
        for keeper in (*keepers[::-1], keepers[1]):
            await keeper.save()

        assert told == accepted
        assert ["name"] == [each.column for each in accepted]
        assert () == one.drift.findings() == other.drift.findings()
        assert (
            () == await stored.findings(store, "Euphoria") == await stored.accept(store, "Euphoria", "Lookup")
        )


async def test_an_edit_is_forgotten_everywhere(store, crm, definitions):
    """
    What was learnt of the webhook as it was before tells nothing of it as it is now.
    """
    async with Engine(definitions, drift=drift()) as engine:
        keeper = keeper_of(store, engine)
        await keeper.begin()
        await asked(engine)
        await keeper.save()
        engine.redefine(
            read_text(DEFINITIONS.replace("URL", crm.url).replace('path = "name"', 'path = "id"'))
        )
        await keeper.save()

    assert {} == await known(store)


async def test_what_another_definition_taught_is_not_taken_over(store, crm, definitions):
    """
    Two processes may work by two editions for a moment.
    """
    edited = read_text(DEFINITIONS.replace("URL", crm.url).replace('path = "name"', 'path = "id"'))
    async with Engine(definitions, drift=drift()) as engine, Engine(edited, drift=drift()) as other:
        keepers = [keeper_of(store, each) for each in (engine, other)]
        for keeper in keepers:
            await keeper.begin()
        await asked(engine)
        for keeper in keepers:
            await keeper.save()

        assert {} == other.drift.to_json()


@pytest.mark.parametrize("document", [{}, {"revision": "r"}, {"revision": "r", "columns": {"name": 1}}])
async def test_what_cannot_be_read_is_begun_anew(store, definitions, document):
    """
    It costs what was learnt, and no start.
    """
    await store.learnt.change("Euphoria", ["Lookup"], lambda *_: document)
    async with Engine(definitions, drift=drift()) as engine:
        keeper = keeper_of(store, engine)
        await keeper.begin()
        await asked(engine)
        await keeper.save()

    assert K == (await known(store))["Lookup"]["columns"]["name"]["seen"]


@pytest.mark.parametrize("stored_as", [b"[1]", b'"learnt"', b"null", b"\x00 no JSON"], ids=repr)
async def test_what_is_no_document_at_all_is_told_and_begun_anew(store, crm, definitions, stored_as, caplog):
    """
    A damaged or foreign row ends no exchange: not the first one, not that of an edit, and not the next lesson.
    """
    caplog.set_level(logging.INFO, "webhook_engine")
    edited = read_text(DEFINITIONS.replace("URL", crm.url).replace('path = "name"', 'path = "id"'))
    async with Engine(definitions, drift=drift()) as engine:
        keeper = keeper_of(store, engine)
        await store.learnt.change("Euphoria", ["Lookup"], lambda *_: {"revision": "r"})
        await damaged(store, stored_as)
        await keeper.begin()
        engine.redefine(edited)
        await keeper.save()
        await asked(engine)
        await keeper.save()

    (told,) = [each for each in caplog.records if each.message == "drift.unreadable"]
    assert ("Lookup", "what is stored is no JSON object") == (told.webhook, told.why)
    assert K == (await known(store))["Lookup"]["columns"]["id"]["seen"]


async def damaged(store, document):
    async with store._database.write() as connection:
        await connection.execute(update(tables.learnt).values(document=document))


async def test_a_store_that_takes_nothing_is_survived(store, definitions, monkeypatch):
    """
    The next exchange brings what this one could not, in its order.
    """

    async def full(*_):
        raise StoreError("no room")

    async with Engine(definitions, drift=drift()) as engine:
        keeper = keeper_of(store, engine)
        await keeper.begin()
        await asked(engine, times=2)
        with monkeypatch.context() as broken:
            broken.setattr(store.learnt, "change", full)
            await keeper.save()
        await asked(engine, times=1)
        await keeper.save()

    assert 3 == (await known(store))["Lookup"]["columns"]["name"]["seen"]
