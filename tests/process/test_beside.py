"""
Commands beside a running process: what they change counts at once, and only whoever may, may.
"""

import json
import urllib.error
import urllib.request

import pytest

from tests.faults.process import DEFINITIONS, Process, event, until
from webhook_engine.store import new_key


@pytest.fixture(scope="module")
def process(target, tmp_path_factory):
    with Process(
        tmp_path_factory.mktemp("beside"), target, environ={"WEBHOOK_ENGINE_KEY": new_key()}
    ) as process:
        yield process


def test_a_key_counts_from_its_making_to_its_removal(beside, process):
    """
    It is printed alone on the last line, and is for what it was made for.
    """
    made = beside("key", "add", "dialer", "--scope", "events")
    key = made.out.splitlines()[-1]

    accepted, _ = process.ask("POST", "/v1/events", event("by-key"), key=key)
    refused, _ = process.ask("GET", "/v1/deliveries", key=key)
    assert (202, 403) == (accepted, refused)
    assert ["dialer"] == [each["name"] for each in json.loads(beside("key", "list", "--json").out)]
    assert 0 == beside("key", "remove", "dialer").code
    assert 401 == process.ask("POST", "/v1/events", event("too-late"), key=key)[0]
    [gone] = json.loads(beside("key", "list", "--removed", "--json").out)
    assert gone["removed_at"] is not None


def test_a_process_that_works_by_a_file_has_nothing_to_export(beside):
    """
    What to do is said, also where an earlier revision was asked for.
    """
    done, earlier = beside("export"), beside("export", "--revision", "3")

    assert (2, "") == (done.code, done.out)
    assert (
        "the store has no definitions of 'Euphoria' to export: `webhook-engine import FILE` puts" in done.err
    )
    assert (2, "error: there is no revision '3'\n") == (earlier.code, earlier.err)


def test_administering_takes_a_key_for_it(beside, process):
    """
    Any other key is refused, and none as well.
    """
    key = beside("key", "add", "operator", "--scope", "deliveries").out.splitlines()[-1]

    statuses = [process.ask("POST", "/v1/admin/keys.list", {}, key=each)[0] for each in (key, "no-key")]

    assert [403, 401] == statuses


@pytest.mark.parametrize(
    ("act", "document", "status"),
    [
        ("keys.lists", {}, 404),
        ("keys.list", {"tenant": 1, "removed": False}, 422),
        ("vault.rotate", {"x": 1}, 422),
        ("keys.add", {"tenant": "Euphoria", "name": "a", "scopes": [5], "by": "x"}, 422),
        ("keys.add", {"tenant": "Euphoria", "name": "a", "scopes": [["events"]], "by": "x"}, 422),
        ("definitions.load", {"tenant": "Euphoria", "number": 2**63}, 422),
        ("definitions.load", {"tenant": "Euphoria", "number": True}, 422),
    ],
)
def test_what_administering_cannot_mean_is_refused(process, act, document, status):
    """
    An act that there is not, a part of another kind or with something of another kind in it, a part too many.
    """
    assert status == process.ask("POST", f"/v1/admin/{act}", document)[0]


def test_a_body_that_nobody_reads_is_no_error_of_the_process(process):
    """
    Whatever is wrong in one that was refused before, its log holds the refusal and no traceback.
    """
    told = len(process.log())
    body, headers = b"no gzip", {"Content-Type": "text/plain", "Content-Encoding": "gzip"}
    request = urllib.request.Request(f"{process.url}/v1/events", body, headers)

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    refused.value.close()
    assert 200 == process.ask("GET", "/v1/deliveries")[0]
    process.ask("GET", "/v1/deliveries/none")
    until(lambda: any(each.get("code") == "not-found" for each in process.log()[told:]))

    assert 401 == refused.value.code
    assert {"request.refused"} == {each["event"] for each in process.log()[told:]}


def test_a_secret_goes_into_the_vault_of_the_process(beside):
    """
    Set, listed, sealed anew, forgotten; it is shown nowhere.
    """
    assert 0 == beside("vault", "set", "CRM/key", stdin="hidden-value").code
    [entry] = json.loads(beside("vault", "list", "--json").out)
    rotated = beside("vault", "rotate")
    removed = beside("vault", "remove", "CRM/key")

    assert ("CRM/key", True) == (entry["name"], entry["opens"])
    assert "1 secret is sealed" in rotated.out
    assert "CRM/key is forgotten\n" == removed.out
    assert [] == json.loads(beside("vault", "list", "--json").out)


