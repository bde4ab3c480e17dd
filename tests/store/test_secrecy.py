"""
A secret that was given to the store is in no file, no export, no error and no log.
"""

import logging
import os
import pickle
import traceback

import pytest
from cryptography.fernet import Fernet

from webhook_engine.definitions import SecretRef, read_text, write_toml
from webhook_engine.errors import SecretMissing, SettingsError, StoreError, VaultLocked
from webhook_engine.store import Store, add_key, keys_of, new_key, read_keys
from webhook_engine.store.sealing import Seal
from webhook_engine.testing.store.common import BY, CANARY, KEY, TENANT

EVERYWHERE = f"""
[tenant]
name = "{TENANT}"
[[agent]]
extension = "100-{TENANT}"
[[group]]
name = "key"
authentication = "api-key"
key_name = "X-Key"
key = "{CANARY}-key"
signing_secrets = ["{CANARY}-signing-1", {{ env = "SIGNING" }}, "{CANARY}-signing-2"]
[[group]]
name = "password"
authentication = "credentials"
level = "user"
[[group.member]]
extension = "100-{TENANT}"
username = "naledi"
password = "{CANARY}-password"
[[group]]
name = "oauth2"
authentication = "oauth2"
level = "user"
[group.oauth2]
token_url = "https://id.example.com/token"
grant = "refresh-token"
client_id = "us"
client_secret = "{CANARY}-client"
[[group.member]]
extension = "100-{TENANT}"
refresh_token = "{CANARY}-refresh"
"""

NAMES = {
    "key/key": "key",
    "key/signing/1": "signing-1",
    "key/signing/3": "signing-2",
    "password/100-Euphoria/password": "password",
    "oauth2/client_secret": "client",
    "oauth2/100-Euphoria/refresh_token": "refresh",
}


async def test_every_secret_is_moved(store):
    """
    Each kind, of groups and of members, each to a name that says whose it is.
    """
    saved = await store.definitions.save(TENANT, read_text(EVERYWHERE), by=BY)

    assert set(NAMES) == set(saved.sealed)
    for name, ending in NAMES.items():
        assert f"{CANARY}-{ending}" == store.secrets(TENANT).resolve(SecretRef.vault(name))


async def test_no_file_holds_one(path, open_store, caplog):
    """
    Neither the database nor its log, at no time, nor what is said meanwhile.
    """
    caplog.set_level(logging.DEBUG)
    async with open_store() as store:
        await store.definitions.save(TENANT, read_text(EVERYWHERE), by=BY)
        await store.vault.set(TENANT, "a", f"{CANARY}-set", by=BY)
        await store.vault.set(TENANT, "a", f"{CANARY}-again", by=BY)
        await store.vault.remove(TENANT, "a")
        api_key = (await store.keys.add(TENANT, "CRM", by=BY)).secret
        while_open = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    afterwards = {file.name: file.read_bytes() for file in path.parent.iterdir()}

    assert any(name.endswith("-wal") for name in while_open)
    for content in (*while_open.values(), *afterwards.values()):
        assert CANARY.encode() not in content
        assert api_key.encode() not in content
        assert KEY.encode() not in content
    assert CANARY not in caplog.text


async def test_no_export_holds_one(store):
    """
    Not even one that is asked to write what stands in the definitions.
    """
    await store.definitions.save(TENANT, read_text(EVERYWHERE), by=BY)

    exported = write_toml((await store.definitions.load(TENANT)).definitions, literals=True)

    assert CANARY not in exported
    assert all(f'vault = "{name}"' in exported for name in NAMES)


async def shown(work):
    """
    Everything that can be learned of what a failing piece of work raised.
    """
    with pytest.raises(Exception) as refused:
        await work
    error = refused.value
    assert isinstance(error, StoreError | SecretMissing), repr(error)
    told = "".join(traceback.format_exception(error))
    return told + repr(vars(error)) + repr(pickle.loads(pickle.dumps(error)))


async def test_no_error_holds_one(open_store, tmp_path):
    """
    What fails says where, and nothing of what it was working on.
    """
    async with open_store() as store:
        async with store._database.write() as connection:
            await connection.exec_driver_sql("DROP TABLE vault_secret")
        texts = [
            await shown(store.vault.set(TENANT, "a", CANARY, by=BY)),
            await shown(store.vault.set(TENANT, "a", f"{CANARY}\0", by=BY)),
            await shown(store.vault.set(TENANT, "", CANARY, by=BY)),
            await shown(store.definitions.save(TENANT, read_text(EVERYWHERE), by=BY)),
        ]
    async with Store.open(f"sqlite:///{tmp_path}/other.db") as store:
        texts.append(await shown(store.definitions.save(TENANT, read_text(EVERYWHERE), by=BY)))

    for text in texts:
        assert CANARY not in text


