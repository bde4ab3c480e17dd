"""
Users are added, listed and removed while the process runs: it is asked, and knows them at once.
"""

import json


def test_users_of_a_running_process(beside):
    """
    As if the command had the store itself.
    """
    email = "naledi@example.com"
    more = ("--role", "agent", "--extension", "100-Euphoria", "--password-stdin")
    added = beside("user", "add", email, *more, stdin="correct horse battery")
    listed = beside("user", "list", "--json")
    changed = beside("user", "password", email, "--password-stdin", stdin="short")
    removed = beside("user", "remove", email)

    assert (0, f"{email} may sign in as agent\n") == (added.code, added.out), added
    assert [(email, "agent", "100-Euphoria")] == [
        (each["email"], each["role"], each["extension"]) for each in json.loads(listed.out)
    ]
    assert "10 to 1,000 characters" in changed.err
    assert 0 == removed.code, removed
    assert [] == json.loads(beside("user", "list", "--json").out)
