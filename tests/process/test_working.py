"""
A process works: events in over HTTP, deliveries out, and every setting told in one of three ways.
"""

import json
import os
import stat

import pytest

from tests.faults.process import Process, Target, event, until


@pytest.fixture(scope="module")
def target():
    with Target() as target:
        yield target


@pytest.fixture(scope="module")
def process(target, tmp_path_factory):
    with Process(tmp_path_factory.mktemp("up"), target) as process:
        yield process


def test_an_event_is_delivered(process, target):
    """
    From the dialer's request to the target's, with the key that the delivery has.
    """
    process.send(event("first"))
    done = process.settled()["first"]

    [request] = [each for each in target.requests if each.call == "first"]
    assert "done" == done["state"]
    assert {"notes": "first"} == json.loads(request.body)
    assert done["id"] == request.key


def test_each_attempt_is_one_line_of_the_log(process):
    """
    What was durable, and what an agent's call looked up.
    """
    process.send(event("told"), event("shown", "ringing"))
    process.settled()
    process.until_logged("attempt.finished", 2)

    told = [each for each in process.log("attempt.finished") if each["webhook"] in {"Lookup", "Report"}]
    assert {"Lookup", "Report"} == {each["webhook"] for each in told}
    assert {"ok"} == {each["outcome"] for each in told if each["webhook"] == "Report"}


def test_it_says_where_it_is(process):
    """
    The address, the files, and what to do next.
    """
    printed = until(lambda: text if "key add" in (text := process.printed()) else None, process.printed)

    assert f"webhook-engine listens on {process.url}" in printed
    assert "Euphoria: integration.toml (3 webhooks, 2 rules)" in printed
    assert "webhook-engine.deliveries.db" in printed
    assert "webhook-engine key add" in printed


def test_its_files_are_its_users_alone(process):
    """
    Call notes are in them, and the key that commands ask with.
    """
    names = ("webhook-engine.db", "webhook-engine.deliveries.db", "webhook-engine.running")
    modes = {name: stat.S_IMODE(os.stat(process.folder / name).st_mode) for name in names}

    assert dict.fromkeys(names, 0o600) == modes


def test_a_signal_ends_it_well(target, tmp_path):
    """
    It ends with 0, and takes its word back.
    """
    with Process(tmp_path, target) as process:
        process.terminate()

        assert 0 == process.wait()
    assert not (tmp_path / "webhook-engine.running").exists()
    assert ["worker.started", "worker.stopping", "worker.ended"] == [each["event"] for each in process.log()]
