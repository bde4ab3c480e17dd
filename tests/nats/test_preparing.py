"""
Streams and consumers are made and changed by those who are told to, and looked at by everybody else.
"""

import json

import pytest

from tests.nats.test_intake import Backend, publish, taking, until
from webhook_engine.nats import look, prepare
from webhook_engine.nats.connecting import connected_to_any
from webhook_engine.nats.names import EVENTS, consumer_of, subject_of, tenant_of, token_of

NAMES = {
    "a dot ends a token": "Euphoria Ltd.",
    "a wildcard": "a*b>c",
    "what nobody has": "",
    "the word for nobody": "-",
    "percent": "100%",
    "another script": "Ευφορία",
    "a line": "a\r\nb",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_tenant_is_one_token_of_a_subject(name):
    """
    Whatever it is called, its events have a subject of their own, and the name comes back.
    """
    token = token_of(name)

    assert name == tenant_of(token)
    assert token.isascii()
    assert not set(token) & set(" .*>/\\\r\n")
    assert len(NAMES) == len({subject_of(each) for each in NAMES.values()})


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
async def test_every_tenant_has_a_consumer(empty, name):
    """
    Made once, and right from then on.
    """
    async with connected_to_any(empty.url) as client:
        made = await prepare(client, [name])
        found = await look(client, [name])

    assert ["made"] * 3 == [each.done for each in made]
    assert [("", "")] * 3 == [(each.wrong, each.done) for each in found]


async def test_looking_makes_nothing(empty):
    """
    What is missing is told, and is missing still.
    """
    async with connected_to_any(empty.url) as client:
        first = await look(client, ["Euphoria"])
        second = await look(client, ["Euphoria"])

    assert ["is not there"] * 3 == [each.wrong for each in first]
    assert first == second


async def test_what_differs_is_told_and_changed_and_what_is_the_operators_stays(prepared):
    """
    A consumer that would give up messages is found by its field; how much room the stream has is left alone.
    """
    async with connected_to_any(prepared.url) as client:
        js = client.jetstream()
        stream = (await js.stream_info(EVENTS)).config
        await js.update_stream(stream.evolve(max_bytes=10_000_000, duplicate_window=60))
        consumer = (await js.consumer_info(EVENTS, consumer_of("Euphoria"))).config
        await js.add_consumer(EVENTS, consumer.evolve(ack_wait=1, max_deliver=3))

        told = [each.wrong for each in await look(client, ["Euphoria"]) if each.wrong]
        changed = [each.done for each in await prepare(client, ["Euphoria"])]
        after = await look(client, ["Euphoria"])
        room = (await js.stream_info(EVENTS)).config.max_bytes

    assert [
        "has duplicate_window 60 where 600 is needed",
        "has ack_wait 1 where 10 is needed, has max_deliver 3 where -1 is needed",
    ] == told
    assert ["changed", "", "changed"] == changed
    assert not any(each.wrong for each in after)
    assert 10_000_000 == room


async def test_who_finds_no_stream_says_what_to_run_and_begins_when_it_was_run(empty, caplog):
    """
    Nothing is made silently, and nobody has to start the worker anew.
    """
    caplog.set_level("INFO", "webhook_engine")
    backend = Backend()
    async with taking(empty.url, backend):
        said = await until(lambda: [each for each in caplog.records if each.message == "nats.unprepared"])
        async with connected_to_any(empty.url) as client:
            there = await client.jetstream().streams_info()
            await prepare(client, ["Euphoria"])
        await publish(empty.url, "e1")
        await until(lambda: backend.taken)

    assert [] == there
    assert "stream EVENTS is not there" in said[0].why
    assert "webhook-engine doctor --fix" in said[0].why
    assert ["e1"] == backend.taken


def test_doctor_tells_what_is_missing_and_makes_it(empty, command):
    """
    As an operator does it, and with the words that a worker says.
    """
    given = ("--nats", empty.url, "--tenant", "Euphoria", "--json")
    before = command("doctor", *given)
    fixed = command("doctor", *given, "--fix")
    after = command("doctor", *given)

    def of_nats(done):
        wanted = ("stream EVENTS", "consumer webhook-engine-Euphoria of EVENTS")
        return [each["detail"] for each in json.loads(done.out) if each["subject"] in wanted]

    assert ["is not there; run doctor with --fix"] * 2 == of_nats(before)
    assert ["was not there; it was made"] * 2 == of_nats(fixed)
    assert ["is as it must be"] * 2 == of_nats(after)
    assert 1 == before.code


def test_emit_publishes_a_file_once_and_refuses_a_tenant_that_nobody_works_for(prepared, command, tmp_path):
    """
    The same file again is known; events of a tenant without a consumer would wait for good, so none is published.
    """
    from tests.faults.process import event

    file = tmp_path / "calls.jsonl"
    file.write_text("".join(f"{json.dumps(event(f'e{n}'))}\n" for n in range(50)) + "no event\n")
    given = ("emit", str(file), "--nats", prepared.url)
    done = command(*given, "--tenant", "Euphoria")
    again = command(*given, "--tenant", "Euphoria")
    other = command(*given, "--tenant", "Somebody")

    assert (1, "50 events published; 1 line wrong\n") == (done.code, done.out)
    assert done.out == again.out
    assert 2 == other.code
    assert "consumer webhook-engine-Somebody of EVENTS is not there" in other.err
    assert 50 == waiting(prepared.url)


def waiting(url):
    import asyncio

    async def asked():
        async with connected_to_any(url) as client:
            return (await client.jetstream().stream_info(EVENTS)).state.messages

    return asyncio.run(asked())
