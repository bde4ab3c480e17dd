"""
What a real process recorded outlives it, and says what a draft would change; a delivery of it becomes a test.
"""

import json

import pytest

from tests.faults.process import DEFINITIONS, Process, Target, event, until

SECRET = "kq7-canary-9x"
GROUP = """
[[group]]
name = "CRM"
authentication = "api-key"
key_name = "X-Api-Key"
key = { env = "CRM_KEY" }

[[webhook]]
name = "Note"
type = "ajax-get"
url = "TARGET/notes?text={CALL_NOTES}"
delivery = "durable"

[[rule]]
name = "Take a note back"
on = ["ended"]
webhooks = ["Note"]
"""


@pytest.fixture(scope="module")
def crm():
    """
    Fails the first try of every report, and repeats the key it was given.
    """
    seen = set()

    def answer(request):
        if request.method == "POST" and request.call not in seen:
            seen.add(request.call)
            return 503
        return 200

    with Target() as target:
        target.answer = answer
        yield target


@pytest.fixture(scope="module")
def folder(crm, tmp_path_factory):
    """
    Where a process that records works by `integration.toml`.
    """
    found = tmp_path_factory.mktemp("recorded")
    text = DEFINITIONS.format(target=crm.url, deadline_s=5)
    text = text.replace("[tenant]\n", "[tenant]\nrecord_events = 100\n")
    text = text.replace('name = "Report"\n', 'name = "Report"\ngroup = "CRM"\nlongest_wait_s = 1.0\n')
    (found / "integration.toml").write_text(text + GROUP.replace("TARGET", crm.url))
    return found


@pytest.fixture(scope="module")
def process(folder):
    """
    A lookup, a report that was tried twice, and then `kill -9` and a new start.
    """
    environ = {"CRM_KEY": SECRET}
    with Process(folder, definitions_at="integration.toml", environ=environ) as process:
        notes = f"the key is {SECRET}"
        process.send(
            event("call-1", "ringing"),
            event("call-2", CALL_NOTES=notes),
            event("call-3", "ended", CALL_NOTES=notes),
        )
        process.settled()
        until(lambda: _written(process))
        process.kill()
        process.start()
        yield process


def _written(process):
    document = {"tenant": "Euphoria", "limit": 100, "before": None}
    _, page = process.ask("POST", "/v1/admin/recordings.page", document)
    found = {each["id"]: each["responses"] for each in page["calls"]}
    wanted = {"call-1": ("Lookup", 1), "call-2": ("Report", 2), "call-3": ("Note", 1)}
    return all(len(found.get(call, {}).get(name, ())) == times for call, (name, times) in wanted.items())


def test_recorded_calls_are_written_out_beside_the_process(beside, process):
    """
    Events and responses, oldest first, though the process was killed in between; without the key.
    """
    done = beside("calls", "export")

    first, second, _ = map(json.loads, done.out.splitlines())
    assert ("call-1", "call-2") == (first["id"], second["id"])
    assert [200] == [each["status"] for each in first["responses"]["Lookup"]]
    assert [503, 200] == [each["status"] for each in second["responses"]["Report"]]
    assert "the key is ***" == second["call"]["CALL_NOTES"]
    assert SECRET not in done.out


def test_no_file_of_the_process_holds_the_key(beside, process, folder):
    """
    In the store the recorded calls stand, and nothing of the key.
    """
    assert b"call-2" in (folder / "webhook-engine.db").read_bytes() + _wal(folder)
    assert SECRET.encode() not in (folder / "webhook-engine.db").read_bytes() + _wal(folder)


def _wal(folder):
    path = folder / "webhook-engine.db-wal"
    return path.read_bytes() if path.exists() else b""


def test_a_draft_is_tried_on_them(beside, process, folder):
    """
    Straight from the running process: a request that changes, and an outcome.
    """
    text = (folder / "integration.toml").read_text()
    draft = text.replace("/lookup", "/search")
    (folder / "draft.toml").write_text(draft)

    same = beside("replay-draft", "integration.toml", "--against", "integration.toml")
    other = beside("replay-draft", "draft.toml", "--against", "integration.toml", "--json")

    assert (0, "3 events: no difference\n") == (same.code, same.out), same
    [change] = json.loads(other.out)["changes"]
    assert (1, "Lookup", ["url"]) == (
        other.code,
        change["webhook"],
        [each["place"] for each in change["differences"]],
    )


