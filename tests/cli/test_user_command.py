"""
Users of the Integration Centre, from the command line.
"""

import json
from pathlib import Path

import pytest

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    for name in ("DATABASE", "KEY", "KEY_FILE", "TENANT"):
        monkeypatch.delenv(f"WEBHOOK_ENGINE_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def _add(command, email, *more, stdin=PASSWORD):
    return command("user", "add", email, *more, "--password-stdin", stdin=stdin)


def test_a_user_is_added_listed_and_removed(command):
    """
    The store is made where it is missing; no password is printed or kept as it is.
    """
    added = _add(command, "Naledi@example.com", "--role", "administrator", stdin=f"{PASSWORD}\n")
    listed = json.loads(command("user", "list", "--json").out)
    changed = command(
        "user", "password", "naledi@example.com", "--password-stdin", stdin="another long secret"
    )
    kept = command("user", "remove", "naledi@example.com")
    _add(command, "sipho@example.com", "--role", "administrator")
    removed = command("user", "remove", "naledi@example.com")

    assert (0, "naledi@example.com may sign in as administrator\n") == (added.code, added.out)
    assert [("naledi@example.com", "administrator")] == [(each["email"], each["role"]) for each in listed]
    assert (0, 0) == (changed.code, removed.code)
    assert kept.code != 0
    assert "add another administrator first" in kept.err
    left = json.loads(command("user", "list", "--json").out)
    assert ["sipho@example.com"] == [each["email"] for each in left]
    assert PASSWORD.encode() not in b"".join(each.read_bytes() for each in Path().glob("*.db*"))


@pytest.mark.parametrize(
    ("words", "said"),
    {
        "an unknown role": (("--role", "boss"), "it is one of administrator, manager, agent"),
        "an agent without an extension": (("--role", "agent"), "needs an extension"),
    }.values(),
    ids=["an unknown role", "an agent without an extension"],
)
def test_what_cannot_be_is_refused(command, words, said):
    """
    With what to write.
    """
    refused = _add(command, "naledi@example.com", *words)

    assert refused.code != 0
    assert said in refused.err


def test_a_password_is_never_taken_from_nowhere(command):
    """
    Without a terminal it has to be asked for with --password-stdin.
    """
    refused = command("user", "add", "naledi@example.com", "--role", "manager", stdin=PASSWORD)

    assert refused.code != 0
    assert "--password-stdin" in refused.err
