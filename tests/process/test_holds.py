"""
`deliveries holds` and `deliveries resume`: what is kept back, seen and let go.
"""

import json

import pytest

from tests.faults.process import Process, Target, event, until
from webhook_engine.performing import REASONS


@pytest.fixture(scope="module")
def target():
    with Target() as target:
        target.answer = lambda request: 410 if request.call.startswith("gone") else 200
        yield target


@pytest.fixture(scope="module")
def process(target, tmp_path_factory):
    """
    The target of its webhook is gone, and a delivery is kept back for that.
    """
    with Process(tmp_path_factory.mktemp("holds"), target) as process:
        process.send(event("gone"))
        process.settled()
        process.send(event("kept"))
        yield process


def test_what_is_kept_back_is_listed(beside):
    """
    With why, since when, and what to do.
    """
    [hold] = json.loads(beside("deliveries", "holds", "--json").out)
    shown = beside("deliveries", "holds").out

    assert ("Report", "webhook-gone") == (hold["webhook"], hold["reason"])
    assert REASONS["webhook-gone"].to_do == hold["to_do"]
    assert "Edit the webhook" in shown


def test_a_webhook_that_there_is_not_is_told(beside):
    """
    By its name.
    """
    done = beside("deliveries", "resume", "Nothing")

    assert done.code != 0
    assert "'Nothing'" in done.err


def test_it_is_let_go(beside, target):
    """
    The running process performs it; afterwards nothing is kept back.
    """
    done = beside("deliveries", "resume", "Report")

    assert (0, "1 delivery let go\n") == (done.code, done.out)
    target.until(lambda: "kept" in target.calls())
    assert [] == json.loads(beside("deliveries", "holds", "--json").out)


def test_without_a_process_the_file_is_opened(beside, process):
    """
    The same list, and what is let go is performed by the next process.
    """
    process.send(event("gone-2"))
    until(
        lambda: process.deliveries(event="gone-2")[0]["state"] == "dead",
        lambda: str(process.deliveries(event="gone-2")),
    )
    process.send(event("kept-2"))
    until(lambda: process.deliveries(event="kept-2")[0]["reason"] == "webhook-gone")
    process.terminate()
    process.wait()

    [hold] = json.loads(beside("deliveries", "holds", "--json").out)
    done = beside("deliveries", "resume", "Report")

    assert "Report" == hold["webhook"]
    assert (0, "1 delivery let go\n") == (done.code, done.out)
    assert [] == json.loads(beside("deliveries", "holds", "--json").out)
    again = beside("deliveries", "resume", "Reprot")
    assert (1, "0 deliveries let go\n") == (again.code, again.out)
    assert "nothing of 'Reprot' is kept back" in again.err
