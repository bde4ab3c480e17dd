"""
The worker's steps, in this process: what it takes in, what it follows, how it ends.
"""

import asyncio
import logging
import resource
import signal
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.faults.process import DEFINITIONS, PATIENCE_S, event, until
from webhook_engine import worker as worker_module
from webhook_engine.errors import DefinitionError, SettingsError, StoreError, StoreOwned
from webhook_engine.process import learning, running
from webhook_engine.process.editions import FileEditions
from webhook_engine.process.running import Running, running_file
from webhook_engine.queue import SqliteQueue
from webhook_engine.settings import Settings
from webhook_engine.store import Store
from webhook_engine.worker import Worker


@pytest.fixture(autouse=True)
def signals():
    """
    What a signal does to this process is afterwards what it was.
    """
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.fixture
def settings(tmp_path):
    return Settings(database=f"sqlite:///{tmp_path}/store.db", port=0)


@pytest.fixture
def file(tmp_path, target):
    file = tmp_path / "integration.toml"
    file.write_text(DEFINITIONS.format(target=target.url, deadline_s=5))
    return file


@asynccontextmanager
async def working(settings, **options):
    """
    A worker that takes events in; it has ended afterwards.
    """
    worker = Worker(settings, **options)
    started = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(worker.run(on_started=started.set_result))
    await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    word = Running.read(settings)
    async with aiohttp.ClientSession(word.url, headers={"Authorization": f"Bearer {word.key}"}) as client:
        worker.client, worker.started, worker.task = client, started.result(), task
        try:
            yield worker
        finally:
            worker.stop()
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.wait([task])
    await task


async def hanging(*_, **__):
    await asyncio.Event().wait()


async def test_a_store_that_hangs_keeps_no_process(settings, file, monkeypatch, caplog):
    """
    Each of its last exchanges is given up in time, and the log says of which; so is what one of them stands behind.
    """
    caplog.set_level(logging.INFO, "webhook_engine")
    monkeypatch.setattr(worker_module, "LAST_S", 0.2)
    monkeypatch.setattr(learning, "EVERY_S", 0.01)
    async with working(settings, definitions=file) as worker:
        monkeypatch.setattr(worker.store.learnt, "versions", hanging)
        monkeypatch.setattr(worker.store.pops, "save", hanging)
        # The exchange of every two seconds hangs when the end comes, and the last one stands behind it.
        await asyncio.sleep(0.1)

    told = [each.of for each in caplog.records if each.message == "worker.unsaved"]
    assert ["what was learnt of responses", "screens"] == told
    assert "worker.ended" == caplog.records[-1].message


async def told(worker, path, document=None):
    """
    Status and document of an answer.
    """
    method = "GET" if document is None else "POST"
    async with worker.client.request(method, path, json=document) as response:
        return response.status, await response.json()


async def eventually(fact):
    """
    The first true value of an asynchronous *fact*.
    """
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await fact()):
            await asyncio.sleep(0.01)
    return found


async def delivered(worker, name):
    async def done():
        _, page = await told(worker, f"/v1/deliveries?event={name}")
        return page["deliveries"] and page["deliveries"][0]["state"] == "done"

    return await eventually(done)


async def test_it_takes_events_in_and_delivers(settings, file, target):
    """
    And says how much it works by.
    """
    async with working(settings, definitions=file) as worker:
        status, _ = await told(worker, "/v1/events", event("inside"))
        await delivered(worker, "inside")

    assert (202, "Euphoria", 3, 2) == (
        status,
        worker.started.tenant,
        worker.started.webhooks,
        worker.started.rules,
    )
    assert "inside" in target.calls()
    assert not running_file(settings).exists()


async def test_an_edit_is_followed_and_a_broken_one_is_not(settings, file):
    """
    The engine works by the last that could be read.
    """
    text = file.read_text()
    async with working(settings, definitions=file) as worker:
        file.write_text(
            text.replace('name = "Report"', 'name = "Rapport"').replace('["Report"]', '["Rapport"]')
        )
        await eventually(lambda: names(worker, "Rapport"))
        file.write_text("[[webhook]\n")
        await asyncio.sleep(0.6)  # two looks and more: nothing may happen
        assert await names(worker, "Rapport")
        file.write_text(text)
        await eventually(lambda: names(worker, "Report"))


async def names(worker, name):
    return name in {each.name for each in worker.engine.definitions.webhooks}


async def test_the_store_is_administered_while_it_works(settings, file):
    """
    Saved, loaded, in force; under the tenant that the definitions name.
    """
    text = file.read_text()
    async with working(settings) as worker:
        assert "no definitions yet" in worker.advice()[0]
        assert (200, [""]) == await told(worker, "/v1/admin/tenants", {})
        document = {"tenant": "Euphoria", "text": text, "folder": None, "by": "me", "note": "first"}
        status, saved = await told(worker, "/v1/admin/definitions.save", document)
        await eventually(lambda: names(worker, "Report"))
        _, loaded = await told(worker, "/v1/admin/definitions.load", {"tenant": "Euphoria", "number": None})
        _, tenants = await told(worker, "/v1/admin/tenants", {})
        wrong, said = await told(worker, "/v1/admin/definitions.save", document | {"text": "[[webhook]]"})

    assert (200, True, 1) == (status, saved["is_new"], saved["entry"]["number"])
    assert 'name = "Report"' in loaded["text"]
    assert ["Euphoria"] == tenants
    assert 422 == wrong
    assert "webhook[1]" in said["error"]["message"]


