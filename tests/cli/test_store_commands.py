"""
Definitions, keys and secrets of a store, from the command line.
"""

import fcntl
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.store import holder_process
from webhook_engine.definitions import read_text
from webhook_engine.store import new_key, read_keys

CANARY = "canary-7f3a-secret"

DEFINITIONS = f"""
[tenant]
name = "Euphoria"
country = "ZA"

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
authentication = "api-key"
key_name = "X-Key"
level = "user"

[[group.member]]
extension = "100-Euphoria"
key = "{CANARY}"

[[webhook]]
name = "Contact lookup"
group = "CRM"
type = "ajax-get"
url = "https://crm.example.com/contacts"

[[webhook]]
name = "Kundenseite ☎ „neu“"
type = "browser-window"
url = "https://crm.example.com/k/{{CALL_CRMTAG}}"
"""

STORE = "webhook-engine.db"
KEY_FILE = "webhook-engine.key"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A working directory of the test's own, with definitions in it and nothing in the environment.
    """
    for name in ("DATABASE", "KEY", "KEY_FILE", "TENANT"):
        monkeypatch.delenv(f"WEBHOOK_ENGINE_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    Path("integration.toml").write_text(DEFINITIONS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def ok(command):
    """
    A command that must succeed; gives what it printed.
    """

    def ok(*words, stdin=None):
        result = command(*words, stdin=stdin)
        assert 0 == result.code, result
        return result.out

    return ok


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """
    Where the first test that needs it leaves what `imported` makes, for the others to copy.
    """
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def imported(ok, here, kept):
    """
    A store with a key to seal with, and the definitions in it.
    """
    if any(kept.iterdir()):
        shutil.copytree(kept, here, dirs_exist_ok=True)
        return
    ok("vault", "new-key")
    ok("import", "integration.toml")
    shutil.copytree(here, kept, dirs_exist_ok=True)


def stored():
    """
    Every row of the store, as statements.
    """
    with closing(sqlite3.connect(STORE)) as database:
        return list(database.iterdump())


def files():
    """
    Everything that is written here beside the definitions.
    """
    return b"".join(each.read_bytes() for each in Path().glob(f"{STORE}*"))


# --- There and back ------------------------------------------------------------------------------


def test_what_goes_in_comes_out_the_same(ok, imported):
    """
    Export, import, export: not a byte changes, and no revision is made of it.
    """
    first = ok("export", "--out", "exported.toml") or Path("exported.toml").read_text(encoding="utf-8")

    again = ok("import", "exported.toml")

    assert "revision 1, as it was" in again
    assert first == ok("export")
    stated, found = read_text(DEFINITIONS), read_text(first)
    assert stated.tenant == found.tenant
    assert stated.webhooks == found.webhooks
    assert stated.agents == found.agents


def test_another_store_takes_what_one_gave(ok, imported):
    """
    Definitions move; the secrets they name are said to be missing until they are set there.
    """
    exported = ok("export")
    Path("exported.toml").write_text(exported, encoding="utf-8")

    told = ok("import", "exported.toml", "--database", "sqlite:///other.db")

    assert "missing in the vault: CRM/100-Euphoria/key" in told
    assert exported == ok("export", "--database", "sqlite:///other.db")


def test_an_earlier_revision_comes_out_too(ok, imported):
    """
    The history is there by number.
    """
    Path("integration.toml").write_text(DEFINITIONS.replace("/contacts", "/v2/contacts"), encoding="utf-8")
    assert "revision 2" in ok("import", "integration.toml", "--note", "the CRM moved")

    assert "/v2/contacts" in ok("export")
    assert "/v2/contacts" not in ok("export", "--revision", "1")


def test_a_secret_leaves_only_as_a_reference(ok, command):
    """
    The file still holds it, and says so; the store, its log and what is exported do not.
    """
    ok("vault", "new-key")

    told = command("import", "integration.toml")

    assert "moved into the vault: CRM/100-Euphoria/key" in told.out
    assert "integration.toml still holds them" in told.err
    exported = ok("export")
    assert '{ vault = "CRM/100-Euphoria/key" }' in exported
    assert CANARY not in told.out + told.err + exported + ok("vault", "list") + ok("vault", "list", "--json")
    assert CANARY.encode() not in files()


def test_an_export_is_whole_or_not_there(ok, command, imported):
    """
    What stood in the file stays where the new text cannot be written, and nothing is left beside it.
    """
    Path("folder").mkdir()

    result = command("export", "--out", "folder")

    assert (2, "") == (result.code, result.out)
    assert "folder cannot be written" in result.err
    assert [] == [*Path().glob(".*"), *Path("folder").iterdir()]


# --- Keys ----------------------------------------------------------------------------------------


def test_a_key_stands_alone_on_the_last_line(ok, imported):
    """
    So that a script takes it with `| tail -1`; nobody is shown it again, and no file holds it.
    """
    key = ok("key", "add", "CRM", "--scope", "events", "--scope", "ask").splitlines()[-1]

    assert key.startswith("wek_")
    assert key == key.strip()
    (listed,) = json.loads(ok("key", "list", "--json"))
    assert ("CRM", ["ask", "events"]) == (listed["name"], listed["scopes"])
    assert key not in ok("key", "list") + json.dumps(listed)
    assert key.split("_", 2)[2].encode() not in files()


def test_a_removed_key_is_history(ok, imported):
    """
    It is gone from the list and kept in the history, and its name is free.
    """
    ok("key", "add", "CRM")

    ok("key", "remove", "CRM")

    assert [] == json.loads(ok("key", "list", "--json"))
    assert ["CRM"] == [each["name"] for each in json.loads(ok("key", "list", "--removed", "--json"))]
    ok("key", "add", "CRM")


def test_a_scope_that_there_is_not_makes_no_key(command, ok, imported):
    """
    A key with a misspelt scope would open nothing, and nobody would know why.
    """
    result = command("key", "add", "CRM", "--scope", "evnets")

    assert (2, "") == (result.code, result.out), result
    assert "did you mean 'events'?" in result.err
    assert [] == json.loads(ok("key", "list", "--json"))


# --- The vault -----------------------------------------------------------------------------------


def test_a_secret_goes_in_and_is_listed_by_name(ok, imported):
    """
    With who set it and when; the line end that `echo` adds is not of it.
    """
    ok("vault", "set", "CRM/other", stdin=b"another-secret\n")

    (found,) = (each for each in json.loads(ok("vault", "list", "--json")) if each["name"] == "CRM/other")

    assert found["opens"]
    assert found["set_by"]
    assert {"name", "opens", "set_at", "set_by"} == set(found)
    ok("vault", "remove", "CRM/other")
    assert "CRM/other" not in ok("vault", "list")


def test_rotation_makes_the_old_key_needless(ok, command, imported):
    """
    A new key, rotate, and the old one can be thrown away; not before.
    """
    (old,) = read_keys(Path(KEY_FILE).read_text(), source="")
    ok("vault", "new-key")
    newest, *older = read_keys(Path(KEY_FILE).read_text(), source="")
    assert [old] == older
    Path(KEY_FILE).write_text(newest)
    assert "\tNO" in ok("vault", "list")
    Path(KEY_FILE).write_text(f"{newest}\n{old}\n")

    assert "1 secret is sealed under the newest key" in ok("vault", "rotate")

    Path(KEY_FILE).write_text(newest)
    assert "opens all 1 secret" in ok("doctor")
    assert "\tNO" not in ok("vault", "list")


def test_a_key_file_is_its_owners_alone(ok, here):
    """
    Whoever reads it and the store reads every secret.
    """
    ok("vault", "new-key")

    assert 0o600 == Path(KEY_FILE).stat().st_mode & 0o777


def test_the_environment_and_the_file_do_not_mix(command, monkeypatch):
    """
    Where the environment has the keys, a file would be made that nothing reads.
    """
    monkeypatch.setenv("WEBHOOK_ENGINE_KEY", new_key())

    result = command("vault", "new-key")

    assert (2, "") == (result.code, result.out)
    assert "WEBHOOK_ENGINE_KEY" in result.err
    assert not Path(KEY_FILE).exists()


# --- What goes wrong is said, and changes nothing --------------------------------------------------


def test_no_key_to_seal_with(command):
    """
    Nothing is stored, in clear or otherwise; the sentence says what makes a key.
    """
    for words, stdin in (
        (("import", "integration.toml"), None),
        (("vault", "set", "CRM/key"), CANARY.encode()),
    ):
        result = command(*words, stdin=stdin)

        assert (2, "") == (result.code, result.out), result
        assert "webhook-engine vault new-key" in result.err
        assert CANARY not in result.err
    assert CANARY.encode() not in files()


def test_rotation_without_a_secret_claims_nothing(ok):
    """
    Where nothing was sealed anew it does not call older keys needless.
    """
    ok("vault", "new-key")
    ok("vault", "set", "CRM/only", stdin=b"hunter2")
    ok("vault", "remove", "CRM/only")

    rotated = ok("vault", "rotate")

    assert "no secret yet" in rotated
    assert "not needed" not in rotated


def test_a_wrong_key_opens_nothing_and_is_found_out(ok, command, imported):
    """
    The doctor names the secrets, and rotation refuses rather than lose one.
    """
    Path(KEY_FILE).write_text(new_key())

    found, rotated = command("doctor"), command("vault", "rotate")

    assert 1 == found.code
    assert "opens 0 of 1 secret, but not CRM/100-Euphoria/key" in found.out
    assert (2, "") == (rotated.code, rotated.out)
    assert "'CRM/100-Euphoria/key' is sealed under a key that is not at hand" in rotated.err


def test_a_damaged_key_file_is_left_as_it_is(ok, command, imported):
    """
    What is advised can be followed: another `new-key` would be refused for the same reason.
    """
    Path(KEY_FILE).write_text(f"{CANARY}\n")

    for words in (("vault", "list"), ("vault", "new-key"), ("import", "integration.toml")):
        result = command(*words)

        assert (2, "") == (result.code, result.out), result
        assert f"{KEY_FILE}: key 1 is no key" in result.err
        assert CANARY not in result.err
        assert "--print" in result.err
    assert f"{CANARY}\n" == Path(KEY_FILE).read_text()
    read_keys(ok("vault", "new-key", "--print"), source="")


DAMAGED = {
    "no database": b"This is a shopping list. " * 400,
    "the beginning alone": None,
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
@pytest.mark.parametrize(
    "words", [("export",), ("key", "list"), ("import", "integration.toml")], ids=" ".join
)
def test_a_store_that_is_damaged(ok, command, imported, words, content):
    """
    Is named, and left as it is.
    """
    store = Path(STORE)
    store.write_bytes(content if content is not None else store.read_bytes()[:5_000])
    before = store.read_bytes()

    result = command(*words)

    assert (2, "") == (result.code, result.out), result
    assert STORE in result.err
    assert "Traceback" not in result.err
    assert "should not have happened" not in result.err
    assert before == store.read_bytes()
    assert 1 == command("doctor").code


def test_a_store_of_a_newer_version(ok, command, imported):
    """
    Is refused with both numbers and what to install; not even `doctor --fix` touches it.
    """
    with closing(sqlite3.connect(STORE)) as db:
        db.execute("UPDATE alembic_version SET version_num = '9001'")
        db.commit()
    before = Path(STORE).read_bytes()

    for words, code in ((("export",), 2), (("key", "add", "CRM"), 2), (("doctor", "--fix"), 1)):
        result = command(*words)

        assert code == result.code, result
        assert "9001" in result.err + result.out
        assert "install the version" in (result.err + result.out).replace("\n", " ")
    assert before == Path(STORE).read_bytes()


def test_a_store_that_a_running_process_has(command, imported):
    """
    The process is named; the doctor takes it for a good sign.
    """
    with subprocess.Popen(
        [sys.executable, holder_process.__file__, STORE], stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert "open\n" == holder.stdout.readline()

            exported, found = command("export"), command("doctor")
        finally:
            holder.kill()

    assert (2, "") == (exported.code, exported.out), exported
    assert f"process {holder.pid}" in exported.err
    assert 0 == found.code, found
    assert f"in use by process {holder.pid}" in found.out


def test_a_lock_whose_owner_left_no_name(command, imported):
    """
    Even then it is a sentence.
    """
    with Path(f"{STORE}.owner").open("w") as side:
        fcntl.flock(side, fcntl.LOCK_EX)

        result = command("key", "list")

    assert (2, "") == (result.code, result.out), result
    assert "belongs to another process" in result.err


WRONG = {
    "no store yet": (["export", "--database", "sqlite:///nowhere.db"], "there is no store"),
    "a folder that is not there": (
        ["import", "integration.toml", "--database", "sqlite:///no/x.db"],
        "no/x.db",
    ),
    "another database": (["key", "list", "--database", "mysql://db"], "sqlite:///FILE"),
    "a revision that is not": (["export", "--revision", "7"], "there is no revision '7'"),
    "a revision beyond numbers": (["export", "--revision", "99999999999999999999"], "revision"),
    "a revision before the first": (["export", "--revision", "0"], "revision"),
    "a key that is not": (["key", "remove", "CMR"], "there is no API key 'CMR': did you mean 'CRM'?"),
    "a key that is there": (["key", "add", "CRM"], "there is a key 'CRM' already"),
    "a key without a name": (["key", "add", " "], "is no name for a key"),
    "a secret that is not": (["vault", "remove", "CRM/100-Euphoria/kye"], "did you mean"),
    "an empty secret": (["vault", "set", "CRM/x"], "must have 1 to 65,536 characters"),
    "another tenant's file": (
        ["import", "integration.toml", "--tenant", "Other"],
        "defines the tenant 'Euphoria'",
    ),
    "a tenant that is not": (["export", "--tenant", "Euforia"], "Euforia"),
    "a file that defines nothing": (["import", "empty.toml"], "empty.toml"),
    "a key file that is not": (["vault", "list", "--key-file", "no.key"], "no.key"),
}


@pytest.mark.parametrize(("words", "says"), WRONG.values(), ids=WRONG.keys())
def test_is_answered_with_a_sentence(ok, command, imported, words, says):
    """
    With exit code 2, nothing on standard output, and the store as it was.
    """
    ok("key", "add", "CRM")
    Path("empty.toml").write_text("")
    before = stored()

    result = command(*words, stdin=b"")

    assert (2, "") == (result.code, result.out), result
    assert says in result.err.replace("\n", " ")
    assert "should not have happened" not in result.err
    assert before == stored()


def test_with_several_tenants_a_command_asks_which(ok, command, imported):
    """
    Rather than take the first.
    """
    ok("import", "integration.toml")
    Path("integration.toml").write_text(DEFINITIONS.replace('name = "Euphoria"', 'name = "Other"'))
    ok("import", "integration.toml")

    result = command("export")

    assert (2, "") == (result.code, result.out)
    assert "'Euphoria', 'Other'" in result.err
    assert 'name = "Other"' in ok("export", "--tenant", "Other")


# --- The doctor ----------------------------------------------------------------------------------


def test_the_doctor_is_content(ok, imported):
    """
    With the tenant's name and the number of secrets that open.
    """
    found = {each["subject"]: each for each in json.loads(ok("doctor", "--json"))}

    assert "Euphoria" in found["store"]["detail"]
    assert ("ok", "opens all 1 secret") == (found["vault key"]["verdict"], found["vault key"]["detail"])


def test_the_doctor_says_what_is_missing(command, ok, imported):
    """
    A secret that definitions refer to, with the command that sets it.
    """
    ok("vault", "remove", "CRM/100-Euphoria/key")

    result = command("doctor")

    assert 1 == result.code
    assert "webhook-engine vault set CRM/100-Euphoria/key" in result.out.replace("\n", " ")


def test_the_doctor_closes_what_others_can_read(command, ok, imported):
    """
    Once told to; before, it says what is open.
    """
    for name in (STORE, KEY_FILE):
        Path(name).chmod(0o644)

    before = command("doctor")

    assert 1 == before.code
    assert 2 == before.out.count("can be read by other users")
    ok("doctor", "--fix")
    assert {0o600} == {Path(name).stat().st_mode & 0o777 for name in (STORE, KEY_FILE)}


def test_the_doctor_before_there_is_a_store(ok):
    """
    Is a note and no fault, and makes no file.
    """
    before = set(Path().iterdir())

    assert "webhook-engine import" in ok("doctor").replace("\n", " ")

    assert before == set(Path().iterdir())
