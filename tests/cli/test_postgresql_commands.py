"""
The store's commands on a PostgreSQL database, which needs no running process to be asked.
"""

from pathlib import Path

import pytest

from tests.cli.test_store_commands import CANARY, DEFINITIONS
from webhook_engine.store import new_key


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, postgresql):
    """
    A working directory of the test's own; where the database is, the environment says.
    """
    for name in ("KEY", "KEY_FILE", "TENANT"):
        monkeypatch.delenv(f"WEBHOOK_ENGINE_{name}", raising=False)
    monkeypatch.setenv("WEBHOOK_ENGINE_DATABASE", postgresql.make_schema())
    monkeypatch.chdir(tmp_path)
    Path("integration.toml").write_text(DEFINITIONS, encoding="utf-8")


def test_definitions_keys_and_secrets_are_administered(command, monkeypatch):
    """
    As on a file: what is imported comes back, with its secrets as references alone.
    """
    monkeypatch.setenv("WEBHOOK_ENGINE_KEY", new_key())

    imported = command("import", "integration.toml")
    exported = command("export")
    added = command("key", "add", "dialer")
    listed = command("key", "list")
    secrets = command("vault", "list")

    assert [0] * 5 == [each.code for each in (imported, exported, added, listed, secrets)]
    assert 'name = "Contact lookup"' in exported.out
    assert CANARY not in exported.out + secrets.out
    assert "dialer" in listed.out
    assert "CRM/" in secrets.out
    assert not list(Path().glob("*.db"))


def test_the_doctor_looks_into_it(command, monkeypatch, postgresql):
    """
    Where it is, whose it is; a database that is not there is told with what to do.
    """
    monkeypatch.setenv("WEBHOOK_ENGINE_KEY", new_key())
    command("import", "integration.toml")

    healthy = command("doctor", "--fix")
    monkeypatch.setenv("WEBHOOK_ENGINE_DATABASE", postgresql.url("nowhere"))
    missing = command("doctor")

    assert 0 == healthy.code, healthy
    assert "Euphoria" in healthy.out
    assert 0 != missing.code
    assert "make it with createdb" in missing.out + missing.err
