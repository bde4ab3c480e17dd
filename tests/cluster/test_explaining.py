"""
Whoever asks, on whichever machine: one explanation of a delivery, of a recorded call, and of what responses became.
"""

import json
import time

import pytest

from tests.cluster.workers import Cluster
from tests.faults.process import DEFINITIONS, event, until
from webhook_engine.drift import DriftSettings
from webhook_engine.testing import FakeTarget

RECORDING = DEFINITIONS.replace("[tenant]\n", "[tenant]\nrecord_events = 100\n")
GAUGE = 'webhook_engine_column_drifted{column="name",way="unknown",webhook="Lookup"}'


@pytest.fixture(scope="module")
def recording(target, postgresql, tmp_path_factory):
    """
    Two processes that record calls.
    """
    database = postgresql.make_schema()
    with Cluster(tmp_path_factory.mktemp("recording"), database, target, definitions=RECORDING) as cluster:
        cluster.one, cluster.other = cluster.start("one", "other")
        yield cluster


def test_a_delivery_is_explained_by_any_process_and_by_none(recording):
    """
    The same rules, variables, request and attempts: of the process that did not take the event, and on the command
    line, which opens the database itself.
    """
    recording.one.send(event("explained", CALL_NOTES="Likes blue"))
    recording.until_done(1)
    [delivery] = json.loads(recording.command("deliveries", "list", "--json"))

    _, told = recording.other.ask("GET", f"/v1/deliveries/{delivery['id']}/explanation")
    typed = json.loads(recording.command("explain", "--delivery", delivery["id"], "--json"))
    lines = recording.command("explain", "--delivery", delivery["id"])

    assert {key: each for key, each in told.items() if key != "lines"} == typed
    (start,) = typed["starts"]
    assert ("Report", ["ok"]) == (start["webhook"], [each["outcome"] for each in start["attempts"]])
    assert "127.0.0.1" == start["attempts"][0]["address"]
    assert f"delivery {delivery['id']} of 'Report' to " in lines


def test_a_recorded_call_is_explained_on_the_command_line(recording):
    """
    The lookup with its response, and the window, whichever process took the event.
    """
    recording.other.send(event("recorded", "ringing"))
    until(lambda: recording.ask("SELECT 1 FROM recorded_response WHERE webhook = 'Lookup'"))

    typed = json.loads(recording.command("explain", "--recorded", "recorded", "--json"))

    assert typed["recorded"]
    (lookup,) = [each for each in typed["starts"] if each["webhook"] == "Lookup"]
    assert [200] == [each["status"] for each in lookup["attempts"]]


def test_what_responses_look_like_is_learnt_together(postgresql, tmp_path):
    """
    Neither process sees enough of them; together they do, one says so, and it is accepted for both.
    """
    text = DEFINITIONS.replace(
        'name = "Lookup"\n', 'name = "Lookup"\nview = {{ column = [{{ path = "name" }}] }}\n'
    )
    with FakeTarget() as crm, Cluster(tmp_path, postgresql.make_schema(), crm, definitions=text) as cluster:
        crm.expect("GET", "/lookup?call=", body=[{"id": 1}])
        workers = cluster.start("one", "other")
        for _ in range(3):
            for worker in workers:
                worker.ask("POST", "/v1/webhooks/Lookup/ask", {"call": {"EXTENSION": "100-Euphoria"}})
                time.sleep(DriftSettings().every_s)
        until(lambda: any(each.log("column.drifted") for each in workers))
        for worker in workers:
            until(lambda worker=worker: has_drifted(worker))
        cluster.command("drift", "accept", "Lookup")
        for worker in workers:
            until(lambda worker=worker: not has_drifted(worker))
        found = [said for each in workers for said in each.log("column.drifted")]

    assert [("Lookup", "name", "unknown")] == [
        (each["webhook"], each["column"], each["way"]) for each in found
    ]


def has_drifted(worker):
    """
    Whether a process tells that the column is none that responses have.
    """
    try:
        return 1.0 == worker.metric(GAUGE)
    except StopIteration:
        return False
