"""
`check --recorded` says which columns of responses are no longer as they were.
"""

import json
import os
import time

import pytest

from webhook_engine.definitions import read_text
from webhook_engine.drift import Drift, DriftSettings
from webhook_engine.line import revision_of
from webhook_engine.responses import AgentView, Column, Outcome

DEFINITIONS = """
[tenant]
name = "Euphoria"

[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Lookup"
type = "ajax-get"
url = "https://crm.example.com/contacts"

  [[webhook.view.column]]
  path = "name"
  [[webhook.view.column]]
  path = "id"
  [[webhook.view.column]]
  path = "emial"
"""

K = DriftSettings().streak


def call(number, body, status=200):
    return {
        "id": f"e{number}",
        "moment": "ringing",
        "call": {"EXTENSION": "100-Euphoria"},
        "responses": {"Lookup": {"status": status, "body": json.dumps(body)}},
    }


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "integration.toml"
    path.write_text(DEFINITIONS)
    return path


def written(tmp_path, calls, name="recorded.jsonl"):
    path = tmp_path / name
    path.write_text("\n".join(json.dumps(each) for each in calls))
    return str(path)


def codes(result):
    return [each["code"] for each in json.loads(result.out)[0]["findings"]]


def test_recorded_calls_are_read_as_the_webhooks_read_them(command, file, tmp_path):
    """
    A column that is gone, one of another type, and one that never was: each a finding at its line.
    """
    before, after = {"name": "Naledi", "id": 7}, {"first_name": "Naledi", "id": "0007"}
    calls = [call(n, [before if n < K else after]) for n in range(2 * K)]

    result = command("check", str(file), "--recorded", written(tmp_path, calls))

    assert 1 == result.code, result
    assert (
        f"{file}:14: webhook[1].view.column[1].path: the column 'name' (text) is in none of the last {K} responses "
        "[column-vanished]"
    ) in result.out.splitlines()
    assert f"the column 'id' was number, and is text in the last {K} responses [column-changed]" in result.out
    assert "'emial' is in none of the last 10 responses, and never was [column-unknown]" in result.out


def test_without_it_nothing_is_said(command, file):
    """
    Definitions alone do not tell.
    """
    assert 0 == command("check", str(file)).code


def test_refusals_are_no_rows(command, file, tmp_path):
    """
    A target that fails has no columns, and that is not what is looked for.
    """
    calls = [call(n, [{"name": "Naledi", "id": 1, "emial": "x"}] if n < K else {}, 200 if n < K else 500)
             for n in range(2 * K)]  # fmt: skip

    assert [] == codes(command("check", str(file), "--json", "--recorded", written(tmp_path, calls)))


def test_what_a_process_learnt_is_read_too(command, file, tmp_path):
    """
    As `drift export` writes it.
    """
    drift, webhook = Drift(DriftSettings(every_s=0.0)), read_text(DEFINITIONS).webhook("Lookup")
    for cell in ["Naledi"] * K + [None] * K:
        columns = (Column(path="name"),)
        drift.note(
            "Lookup", revision_of(webhook), AgentView(outcome=Outcome.OK, sentence="", columns=columns, rows=((cell,),))
        )  # fmt: skip
    path = written(tmp_path, [{"Euphoria": drift.to_json()}], "learnt.json")

    assert ["column-vanished"] == codes(command("check", str(file), "--json", "--recorded", path))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("nonsense", "1 line cannot be read"),
        ("{}", "holds nothing of the tenant 'Euphoria'; it has nobody's"),
        ('{"Another": {}}', "holds nothing of the tenant 'Euphoria'; it has 'Another'"),
        ('{"Euphoria": {"Lookup": 1}}', "neither recorded calls nor what a process learnt"),
        (None, "cannot be read: No such file"),
    ],
    ids=["no JSON", "empty", "another tenant", "something else", "not there"],
)
def test_a_file_that_is_neither_is_refused(command, file, tmp_path, content, says):
    """
    With a sentence, and nothing on standard output.
    """
    path = tmp_path / "recorded"
    if content is not None:
        path.write_text(content)

    result = command("check", str(file), "--recorded", str(path))

    assert (2, "") == (result.code, result.out)
    assert says in result.err


def test_what_comes_by_standard_input_holds_for_every_file(command, file, tmp_path):
    """
    It can be read once only.
    """
    another = tmp_path / "another.toml"
    another.write_text(DEFINITIONS)
    lines = "\n".join(json.dumps(call(n, [{"name": "Naledi", "id": 1}])) for n in range(2 * K))

    result = command("check", str(file), str(another), "--json", "--recorded", "-", stdin=lines)

    assert [["column-unknown"]] * 2 == [
        [finding["code"] for finding in each["findings"]] for each in json.loads(result.out)
    ]


def test_who_watches_names_a_file(command, file):
    """
    It is read again and again.
    """
    result = command("check", str(file), "--watch", "--recorded", "-")

    assert 2 == result.code
    assert "name a file" in result.err


def test_a_change_of_it_is_watched_too(command, file, tmp_path, monkeypatch):
    """
    Not only of definitions.
    """
    lines = [call(n, [{"name": "Naledi", "id": 1, "emial": "x"}]) for n in range(2 * K)]
    path = written(tmp_path, lines)
    os.utime(path, (1e9, 1e9))
    rests = []

    def rest(_):
        rests.append(1)
        if len(rests) > 1:
            raise KeyboardInterrupt
        written(tmp_path, [call(n, [{"name": "Naledi", "id": 1}]) for n in range(2 * K)])
        os.utime(path, (2e9, 2e9))

    monkeypatch.setattr(time, "sleep", rest)

    result = command("check", str(file), "--watch", "--recorded", path)

    assert 130 == result.code
    assert ["ok", "1 finding"] == [
        line.rpartition(": ")[2] for line in result.out.splitlines() if " webhook, " in line
    ]