async def test_two_cannot_have_the_store(settings, file):
    """
    The second is refused, and the first one's word stays.
    """
    async with working(settings, definitions=file):
        with pytest.raises(StoreOwned):
            await Worker(settings, definitions=file).run()
        assert Running.read(settings) is not None


async def test_whose_work_it_is_must_be_clear(settings, tmp_path):
    """
    Of several tenants somebody has to name one.
    """
    async with Store.from_settings(settings) as store:
        for tenant in ("Euphoria", "Harmony"):
            await store.pops.save(tenant)

    with pytest.raises(SettingsError, match="--tenant"):
        await Worker(settings).run()
    async with working(Settings(database=settings.database, port=0, tenant="Harmony")) as worker:
        assert "Harmony" == worker.started.tenant


async def test_a_file_says_whose_work_it_is(settings, file):
    """
    Whoever else is in the store. An edit makes no other tenant of it, and --tenant no other of the file.
    """
    async with Store.from_settings(settings) as store:
        await store.pops.save("Harmony")

    async with working(settings, definitions=file) as worker:
        assert "Euphoria" == worker.started.tenant
        file.write_text(file.read_text().replace("Euphoria", "Melody"))
        await asyncio.sleep(0.6)  # two looks and more: nothing may happen
        assert "Euphoria" == worker.engine.definitions.tenant.name
    with pytest.raises(DefinitionError, match="'Melody', and this process works for 'Harmony'"):
        await Worker(Settings(database=settings.database, tenant="Harmony"), definitions=file).run()


async def test_told_twice_it_waits_for_nobody(settings, file, target):
    """
    What hangs is recorded as maybe delivered, and not counted.
    """
    target.answer = target.hang
    try:
        async with working(settings, definitions=file) as worker:
            await told(worker, "/v1/events", event("hangs"))
            await asyncio.to_thread(target.until, lambda: "hangs" in target.calls())
            worker.stop()
            await eventually(lambda: stopping(worker))
            assert not worker.task.done()
    finally:
        target.answer = lambda request: 200

    async with SqliteQueue(settings.deliveries_path) as queue:
        [delivery] = (await queue.list(event_id="hangs")).deliveries
        report = await queue.show(delivery.id)
    assert ["maybe-delivered"] == [each.outcome for each in report.records]
    assert 0 == report.failures


async def stopping(worker):
    status, _ = await told(worker, "/v1/events", event("late"))
    return status == 503


async def test_a_part_that_fails_ends_it_well(settings, file, monkeypatch):
    """
    What was in hand is written down, and whoever started it learns why.
    """

    async def broken(_):
        raise ZeroDivisionError("nobody foresaw it")
        yield

    monkeypatch.setattr(FileEditions, "changes", broken)

    with pytest.raises(ZeroDivisionError):
        await Worker(settings, definitions=file).run()
    assert not running_file(settings).exists()


def test_word_that_is_damaged_is_none(settings):
    """
    Half a file, or another program's.
    """
    for content in ("", "{", "[]", '{"pid": 1}', '{"pid": "x", "url": 1, "key": 2}'):
        running_file(settings).write_text(content)

        assert Running.read(settings) is None


def test_word_is_for_its_user_alone(settings):
    """
    Also where an older file, open to everybody, is in its place.
    """
    running_file(settings).write_text("old")
    running_file(settings).chmod(0o644)

    Running(pid=1, url="http://127.0.0.1:1", key="k").write(settings)

    assert 0o600 == running_file(settings).stat().st_mode & 0o777
    assert "key" not in repr(Running.read(settings)).replace("Running(", "")
    running.forget(settings)
    running.forget(settings)
    assert until(lambda: not running_file(settings).exists())


async def test_a_file_whose_name_is_no_utf_8(settings, file):
    """
    Is worked by like any other.
    """
    odd = file.rename(file.with_name("caf\udce9.toml"))

    async with working(settings, definitions=odd):
        word = Running.read(settings)

    assert word.definitions.endswith("caf\\xe9.toml")


def test_word_that_cannot_be_left_is_told_with_its_file(settings):
    """
    What to do about it too; and nothing half-written stays.
    """
    word = Running(pid=1, url="http://127.0.0.1:8700", key="k")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, hard))
    try:
        with pytest.raises(StoreError, match=r"store\.running cannot be written: .*; make room"):
            word.write(settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert [] == list(settings.database_path.parent.iterdir())
