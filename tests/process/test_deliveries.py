"""
`deliveries` shows, replays and drops: through the running process, or in its files.
"""

import json

import pytest

from tests.faults.process import Process, Target, event, until
from webhook_engine.performing import REASONS

FILTERS = {
    "state": (("--state", "dead"), {"dead-1", "dead-2"}),
    "event": (("--event", "waits-1"), {"waits-1"}),
    "webhook": (("--webhook", "Report"), {"dead-1", "dead-2", "waits-1", "waits-2"}),
    "another webhook": (("--webhook", "Lookup"), set()),
    "another target": (("--target", "127.0.0.1:9"), set()),
    "since": (("--since", "1h"), {"dead-1", "dead-2", "waits-1", "waits-2"}),
    "until": (("--until", "1h"), set()),
    "a time": (("--since", "2199-01-01T00:00"), set()),
    "both": (("--state", "dead", "--event", "waits-1"), set()),
}

NONSENSE = {
    "nothing named": (("replay",), "either by their ids, or by filters, or --all"),
    "both": (("drop", "00", "--since", "1h"), "either by their ids"),
    "no state": (("list", "--state", "deed"), "there is ready, again"),
    "not replayable": (("replay", "--state", "waiting"), "only what is dead or done"),
    "not droppable": (("drop", "--state", "done"), "only what waits"),
    "no time": (("list", "--since", "yesterday"), "or how long ago"),
    "no such id": (("show", "00"), "there is no delivery '00'"),
}


@pytest.fixture(scope="module")
def refusing():
    with Target() as target:
        target.answer = lambda request: 422 if request.call.startswith("dead") else 503
        yield target


@pytest.fixture(scope="module")
def process(refusing, tmp_path_factory):
    """
    Two deliveries are dead, two wait for another try.
    """
    with Process(tmp_path_factory.mktemp("deliveries"), refusing) as process:
        process.send(event("dead-1"), event("dead-2"))
        process.settled()
        process.send(event("waits-1"), event("waits-2"))
        yield process


def listed(command, *filters):
    done = command("deliveries", "list", "--json", *filters)
    assert 0 == done.code, done
    return [each["event"] for each in json.loads(done.out)]


@pytest.mark.parametrize(("filters", "events"), FILTERS.values(), ids=FILTERS.keys())
def test_filters_narrow_the_list(beside, filters, events):
    """
    Each by itself, and together.
    """
    assert events == set(listed(beside, *filters))


def test_a_list_for_people_says_what_it_left_out(beside):
    """
    A table, and how to see more.
    """
    done = beside("deliveries", "list", "--limit", "1")

    heading, *rows = done.out.splitlines()
    assert ["delivery", "state", "webhook", "target", "put", "attempts", "reason"] == heading.split("\t")
    assert 1 == len(rows)
    assert "There are more than 1" in done.err


def test_one_is_shown_with_its_attempts(beside, refusing):
    """
    What was sent, what came back, and why it is dead.
    """
    [dead] = json.loads(beside("deliveries", "list", "--json", "--event", "dead-1").out)

    shown = beside("deliveries", "show", dead["id"])
    as_json = json.loads(beside("deliveries", "show", dead["id"], "--json").out)

    assert f"POST {refusing.url}/calls/dead-1" in shown.out
    assert "<- 422" in shown.out
    assert REASONS["refused"].happened in shown.out
    assert (REASONS["refused"].happened, REASONS["refused"].to_do) == (dead["happened"], as_json["to_do"])
    assert ("dead", "refused", 422) == (dead["state"], dead["reason"], as_json["records"][0]["status"])
    assert "dead-1" == as_json["call"]["CALL_SIPID"]


def test_what_is_dead_is_replayed_in_bulk(beside, process, refusing):
    """
    It is tried again under the key that it had.
    """
    before = len([each for each in refusing.requests if each.call == "dead-2"])

    done = beside("deliveries", "replay", "--event", "dead-2")

    assert (0, "1 delivery offered again\n") == (done.code, done.out)
    refusing.until(lambda: len([each for each in refusing.requests if each.call == "dead-2"]) == before + 1)
    assert 1 == len({each.key for each in refusing.requests if each.call == "dead-2"})


def test_what_waits_is_dropped_with_a_reason(beside, process):
    """
    By its id; whoever looks later reads why.
    """

    def waiting():
        [found] = process.deliveries(event="waits-2")
        return found if found["state"] == "waiting" else None

    done = beside("deliveries", "drop", until(waiting)["id"], "--reason", "the CRM was moved")

    assert (0, "1 delivery dropped\n") == (done.code, done.out)
    assert ["dead", "the CRM was moved"] == [
        process.deliveries(event="waits-2")[0][name] for name in ("state", "reason")
    ]


@pytest.mark.parametrize(("words", "says"), NONSENSE.values(), ids=NONSENSE.keys())
def test_what_cannot_be_meant_is_said(beside, words, says):
    """
    A sentence, and nothing is done.
    """
    done = beside("deliveries", *words)

    assert 2 == done.code
    assert says in done.err


def test_one_is_explained_by_the_running_process(beside, process):
    """
    In lines for people, and as JSON; whichever definitions it runs with.
    """
    identity = identity_of(beside, "dead-1")
    read = beside("explain", "--delivery", identity)
    document = json.loads(beside("explain", "--delivery", identity, "--json").out)

    assert 0 == read.code, read
    assert "(status 422)" in read.out
    assert "given up: refused" in read.out
    assert [("refused", 422, "dead")] == [
        (each["outcome"], each["status"], each["settled"]) for each in document["starts"][0]["attempts"]
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--delivery", "00"), "there is no delivery '00'"),
        (("--delivery", "00", "--event", "ringing"), "--delivery has its own event"),
        (("--event", "ringing"), "say what to explain"),
    ],
    ids=["not there", "two events", "no file"],
)
def test_what_cannot_be_explained_is_said(beside, words, says):
    """
    Nothing is on standard output.
    """
    done = beside("explain", *words)

    assert 0 != done.code
    assert "" == done.out
    assert says in done.err


def identity_of(command, event):
    (found,) = json.loads(command("deliveries", "list", "--json", "--event", event).out)
    return found["id"]


def test_without_a_process_the_file_is_opened(beside, process):
    """
    The same list, the same explanation, and a replay that the next process performs.
    """
    alive = set(listed(beside))
    identity = identity_of(beside, "dead-1")
    process.terminate()
    process.wait()

    assert alive == set(listed(beside))
    assert "given up: refused" in beside("explain", "integration.toml", "--delivery", identity).out
    assert "1 delivery offered again\n" == beside("deliveries", "replay", "--event", "dead-1").out
    assert ["dead-1"] == listed(beside, "--state", "ready")
