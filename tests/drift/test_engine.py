"""
An engine learns from the responses it shows, and the process keeps what it learnt.
"""

import pytest

from webhook_engine import CallContext, Engine
from webhook_engine.definitions import read_text
from webhook_engine.drift import Drift, DriftSettings, Way
from webhook_engine.process.learning import DriftKeeper, learnt
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


async def test_it_is_kept_across_a_restart(tmp_path, definitions):
    """
    In a file of every tenant's, written where there is something new.
    """
    path = tmp_path / "webhook-engine.learnt.json"
    path.write_text('{"Another": {}}')
    async with Engine(definitions) as engine:
        keeper = DriftKeeper(path, engine.drift, Tenancy)
        await asked(engine)
        await keeper.save()
        written = path.stat().st_mtime_ns
        await keeper.save()

    assert written == path.stat().st_mtime_ns
    assert engine.drift.to_json() == learnt(path, "Euphoria").to_json()
    assert {} == learnt(path, "Another").to_json() == learnt(tmp_path / "none", "Euphoria").to_json()
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("content", ["", "[]", '{"Euphoria": 1}', '{"Euphoria": {"Lookup": {}}}', "\xff"])
def test_a_file_that_cannot_be_read_is_begun_anew(tmp_path, content):
    """
    It costs what was learnt, and no start.
    """
    path = tmp_path / "learnt.json"
    path.write_bytes(content.encode("latin-1"))

    assert {} == learnt(path, "Euphoria").to_json()


async def test_a_disk_that_takes_nothing_is_survived(tmp_path, definitions):
    """
    The next saving tries again.
    """
    async with Engine(definitions) as engine:
        keeper = DriftKeeper(tmp_path / "gone" / "learnt.json", engine.drift, Tenancy)
        await asked(engine)
        await keeper.save()
        (tmp_path / "gone").mkdir()
        await keeper.save()

    assert ["Lookup"] == list(learnt(tmp_path / "gone" / "learnt.json", "Euphoria").to_json())
