"""
`emit` hands events in: to the process that runs, or into its files; wrong lines concern no other.
"""

import json

import pytest

from tests.faults.process import DEFINITIONS, Process, event


def jsonl(path, *lines):
    path.write_text("".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in lines))
    return str(path)


@pytest.fixture
def alone(tmp_path, command, monkeypatch):
    """
    A folder where no process runs.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "integration.toml").write_text(DEFINITIONS.format(target="http://127.0.0.1:9", deadline_s=1))
    return command


def test_events_go_to_the_running_process(beside, process, target, tmp_path):
    """
    Each is delivered, and the command says how many there were.
    """
    done = beside("emit", jsonl(tmp_path / "calls.jsonl", event("a1"), event("a2"), event("a3")))

    assert (0, "3 events in, 3 deliveries\n", "") == (done.code, done.out, done.err)
    assert {"a1", "a2", "a3"} <= process.settled().keys()
    assert {"a1", "a2", "a3"} <= set(target.calls())


def test_wrong_lines_are_told_by_number_and_the_others_go_in(beside, process, tmp_path):
    """
    Line 2 is no JSON, line 4 no event, line 5 too long; line 3 is empty and nothing.
    """
    wrong = event("b2") | {"moment": "over"}
    long = event("b3", CALL_NOTES="x" * 300_000)
    file = jsonl(tmp_path / "calls.jsonl", event("b1"), "{", "", wrong, long, event("b4"))

    done = beside("emit", file, "--json")

    told = json.loads(done.out)
    assert (1, 2, 2) == (done.code, told["events"], told["deliveries"])
    assert [2, 4, 5] == [each["line"] for each in told["wrong"]]
    assert f"{file}:4: moment: is 'over', which is none of" in done.err
    assert {"b1", "b4"} <= process.settled().keys()


def test_the_same_file_twice_is_one_time(beside, process, tmp_path):
    """
    Also of events without an id: the line is their name, and which of the same lines it is.
    """
    nameless = {name: value for name, value in event("twice").items() if name != "id"}
    file = jsonl(tmp_path / "calls.jsonl", event("c1"), nameless, nameless)

    for _ in range(2):
        assert 0 == beside("emit", file).code

    calls = [each for each in process.settled().values() if each["event"].startswith(("c1", "line-"))]
    assert 3 == len(calls)


def test_many_lines_go_in_batches(beside, process):
    """
    Out of a pipe, more than one request takes.
    """
    lines = "".join(json.dumps(event(f"d{n}")) + "\n" for n in range(1_200))

    done = beside("emit", "-", stdin=lines)

    assert "1200 events in, 1,200 deliveries\n" == done.out
    assert {f"d{n}" for n in range(1_200)} <= process.settled().keys()


def test_without_a_process_deliveries_are_written_down(alone, target, tmp_path):
    """
    The next process that runs here delivers them.
    """
    (tmp_path / "integration.toml").write_text(DEFINITIONS.format(target=target.url, deadline_s=5))
    file = jsonl(
        tmp_path / "calls.jsonl", event("written-1"), event("written-2"), event("written-3", "ringing")
    )

    done = alone("emit", file, "--definitions", "integration.toml")

    assert (0, "3 events in, 2 deliveries\n") == (done.code, done.out)
    assert not {"written-1", "written-2", "written-3"} & set(target.calls())
    with Process(tmp_path, target) as process:
        assert {"written-1", "written-2"} == process.settled().keys()


def test_without_definitions_it_says_what_to_do(alone, tmp_path):
    """
    Nobody knows what the events would start.
    """
    done = alone("emit", jsonl(tmp_path / "calls.jsonl", event("f1")))

    assert 2 == done.code
    assert "webhook-engine up FILE" in done.err


def test_a_file_that_is_not_there_is_named(alone):
    """
    Nothing is opened for it.
    """
    done = alone("emit", "calls.jsonl")

    assert (2, "error: calls.jsonl cannot be read: No such file or directory\n") == (done.code, done.err)
