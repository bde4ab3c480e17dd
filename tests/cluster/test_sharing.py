"""
Two processes on one database are one to whoever asks them: for events, screens and definitions.
"""

import time
from collections import Counter

from tests.cluster.workers import Stream
from tests.faults.process import event, until

AGENT = "100-Euphoria"


def test_events_handed_to_both_are_delivered_once(shared, target):
    """
    Whoever took an event in, one of them performs its delivery, and both have their share of the work.
    """
    calls = [f"once{n}" for n in range(200)]
    before = shared.states()["done"]

    for start in range(0, 200, 20):
        shared.one.send(*map(event, calls[start : start + 10]))
        shared.other.send(*map(event, calls[start + 10 : start + 20]))
    shared.until_done(before + 200)

    told = Counter(each for each in target.calls() if each.startswith("once"))
    assert dict.fromkeys(calls, 1) == dict(told)
    assert {shared.one.pid, shared.other.pid} == performers(shared)


def performers(cluster):
    """
    The processes that have finished an attempt.
    """
    return {each.pid for each in (cluster.one, cluster.other) if each.log("attempt.finished")}


def test_an_event_handed_to_both_is_one(shared, target):
    """
    A dialer that does not know whether it was heard asks the other process: the event is known there.
    """
    before = shared.states()["done"]

    shared.one.send(event("twice"))
    shared.other.send(event("twice"))
    shared.until_done(before + 1)

    assert 1 == target.calls().count("twice")


def test_an_agent_sees_at_one_what_came_in_at_the_other(shared):
    """
    Once and in order; and whoever comes back at the other process goes on after the message that was read last.
    """
    calls = [f"seen{n}" for n in range(12)]

    with Stream(shared.other, AGENT) as at_other:
        at_other.until(bool)
        for call in calls:
            shared.one.send(event(call, "ringing"))
        seen = at_other.until(lambda messages: messages if len(ends(messages)) == 12 else None)
    with Stream(shared.one, AGENT, last_id=seen[5][0]) as at_one:
        resumed = at_one.until(lambda messages: messages if len(messages) >= len(seen) - 6 else None)

    windows = [data["call"]["id"] for _, kind, data in seen if kind == "window"]
    assert [f"sip:{each}" for each in calls] == windows
    numbers = [int(each.rpartition("-")[2]) for each, _, _ in seen]
    assert sorted(set(numbers)) == numbers
    assert seen[6:] == resumed


def ends(messages):
    """
    What became of the lookups.
    """
    return [data["pop"] for _, kind, data in messages if kind in {"table", "withdrawn"}]


def test_a_contact_that_is_added_at_one_is_found_at_the_other(shared):
    """
    What the other had answered just before is not answered again.
    """
    before = shared.other.xml("GetContacts")

    added = shared.one.xml(
        "AddContact",
        "<FirstName>Thandi</FirstName><Surname>Nkosi</Surname><PhoneNumber>0821234567</PhoneNumber>",
    )

    assert "Thandi" not in before
    assert "Success" in added
    until(lambda: "Thandi" in shared.other.xml("GetContacts"), lambda: shared.other.xml("GetContacts"))


def test_imported_definitions_are_in_force_everywhere_within_a_second(shared, target, patience):
    """
    An event that is taken in a second after an import is worked on by what was imported, at any process.
    """
    workers = (shared.one, shared.other)
    before = [len(each.log("definitions.changed")) for each in workers]
    changed = shared.file.read_text().replace("/calls/", "/changed/")
    shared.file.write_text(changed)

    shared.command("import", str(shared.file))
    began = time.monotonic()
    for worker, count in zip(workers, before, strict=True):
        worker.until_logged("definitions.changed", count + 1)
    took_s = time.monotonic() - began
    shared.one.send(event("after1"))
    shared.other.send(event("after2"))
    target.until(lambda: {"after1", "after2"} <= set(target.calls()))

    assert took_s < patience
    paths = {each.path for each in target.requests if each.call in {"after1", "after2"}}
    assert {"/changed/after1", "/changed/after2"} == paths
