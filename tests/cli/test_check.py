"""
`check` reads, lints and runs tests, and says all of it to people, programs and CI systems.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.testing.conftest import RULES
from webhook_engine.cli.check import check
from webhook_engine.cli.watching import stamp_of, watch

TESTS = """
[[test]]
name = "a sale is looked up"
event = "ringing"
given = { CALL_QUEUE = "Sales", CALLERID_NUMBER = "0821234567", EXTENSION = "100-Euphoria" }
expect = [{ webhook = "Lookup" }, { webhook = "Page" }]

[[test]]
name = "so is support"
event = "ringing"
given = { CALL_QUEUE = "Support", CALLERID_NUMBER = "0821234567", EXTENSION = "100-Euphoria" }
expect = [{ webhook = "Lookup" }]
"""


@pytest.fixture
def rules(tmp_path):
    """
    A file of rules with one test that passes and one that fails.
    """
    path = tmp_path / "rules.toml"
    text = RULES.replace("[tenant]\n", '[tenant]\nsilence = ["number-without-form", "may-be-empty"]\n')
    path.write_text(text + TESTS)
    return path


def test_a_test_that_fails_is_a_finding(command, rules):
    """
    Named with its file and line, and told with what decided.
    """
    result = command("check", str(rules))

    assert 1 == result.code
    line = rules.read_text().splitlines().index('name = "so is support"')
    assert f"rules.toml:{line}: FAILED so is support" in result.out
    assert "rule 'Greet': CALL_QUEUE == 'Sales' does not hold: CALL_QUEUE is 'Support'" in result.out
    assert result.out.endswith(f"{rules}: 6 webhooks, 3 rules, 2 tests: 1 test failed\n")


def test_only_some_are_run(command, rules):
    """
    Those that have the words in their name.
    """
    result = command("check", str(rules), "--only", "a sale")

    assert (0, f"{rules}: 6 webhooks, 3 rules, 1 of 2 tests: ok\n") == (result.code, result.out)


def test_a_name_that_no_test_has_is_refused(command, rules):
    """
    A misspelt name must not pass for a green run.
    """
    result = command("check", str(rules), "--only", "a salt")

    assert 2 == result.code
    assert "--only a salt: no test has that in its name" in result.err


def test_json_has_every_failure(command, rules):
    """
    In parts, for a program.
    """
    result = command("check", str(rules), "--json")

    (document,) = json.loads(result.out)
    passed, failed = document["tests"]
    assert [True, False] == [passed["passed"], failed["passed"]]
    (failure,) = failed["failures"]
    assert {
        "what": "'Lookup' does not start",
        "lines": [],
        "because": ["rule 'Greet': CALL_QUEUE == 'Sales' does not hold: CALL_QUEUE is 'Support'"],
    } == failure


def test_junit_has_every_test(command, rules, tmp_path):
    """
    And the definitions as a test of their own, so that lint and unreadable files count.
    """
    other = tmp_path / "broken.toml"
    other.write_text("[[webhook]]\n")

    result = command("check", str(rules), str(other), "--junit", str(tmp_path / "junit.xml"))

    assert 2 == result.code
    good, broken = ET.parse(tmp_path / "junit.xml").getroot()
    assert ("3", "1", "0") == (good.get("tests"), good.get("failures"), good.get("errors"))
    assert ["definitions", "a sale is looked up", "so is support"] == [each.get("name") for each in good]
    assert "'Lookup' does not start" == good[2][0].get("message")
    assert ("1", "0", "1") == (broken.get("tests"), broken.get("failures"), broken.get("errors"))


def test_coverage_tells_what_no_test_reaches(command, rules):
    """
    Rules, conditions, links, webhooks, parameters and outcomes.
    """
    result = command("check", str(rules), "--only", "a sale", "--coverage")

    told = [line.removeprefix("not reached: ") for line in result.out.splitlines()[:-1]]
    assert [
        "rule 'Greet': its condition holds in every test that asks it",
        "rule 'Greet': no response of 'Lookup' leads to 'Last orders'",
        "rule 'Tell': matches in no test",
        "rule 'Tell the old ones': matches in no test",
        "webhook 'Lookup', parameter 'phone': is empty in no test, so when_empty = 'skip' is not tried",
        "webhook 'Lookup': no response has outcome[1]: response.error is defined",
        "webhook 'Last orders': starts in no test",
        "webhook 'Report': starts in no test",
        "webhook 'Report, XML': starts in no test",
        "webhook 'Report, form': starts in no test",
    ] == told


def test_watching_tells_each_change(rules):
    """
    Of a definition and of a file with an answer, at once and until the keyboard ends it.
    """
    answer = rules.with_name("answer.json")
    answer.write_text('{"id": 7}')
    answered = (
        TESTS.replace("so is support", "an id is shown")
        .replace("Support", "Sales")
        .replace(
            'expect = [{ webhook = "Lookup" }]',
            'others = true\nresponse = [{ webhook = "Lookup", file = "answer.json" }]\n'
            'expect = [{ webhook = "Lookup", rows = [[7]] }]',
        )
    )
    rules.write_text(rules.read_text().replace(TESTS, answered))
    command = Path(sys.executable).with_name("webhook-engine")
    # Whoever runs the tests behind a terminal's back has the keyboard ignored, and so would the command.
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with subprocess.Popen(
        [command, "check", "--watch", rules], stdout=subprocess.PIPE, text=True, **heard
    ) as process:
        # Where a change is not seen, nothing more is said.
        patience = threading.Timer(60, process.kill)
        patience.start()
        try:
            first = _verdict(process)
            _exchanged(answer, '{"id": 88}')
            second = _verdict(process, other_than=first)
            _exchanged(rules, rules.read_text().replace("[[7]]", "[[88]]"))
            third = _verdict(process, other_than=second)
            process.send_signal(signal.SIGINT)
            code = process.wait(60)
        finally:
            patience.cancel()
            process.kill()

    assert ["ok", "1 test failed", "ok"] == [first, second, third]
    assert 130 == code


def _exchanged(path, text):
    """
    All of it at once: nobody reads half of it.
    """
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").replace(path)


def _verdict(process, other_than=""):
    """
    What is told next and is new: a file that was written a moment ago is looked at twice.
    """
    told = (line.rpartition(": ")[2].strip() for line in process.stdout if " webhooks, " in line)
    return next((verdict for verdict in told if verdict != other_than), "nothing")


def test_watching_goes_on_where_a_file_is_being_written(rules, monkeypatch, capsys):
    """
    Recorded calls that are not there for a moment are no reason to end.
    """
    recorded = rules.with_name("recorded.jsonl")
    looked = []

    def rest(_):
        looked.append(capsys.readouterr())
        if len(looked) > 1:
            raise KeyboardInterrupt
        recorded.write_text('{"id": "1", "moment": "ringing", "at": "2026-11-22T10:00:00+02:00", "call": {}}')

    monkeypatch.setattr(time, "sleep", rest)
    with pytest.raises(KeyboardInterrupt):
        check([rules], watch=True, recorded=recorded)

    first, second = looked
    assert ("", f"error: {recorded} cannot be read: No such file or directory\n") == first
    assert "tests: 1 test failed" in second.out


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_whoever_reads_no_further_changes_no_verdict(rules, options):
    """
    `check | head -1` fails under `pipefail` where a test does.
    """
    reading, writing = os.pipe()
    os.close(reading)
    command = [Path(sys.executable).with_name("webhook-engine"), "check", rules, *options]

    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60)

    os.close(writing)
    assert (b"", 1) == (done.stderr, done.returncode)


def test_what_is_found_is_told_though_its_file_cannot_be_written(command, rules):
    """
    A run of minutes is not for nothing.
    """
    result = command("check", str(rules), "--junit", str(rules.parent))

    assert 2 == result.code
    assert "FAILED" in result.out
    assert "cannot be written: Is a directory" in result.err


def test_a_file_of_tomorrow_is_looked_at_once(tmp_path, monkeypatch):
    """
    Another machine's clock may have written it: watching does not go round and round.
    """
    answer = tmp_path / "answer.json"
    answer.write_text("{}")
    tomorrow = time.time() + 86_400
    os.utime(answer, (tomorrow, tomorrow))
    looked = []

    def look():
        looked.append(1)
        return [answer] if len(looked) < 9 else sys.exit()

    def rest(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", rest)
    with pytest.raises(KeyboardInterrupt):
        watch([tmp_path], look)

    assert [1] == looked


CHANGES = {
    "one is written anew": lambda file: file.write_text("x = 1"),
    "one comes": lambda file: file.with_name("new.toml").write_text(""),
    "one goes": lambda file: file.unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_watching_sees_the_files_that_are_read(tmp_path, change):
    """
    Those in folders below too.
    """
    file = tmp_path / "sales" / "rules.toml"
    file.parent.mkdir()
    file.write_text("")
    before = stamp_of([tmp_path])

    change(file)

    assert before != stamp_of([tmp_path])


def test_watching_sees_a_file_that_another_one_takes_the_place_of(tmp_path):
    """
    Of the same size and the same time, as a copy that keeps its times.
    """
    file, copy = tmp_path / "rules.toml", tmp_path / "copy"
    file.write_text("x = 1")
    copy.write_text("x = 2")
    for each in (file, copy):
        os.utime(each, (1_000, 1_000))
    before = stamp_of([file])

    copy.replace(file)

    assert before != stamp_of([file])


MISTAKES = {
    'event = "rining"': "test[1].event: is 'rining', which is none of",
    'event = "ringing"\nnothing = true\nexpect = [{ webhook = "Page" }]': "test[1].nothing: is true, but",
    'event = "ringing"\nexpect = [{ webhook = "Pag" }]': "test[1].expect[1].webhook: there is no webhook 'Pag'",
    'event = "ringing"\nexpect = [{ webhook = "Page", url = { matches = "(" } }]': "test[1].expect[1].url: matches is no pattern",
    'event = "ringing"\nexpect = [{ webhook = "Page", url = { like = "x" } }]': "test[1].expect[1].url: must be a value, or one of",
    'event = "ringing"\nexpect = [{ webhook = "Report", body = { "a[" = 1 } }]': "test[1].expect[1].body.a[: 'a[' is no path into a body",
    'event = "ringing"\nexpect = [{ webhook = "Page", moment = 2 }]': "test[1].expect[1].moment: is 2, and the test plays 1",
    'event = "ringing"\nexpect = [{ webhook = "Page", absent = true, url = "x" }]': "test[1].expect[1].absent: is true, so there is no url",
    'event = "ringing"\nexpect = [{ webhook = "Page" }, { webhook = "Page", absent = true }]': "test[1].expect[2].absent: is true, but expect[1] expects 'Page'",
    'event = "ringing"\nexpect = [{ webhook = "Page", absent = true }, { webhook = "Page", moment = 1 }]': "test[1].expect[1].absent: is true, but expect[2] expects 'Page'",
    'event = "ringing"\nexpect = [{ webhook = "Page", method = "get" }]': "test[1].expect[1].method: is 'get', which is none of",
    'event = "ringing"\nresponse = [{ webhook = "Pag" }]': "test[1].response[1].webhook: there is no webhook 'Pag'",
    'event = "ringing"\nresponse = [{ webhook = "Lookup", fault = "reset", status = 500 }]': "test[1].response[1].status: stands beside fault",
    'event = "ringing"\nresponse = [{ webhook = "Lookup", fault = "rest" }]': "test[1].response[1].fault: is 'rest', which is none of",
    'event = "ringing"\nresponse = [{ webhook = "Lookup", body = "x", file = "y" }]': "test[1].response[1].file: stands beside a body",
    "nothing = true": "test[1].event: is missing: say which moment",
    'event = "ended"\nmoment = [{ event = "ended" }]': "test[1].event: stands beside [[test.moment]]",
    'nothing = true\nmoment = [{ event = "ended", given = { CALL_QUEU = "x" } }]': "test[1].moment[1].given.CALL_QUEU: is no variable",
}


@pytest.mark.parametrize(("test", "told"), MISTAKES.items(), ids=MISTAKES.values())
def test_a_test_with_a_mistake_is_refused(command, tmp_path, test, told):
    """
    At its place, before anything is run.
    """
    path = tmp_path / "rules.toml"
    path.write_text(f"{RULES}\n[[test]]\nname = 'the test'\n{test}\n")

    result = command("check", str(path))

    assert 2 == result.code
    assert told in result.err


def test_a_mistake_is_told_once(command, tmp_path):
    """
    Though every moment that follows has it too.
    """
    path = tmp_path / "rules.toml"
    given = 'given = { DATETIME_DATE = "9999-12-31_00-00-00" }'
    moments = 'moment = [{ event = "ringing" }, { event = "ended" }]'
    path.write_text(f"{RULES}\n[[test]]\nname = 'the test'\nnothing = true\n{given}\n{moments}\n")

    result = command("check", str(path))

    assert 1 == result.err.count("which no clock of ours can show")
