"""
The store's schema: one from its migrations and in its tables, refused where it is another version's.
"""

import shutil
import sqlite3
import stat
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from webhook_engine.errors import StoreError, StoreOutdated
from webhook_engine.store import schema, upgrade
from webhook_engine.store.tables import METADATA
from webhook_engine.testing.store.common import BY, CANARY, TENANT, definitions

HEAD = schema.HEAD
AFTER = f"{int(HEAD) + 1:04}"

LATER = """
import sqlalchemy as sa
from alembic import op

revision = "{later}"
down_revision = "{head}"


def upgrade():
    op.add_column("pop", sa.Column("later", sa.Text))
    {then}
"""


@pytest.fixture
def later_version(tmp_path, monkeypatch):
    """
    Makes this process a later version of the project, with one more migration.
    """

    def later_version(then="pass"):
        folder = tmp_path / "migrations"
        shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        text = LATER.format(then=then, head=HEAD, later=AFTER)
        (folder / "versions" / f"r{AFTER}_later.py").write_text(text)
        monkeypatch.setattr(schema, "MIGRATIONS", folder)
        monkeypatch.setattr(schema, "HEAD", AFTER)

    return later_version


def columns(path):
    """
    The names of the columns of the pops.
    """
    with closing(sqlite3.connect(path)) as db:
        return [row[1] for row in db.execute("PRAGMA table_info(pop)")]


def test_the_newest_migration_is_this_versions():
    """
    The number that opening looks for is the one that migrating leads to.
    """
    assert schema.HEAD == ScriptDirectory(str(schema.MIGRATIONS)).get_current_head()


async def test_migrations_lead_to_the_tables(store):
    """
    A file that was migrated has what the statements are written for, nothing more and nothing else.
    """

    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection), METADATA)

    async with store._database.read() as connection:
        assert [] == await connection.run_sync(differences)


async def test_an_older_store_is_refused_with_what_to_run(open_store, path, later_version):
    """
    Opening never changes a store that holds something.
    """
    async with open_store() as store:
        await store.definitions.save(TENANT, definitions("a"), by=BY)
    later_version()

    with pytest.raises(
        StoreOutdated, match=rf"schema {HEAD} .* works on {AFTER}: run `webhook-engine doctor --fix`"
    ):
        await open_store().__aenter__()

    assert "later" not in columns(path)


async def test_upgrading_keeps_everything_and_a_copy(open_store, path, later_version):
    """
    What was saved is there, and the file as it was stands beside it, closed to others.
    """
    async with open_store() as store:
        await store.definitions.save(TENANT, definitions("a", key=f'"{CANARY}"'), by=BY)
    later_version()

    copy = await upgrade(path)

    async with open_store() as store:
        assert ["a"] == [each.name for each in (await store.definitions.load(TENANT)).definitions.webhooks]
        assert CANARY == store.vault.reveal(TENANT, "CRM/key")
    assert path.with_name(f"store.db.schema-{HEAD}") == copy
    assert (True, False) == ("later" in columns(path), "later" in columns(copy))
    assert 0o600 == stat.S_IMODE(copy.stat().st_mode)
    assert await upgrade(path) is None


async def test_a_failed_upgrade_changes_nothing(open_store, path, later_version):
    """
    All of a migration or nothing of it, what changes the schema included.
    """
    async with open_store():
        pass
    later_version(then='op.execute("INSERT INTO nowhere VALUES (1)")')

    with pytest.raises(StoreError, match="no such table: nowhere"):
        await upgrade(path)

    assert "later" not in columns(path)
    with pytest.raises(StoreOutdated):
        await open_store().__aenter__()


async def test_a_newer_store_is_refused(open_store, path, later_version, monkeypatch):
    """
    An older version of the project neither opens nor upgrades it.
    """
    with monkeypatch.context() as patched:
        later_version()
        async with open_store():
            pass
        patched.undo()
    monkeypatch.undo()

    for opening in (open_store().__aenter__(), upgrade(path)):
        with pytest.raises(
            StoreOutdated, match="install the version of webhook-engine that wrote it"
        ) as refused:
            await opening
        assert refused.value.is_newer
