"""
One tenant's deliveries are seen and sent by no process of another.
"""

import logging

import pytest

from tests.faults.process import DEFINITIONS, event
from tests.process.test_worker import delivered, eventually, names, told, working
from webhook_engine import log
from webhook_engine.cli.intake import intake
from webhook_engine.definitions import read_text
from webhook_engine.errors import SettingsError
from webhook_engine.process.owning import claim
from webhook_engine.queue import open_queue
from webhook_engine.settings import Settings
from webhook_engine.store import Store
from webhook_engine.worker import Worker


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    if request.param == "sqlite":
        return tmp_path / "deliveries.db"
    return request.getfixturevalue("postgresql").make_schema()


@pytest.fixture
async def queue(where):
    async with open_queue(where) as queue:
        yield queue


async def test_deliveries_are_of_the_tenant_that_came_first(queue):
    """
    Who has none does not make them anybody's, and does not get another's either.
    """
    for tenant in ("", "Euphoria", "Euphoria"):
        await claim(queue, tenant, where="here")

    for tenant in ("Another", ""):
        with pytest.raises(SettingsError, match=r"deliveries of here are those of the tenant Euphoria"):
            await claim(queue, tenant, where="here")
    await claim(queue, "Euphoria", where="here")


@pytest.fixture
async def settings_of(tmp_path, target):
    """
    Tenant -> settings of a process of its own, on one database; Euphoria and Another have the same definitions.
    """
    database = f"sqlite:///{tmp_path}/store.db"
    text = DEFINITIONS.format(target=target.url, deadline_s=5)
    async with Store.from_settings(Settings(database=database)) as store:
        for tenant in ("Euphoria", "Another"):
            await store.definitions.save(tenant, read_text(text.replace("Euphoria", tenant)), by="a test")
    return lambda tenant: Settings(database=database, port=0, tenant=tenant)


async def test_another_tenant_gets_no_deliveries(settings_of):
    """
    Its process does not start on them, while those of the first one go on.
    """
    async with working(settings_of("Euphoria")) as worker:
        await told(worker, "/v1/events", event("ours"))
        await delivered(worker, "ours")

    with pytest.raises(SettingsError, match=r"tenant Euphoria.*process of Another.*--database"):
        await Worker(settings_of("Another")).run()

    async with working(settings_of("Euphoria")) as worker:
        _, page = await told(worker, "/v1/deliveries")
        assert ["ours"] == [each["event"] for each in page["deliveries"]]


async def test_no_event_of_another_is_put_among_them(settings_of, tmp_path):
    """
    Where a command hands events in beside any process; their ids would be taken for those of the first one.
    """
    async with working(settings_of("Euphoria")) as worker:
        await told(worker, "/v1/events", event("ours"))
    theirs = tmp_path / "theirs.toml"
    theirs.write_text(
        DEFINITIONS.format(target="https://crm.example.com", deadline_s=5).replace("Euphoria", "Another")
    )

    with pytest.raises(SettingsError, match=r"those of the tenant Euphoria"):
        async with intake(settings_of("Another"), theirs):
            pass


async def test_nor_from_the_moment_that_it_has_a_name(tmp_path, target, caplog):
    """
    Definitions that come later, and are another tenant's than the deliveries, are not put in force.
    """
    caplog.set_level(logging.INFO, logger=log.NAME)
    settings = Settings(database=f"sqlite:///{tmp_path}/store.db", port=0)
    text = DEFINITIONS.format(target=target.url, deadline_s=5)
    async with working(settings) as worker:
        await worker.engine.queue.keep("the tenant of these deliveries", "Another")
        document = {"tenant": "Euphoria", "text": text, "folder": None, "by": "me", "note": "first"}
        await told(worker, "/v1/admin/definitions.save", document)
        await eventually(lambda: _said(caplog, "those of the tenant Another"))
        assert not await names(worker, "Report")


async def _said(caplog, what):
    return any(
        "definitions.refused" in str(each.msg) and what in str(each.__dict__) for each in caplog.records
    )