def test_what_holds_keys_does_not_show_them(tmp_path):
    """
    Neither the store that was given them nor the settings they stand in.
    """
    from webhook_engine.settings import Settings

    for holder in (Seal([KEY]), Store.open(f"sqlite:///{tmp_path}/x", [KEY]), Settings(key=KEY)):
        assert KEY not in repr(holder)


def test_a_sealed_secret_opens_under_its_own_name_alone():
    """
    Whoever can write the file cannot have one group's secret sent by another.
    """
    seal = Seal([KEY])
    sealed = seal.close(1, "CRM/key", CANARY)

    assert CANARY == seal.open(1, "CRM/key", sealed)
    for tenant, name in ((2, "CRM/key"), (1, "other")):
        with pytest.raises(VaultLocked, match="another name"):
            seal.open(tenant, name, sealed)


@pytest.mark.parametrize(
    "sealed", ["", "x", Fernet(KEY).encrypt(b"x").decode()[:-4]], ids=["no", "not", "part"]
)
def test_what_was_tampered_with_does_not_open(sealed):
    """
    It is refused as if there were no key for it.
    """
    with pytest.raises(VaultLocked, match="not at hand"):
        Seal([KEY]).open(1, "a", sealed)


def test_keys_are_read_however_they_are_parted():
    """
    By commas, blanks or lines, with comments.
    """
    one, two = new_key(), new_key()

    assert (one, two) == read_keys(f"{one},{two}", source="x")
    assert (one, two) == read_keys(f"# the newest\n{one}\n\n  {two}  # until May\n", source="x")
    assert () == read_keys(" \n# none\n", source="x")


def test_what_is_no_key_is_not_shown():
    """
    It may be the password of somebody who misread the page.
    """
    with pytest.raises(SettingsError, match="key 2 is no key") as refused:
        read_keys(f"{KEY},{CANARY}", source="the setting key")

    assert CANARY not in "".join(traceback.format_exception(refused.value))


def test_the_environment_wins_over_the_file_beside_the_database(tmp_path, monkeypatch):
    """
    One place counts, the nearest.
    """
    from webhook_engine.settings import Settings

    database = f"sqlite:///{tmp_path}/x.db"
    assert () == keys_of(Settings(database=database))
    in_file = new_key()
    (tmp_path / "x.key").write_text(in_file)

    assert (in_file,) == keys_of(Settings(database=database))
    assert (KEY,) == keys_of(Settings(database=database, key=KEY))
    with pytest.raises(SettingsError, match=r"nowhere\.key cannot be read"):
        keys_of(Settings(database=database, key_file=tmp_path / "nowhere.key"))


async def test_two_secrets_never_share_a_name(store):
    """
    Where a group's name makes it look so, nothing is saved and the author is told what to do.
    """
    text = f"""
        [[agent]]
        extension = "100-E"
        [[group]]
        name = "A"
        authentication = "api-key"
        level = "user"
        key_name = "X"
        [[group.member]]
        extension = "100-E"
        key = "{CANARY}-1"
        [[group]]
        name = "A/100-E"
        authentication = "api-key"
        key_name = "X"
        key = """

    for other in (f'"{CANARY}-2"', '{ vault = "A/100-E/key" }'):
        with pytest.raises(Exception, match=r"kept in the vault as 'A/100-E/key'.*vault set") as refused:
            await store.definitions.save(TENANT, read_text(f"{text}{other}\n"), by=BY)
        assert CANARY not in str(refused.value)

    assert () == await store.tenants()


def test_a_new_key_is_on_the_disk_before_anything_is_sealed_with_it(tmp_path, monkeypatch):
    """
    Its text, then its name: after a loss of power a secret would outlive the only key that opens it.
    """
    done = []

    def fsync(handle):
        done.append(os.readlink(f"/proc/self/fd/{handle}"))
        done.append(sorted(each.name for each in tmp_path.iterdir()))

    monkeypatch.setattr(os, "fsync", fsync)

    add_key(tmp_path / "webhook-engine.key")

    assert [
        str(tmp_path / "webhook-engine.key.new"),
        ["webhook-engine.key.new"],
        str(tmp_path),
        ["webhook-engine.key"],
    ] == done