def test_a_delivery_becomes_a_test_that_holds(beside, process, folder, crm):
    """
    With both of its answers, the key by its name, and a word on what is not in it.
    """
    [report] = [each for each in process.deliveries() if each["event"] == "call-2"]
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "integration.toml").write_text((folder / "integration.toml").read_text())

    done = beside("record-test", report["id"], "--against", "rules", "--append", "rules/tests.toml")
    written = (folder / "rules" / "tests.toml").read_text()
    checked = beside("check", "rules", "--only", "as on")

    assert (0, "") == (done.code, done.err)
    assert 'X-Api-Key = "secret-CRM_KEY"' in written
    assert ["status = 503", "attempts = 2", 'ends = "done"'] == [
        each for each in ("status = 503", "attempts = 2", 'ends = "done"') if each in written
    ]
    assert "# A secret stood in this call" in written
    assert SECRET not in written
    assert "1 test" in checked.out, checked
    assert "FAILED" not in checked.out


def test_a_secret_of_another_webhook_is_in_no_test(beside, process):
    """
    Though the request carried it, as the call held it, and a comment says what stands in its place.
    """
    [report] = [each for each in process.deliveries() if each["event"] == "call-3"]

    done = beside("record-test", report["id"], "--against", "integration.toml", "--name", "a note")

    assert (0, True) == (done.code, "# A secret stood in this call; *** is in its place.\n" in done.out), done
    assert SECRET not in done.out


def test_an_event_becomes_a_test_of_everything_it_starts(beside, process, folder):
    """
    The window, and the lookup with its columns and rows.
    """
    done = beside("record-test", "call-1", "--against", "integration.toml", "--name", "a call rings")

    assert 0 == done.code, done
    assert 'name = "a call rings"' in done.out
    assert 2 == done.out.count("[[test.expect]]")


def test_an_event_explains_the_lookup_and_the_window_that_it_started(beside, process, folder):
    """
    By the trace of the dry run, with what was answered.
    """
    done = beside("explain", "integration.toml", "--recorded", "call-1")

    assert 0 == done.code, done
    lines = done.out.splitlines()
    assert "Lookup sent:" in lines
    assert "  attempt 1: no-match (status 200)" in lines, lines
    assert "  (opens in the agent's browser; nothing is sent from here)" in lines
    assert any("told by the definitions of now" in each for each in lines)


def test_an_event_explains_its_deliveries_without_the_key(beside, process, folder):
    """
    Both attempts, and *** in the notes.
    """
    done = beside("explain", "integration.toml", "--recorded", "call-2", "--json")

    assert 0 == done.code, done
    (start,) = [each for each in json.loads(done.out)["starts"] if each["webhook"] == "Report"]
    assert [("target-failed", 503), ("ok", 200)] == [
        (each["outcome"], each["status"]) for each in start["attempts"]
    ]
    assert SECRET not in done.out
    assert "the key is ***" in done.out


NONSENSE = {
    "an event that is not recorded": (
        ("explain", "integration.toml", "--recorded", "nothing"),
        "there is no recorded event 'nothing'",
    ),
    "no definitions to explain by": (("explain", "--recorded", "call-1"), "name that as FILE"),
    "two things to explain": (
        ("explain", "--recorded", "call-1", "--delivery", "d"),
        "--delivery and --recorded: one of them",
    ),
    "no such id": (("record-test", "nothing"), "there is no delivery 'nothing'"),
    "no definitions named": (("replay-draft", "integration.toml"), "name that with --against FILE"),
}


@pytest.mark.parametrize(("words", "says"), NONSENSE.values(), ids=NONSENSE.keys())
def test_what_cannot_be_meant_is_said(beside, process, words, says):
    """
    A sentence, and nothing is written.
    """
    against = ("--against", "integration.toml") if words[0] == "record-test" else ()

    done = beside(*words, *against)

    assert (2, "") == (done.code, done.out)
    assert says in done.err


def test_all_is_forgotten_at_a_word(beside, process):
    """
    And then there is nothing to replay; without a process the files are opened, and a delivery is still told.
    """
    [report] = [each for each in process.deliveries() if each["event"] == "call-2"]
    process.terminate()
    process.wait()

    retold = beside("record-test", report["id"], "--against", "integration.toml", "--name", "a report")
    assert (0, 1) == (retold.code, retold.out.count('name = "a report"')), retold
    assert "3 recorded events forgotten\n" == beside("calls", "forget").out
    done = beside("calls", "export")
    assert 2 == done.code
    assert "record_events = 500" in done.err
