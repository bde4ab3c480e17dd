"""
The log of a process: one line for each event, never more than somebody can take, and it holds nobody up.
"""

import io
import json
import logging
import os
import threading
import time

import pytest

from webhook_engine import log
from webhook_engine.process.logs import LINES_PER_S, WAITING, logging_to


def lines_of(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def one_second(monkeypatch):
    """
    All that is logged is logged within one second.
    """
    monkeypatch.setattr(logging.time, "time", lambda: 1_800_000_000.0)
    monkeypatch.setattr(logging.time, "time_ns", lambda: 1_800_000_000 * 10**9)


def test_an_event_is_a_line_of_json_with_its_fields():
    """
    When, what, and everything that was said of it.
    """
    stream = io.StringIO()

    with logging_to(stream, "auto"):
        log.event("attempt.finished", webhook="Report", took_s=0.25, status=None)

    [line] = lines_of(stream)
    assert line.pop("timestamp").endswith("Z")
    assert {
        "event": "attempt.finished",
        "level": "info",
        "webhook": "Report",
        "took_s": 0.25,
        "status": None,
    } == line


def test_for_a_person_it_is_text():
    """
    On a terminal, or where it is asked for.
    """
    stream = io.StringIO()

    with logging_to(stream, "text"):
        log.event("worker.started", url="http://127.0.0.1:8700")

    assert "worker.started" in stream.getvalue()
    assert "url=http://127.0.0.1:8700" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_a_failure_brings_its_traceback_on_one_line():
    """
    Also of a library's own logger, which is named.
    """
    stream = io.StringIO()

    with logging_to(stream, "json"):
        try:
            raise ValueError("no such thing")
        except ValueError:
            logging.getLogger("aiohttp.server").exception("Error handling request")

    [line] = lines_of(stream)
    assert ("aiohttp.server", "error") == (line["logger"], line["level"])
    assert "ValueError: no such thing" in line["exception"]


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("odd", ["caf\udce9.toml", 2**70])
def test_what_is_no_json_is_written_all_the_same(form, odd):
    """
    A file's name that is no UTF-8, a number beyond 64 bits; and the lines after it are written as ever.
    """
    stream = io.StringIO()

    with logging_to(stream, form):
        log.event("worker.started", definitions=odd)
        log.event("worker.ended")

    started, ended = stream.getvalue().splitlines()
    assert ("worker.started" in started, "worker.ended" in ended) == (True, True)
    assert "definitions" in started


def test_a_line_that_cannot_be_written_is_not_the_last():
    """
    It is told that there was one, whose, and why.
    """
    stream = io.StringIO()

    with logging_to(stream, "json") as lines:
        lines.handle(
            logging.makeLogRecord({"name": "some.library", "msg": "%d connections", "args": ("many",)})
        )
        log.event("worker.ended")

    odd, ended = lines_of(stream)
    assert ("log.unwritable", "some.library") == (odd["event"], odd["of"])
    assert "TypeError" in odd["why"]
    assert "worker.ended" == ended["event"]


def test_everything_failing_is_bounded_and_counted(one_second):
    """
    So many lines of one event in a second; how many there would have been is told.
    """
    stream = io.StringIO()

    with logging_to(stream, "json"):
        for _ in range(2_000):
            log.event("attempt.finished", outcome="target-failed")

    lines = lines_of(stream)
    told = [each for each in lines if each["event"] == "attempt.finished"]
    left_out = sum(each["lines"] for each in lines if each["event"] == "log.left_out")
    assert LINES_PER_S == len(told)
    assert 2_000 == len(told) + left_out
    assert {"attempt.finished"} == {each["of"] for each in lines if each["event"] == "log.left_out"}


def test_attempts_that_went_well_are_all_told(one_second):
    """
    One line for each, however many there are.
    """
    stream = io.StringIO()

    with logging_to(stream, "json"):
        for _ in range(1_000):
            log.event("attempt.finished", outcome="ok")

    assert 1_000 == len(lines_of(stream))


def test_a_reader_who_takes_nothing_holds_nobody_up(one_second):
    """
    What does not fit is counted, and told once there is room.
    """
    read, write = os.pipe()
    found = []
    many = WAITING + 5_000
    with os.fdopen(write, "w") as stream, os.fdopen(read) as reader:
        with logging_to(stream, "json"):
            began = time.monotonic()
            for _ in range(many):
                log.event("attempt.finished", outcome="ok", webhook="x" * 100)
            took_s = time.monotonic() - began
            drain = threading.Thread(target=lambda: found.extend(json.loads(line) for line in reader))
            drain.start()
        stream.close()
        drain.join(30)

    told = sum(each["event"] == "attempt.finished" for each in found)
    assert took_s < 10  # each of them would have waited for ever
    assert many == told + sum(each["lines"] for each in found if each["event"] == "log.left_out")
    assert told < many


def test_nothing_of_it_stays_when_it_ends():
    """
    The application's own logging is as it was.
    """
    before = list(logging.getLogger().handlers), logging.getLogger(log.NAME).level

    with logging_to(io.StringIO(), "json"):
        pass

    assert before == (logging.getLogger().handlers, logging.getLogger(log.NAME).level)
    assert not [each for each in threading.enumerate() if each.name == "log lines"]


def test_a_log_that_nobody_reads_any_more_ends_nothing():
    """
    The terminal was closed; the work goes on.
    """
    stream = io.StringIO()
    with logging_to(stream, "json") as lines:
        stream.close()
        log.event("attempt.finished", outcome="ok")
        log.event("attempt.finished", outcome="ok")

    assert not lines._thread.is_alive()


@pytest.mark.parametrize("form", ["json", "text"])
def test_what_fails_is_told_without_what_its_variables_hold(form):
    """
    They may be passwords and keys; where it failed and why is enough.
    """

    def failing(secret):
        raise ValueError(len(secret))

    stream = io.StringIO()

    with logging_to(stream, form):
        try:
            failing(bytes.fromhex("63616e6172792d37663361").decode())
        except ValueError:
            logging.getLogger(log.NAME).exception("page.failed")

    told = stream.getvalue()
    assert "in failing" in told
    assert "ValueError: 11" in told
    assert "canary-7f3a" not in told


@pytest.mark.parametrize("form", ["json", "text"])
def test_nobody_writes_lines_or_commands_into_it(form):
    """
    What is quoted of others forges no line, and a terminal obeys none of it.
    """
    stream = io.StringIO()
    hostile = "\x1b]0;gone\x07\x1b[2J\x7f\x9b31m\nworker.ended"

    with logging_to(stream, form):
        log.event("deliveries.changed", which=hostile)
        logging.getLogger("aiohttp.server").warning("cannot read %s", hostile)
        try:
            raise ValueError(hostile.replace("\n", " "))
        except ValueError:
            logging.getLogger(log.NAME).exception("page.failed")

    lines = stream.getvalue().splitlines()
    assert not any(each.startswith("worker.ended") for each in lines)
    assert all(each.isprintable() for each in lines)
