"""
What becomes of one request when its process ends at the worst moment.
"""

import threading

import pytest

from tests.faults.process import Process, event
from webhook_engine.queue import MAYBE_DELIVERED, State


@pytest.fixture
def process(tmp_path, target):
    with Process(tmp_path, target) as process:
        yield process


def test_killed_before_the_response_it_is_sent_again(process, target):
    """
    Nobody can tell what the target made of it: it gets the same request under the same key, and the record says so.
    """
    target.answer = target.hang
    process.send(event("e1"))
    target.until(lambda: target.calls() == ["e1"])

    process.kill()
    target.answer = lambda request: 200
    process.start()
    done = process.settled()["e1"]

    first, second = target.requests
    assert (first.key, first.body) == (second.key, second.body)
    assert [MAYBE_DELIVERED, "ok"] == [each["outcome"] for each in process.attempts(done["id"])]
    assert ("done", 0) == (done["state"], done["failures"])


def test_killed_after_the_response_it_is_not_lost(process, target):
    """
    The answer had left the target when the process died: sent once or twice, never not at all.
    """
    target.after = lambda request: process.kill()
    process.send(event("e1"))
    target.until(lambda: not process.is_alive)

    target.after = lambda request: None
    process.start()
    done = process.settled()["e1"]

    assert "done" == done["state"]
    assert {done["id"]} == {each.key for each in target.requests}
    assert len(target.requests) == len(process.attempts(done["id"])) <= 2


def test_killed_before_anything_was_sent_it_is_sent_once(process, target):
    """
    Accepted is on the disk, whether anybody was asked yet or not.
    """
    target.answer = target.hang
    process.send(*(event(f"busy-{n}") for n in range(200)))
    process.send(event("later"))
    process.kill()

    target.answer = lambda request: 200
    process.start()

    assert {"done"} == {each["state"] for each in process.settled().values()}
    assert 1 == target.calls().count("later")


def test_a_signal_waits_for_what_is_under_way(process, target):
    """
    It is answered and recorded; what was not begun goes back as it was; nothing new is taken in.
    """
    let_go = threading.Event()
    target.answer = lambda request: 200 if let_go.wait(60) else 500
    process.send(*(event(f"e{n}") for n in range(200)))
    target.until(lambda: len(target.requests) >= 5)

    process.terminate()
    process.until_logged("worker.stopping")
    refused, said = process.ask("POST", "/v1/events", event("late"))
    healthy, _ = process.ask("GET", "/v1/health")
    sent = set(target.calls())
    let_go.set()

    assert 0 == process.wait()
    assert (503, 200) == (refused, healthy), said
    kept = process.kept()
    done = {name for name, each in kept.items() if each.state is State.DONE}
    assert sent <= done == set(target.calls())
    assert {(State.READY, 0, 0)} == {
        (each.state, each.attempts, each.failures) for name, each in kept.items() if name not in done
    }
    assert 200 == len(kept)


def test_a_second_signal_does_not_wait(process, target):
    """
    What is under way is cut off, recorded as maybe delivered, not counted, and offered again at once.
    """
    target.answer = target.hang
    process.send(event("e1"))
    target.until(lambda: target.calls() == ["e1"])

    process.terminate()
    process.until_logged("worker.stopping")
    assert process.is_alive
    process.terminate()

    assert 0 == process.wait()
    kept = process.kept()["e1"]
    assert (State.READY, 0) == (kept.state, kept.failures)
    assert [MAYBE_DELIVERED] == [each.outcome for each in kept.records]
    target.answer = lambda request: 200
    process.start()
    assert "done" == process.settled()["e1"]["state"]
    assert 1 == len({each.key for each in target.requests})


def test_ctrl_c_is_a_signal_like_any_other(process, target):
    """
    The same end as of a service manager's.
    """
    process.send(event("e1"))
    process.settled()

    process.interrupt()

    assert 0 == process.wait()
    assert "worker.ended" == process.log()[-1]["event"]
    assert "Traceback" not in process.said()


def test_an_agent_who_waits_is_answered(process, target):
    """
    What was asked before the signal gets its answer after it.
    """
    let_go = threading.Event()
    target.answer = lambda request: 200 if let_go.wait(60) else 500
    answers = []
    call = {"call": {"CALL_SIPID": "asked", "EXTENSION": "100-Euphoria"}}
    agent = threading.Thread(
        target=lambda: answers.append(process.ask("POST", "/v1/webhooks/Lookup/ask", call))
    )
    agent.start()
    target.until(lambda: target.calls() == ["asked"])

    process.terminate()
    process.until_logged("worker.stopping")
    let_go.set()
    agent.join(60)

    [(status, view)] = answers
    assert (200, 200) == (status, view["status"])
    assert 0 == process.wait()


def test_a_lookup_that_is_under_way_is_shown(process, target):
    """
    Its table is on the agent's screen when the next process has begun.
    """
    let_go = threading.Event()
    target.answer = lambda request: 200 if let_go.wait(60) else 500
    process.send(event("e1", "ringing"))
    target.until(lambda: target.calls() == ["e1"])

    process.terminate()
    process.until_logged("worker.stopping")
    let_go.set()

    assert 0 == process.wait()
    assert ["attempt.finished"] == [each["event"] for each in process.log() if "webhook" in each]
    process.start()
    assert {"window", "table"} == {each["event"] for each in process.screen("100-Euphoria")}