def test_secrets_in_imported_definitions_are_sealed_by_the_process(beside, process, tmp_path):
    """
    The definitions that come back refer to them.
    """
    file = tmp_path / "with-a-secret.toml"
    file.write_text(
        f"{process.file.read_text()}\n[[group]]\nname = 'CRM'\nauthentication = 'api-key'\nlevel = 'global'\n"
        "key_in = 'header'\nkey_name = 'X-Key'\nkey = 'hidden-value'\n"
    )

    done = beside("import", str(file))

    assert "moved into the vault: CRM/key" in done.out
    exported = beside("export").out
    assert 'key = { vault = "CRM/key" }' in exported.replace("{vault", "{ vault").replace('"}', '" }')
    assert "hidden-value" not in exported + process.said()


def test_what_the_process_refuses_is_told_in_its_words(beside):
    """
    As if the command had the store itself.
    """
    done = beside("key", "remove", "nobody")

    assert (2, "error: there is no API key 'nobody'\n") == (done.code, done.err)


def test_a_vault_without_a_key_says_what_to_do(target, tmp_path, command, monkeypatch):
    """
    In the command's error, and where the definitions need it, at the start and in the log.
    """
    monkeypatch.chdir(tmp_path)
    with Process(tmp_path, target) as process:
        refused = command("vault", "set", "CRM/key", stdin="x")
        process.file.write_text(
            process.file.read_text()
            + "\n[[group]]\nname = 'CRM'\nauthentication = 'api-key'\nlevel = 'global'\n"
            "key_in = 'header'\nkey_name = 'X-Key'\nkey = { vault = 'CRM/key' }\n"
        )
        [missing] = process.until_logged("secret.missing")

    assert 2 == refused.code
    assert "the vault has no key: set WEBHOOK_ENGINE_KEY" in refused.err
    assert f"then start process {process.pid} again" in refused.err
    assert "set WEBHOOK_ENGINE_KEY or --key-file and start again" in missing["problem"]


def test_without_its_word_the_process_is_named(target, tmp_path, command, monkeypatch):
    """
    Another user's process leaves no word for us: who has the store is told, and nothing is done.
    """
    monkeypatch.chdir(tmp_path)
    with Process(tmp_path, target) as process:
        (tmp_path / "webhook-engine.running").unlink()

        done = command("key", "list")

    assert 2 == done.code
    assert f"belongs to process {process.pid} (webhook-engine)" in done.err


def test_word_of_a_killed_process_misleads_nobody(target, tmp_path, command, monkeypatch):
    """
    Its file is still there; the lock says that nobody has the store.
    """
    monkeypatch.chdir(tmp_path)
    with Process(tmp_path, target) as process:
        process.kill()
        assert (tmp_path / "webhook-engine.running").exists()

        done = command("key", "list")

    assert (0, "") == (done.code, done.err)


def test_secrets_that_are_nowhere_are_told_at_the_start(target, tmp_path):
    """
    Of the environment and of files, each with what to do; one that is there is not told.
    """
    group = (
        "\n[[group]]\nname = '{0}'\nauthentication = 'api-key'\nlevel = 'global'\n"
        "key_in = 'header'\nkey_name = 'X-Key'\nkey = {{ {1} }}\n"
    )
    file = tmp_path / "integration.toml"
    file.write_text(
        DEFINITIONS.format(target=target.url, deadline_s=5)
        + group.format("A", "env = 'NO_SUCH_KEY'")
        + group.format("B", "file = 'no-such.key'")
        + group.format("C", "env = 'THERE'")
    )
    with Process(tmp_path, definitions_at=file.name, environ={"THERE": "x"}) as process:
        process.until_logged("secret.missing")
        until(lambda: "Ctrl-C ends this" in process.printed())
        told = [each["problem"] for each in process.log() if each["event"] == "secret.missing"]
        printed = process.printed()

    in_the_environment, in_a_file = told
    assert "the environment variable NO_SUCH_KEY is not set: set it and start again" in in_the_environment
    assert "no-such.key" in in_a_file
    assert "put it there" in in_a_file
    assert all(each in printed for each in told)


def test_an_import_beside_a_file_is_not_said_to_be_in_force(beside, process):
    """
    A process that works by a file goes on doing so: the revision is kept, and what to do is told.
    """
    done = beside("import", "integration.toml")

    assert (0, True) == (done.code, "revision" in done.out)
    assert f"process {process.pid} works by integration.toml, so this is not in force there" in done.err
