"""
What is edited counts within a second; what is broken is said, and what worked goes on.
"""

import os
import time
from datetime import datetime

import pytest

from tests.faults.process import DEFINITIONS, Process, event, until


@pytest.fixture(scope="module")
def process(target, tmp_path_factory):
    with Process(tmp_path_factory.mktemp("edited"), target) as process:
        yield process


def edit(process, **changes):
    """
    Saves the file with some of its words replaced, and returns when.
    """
    text = process.file.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    process.file.write_text(text)
    return time.time()


def test_an_edit_of_the_file_counts_within_a_second(process, target):
    """
    The next event goes where the file says now.
    """
    saved = edit(process, calls="v2")
    [changed] = process.until_logged("definitions.changed")
    process.send(event("after-the-edit"))
    process.settled()

    # A second where there is room; others wait for this machine too.
    crowd = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert 0 < moment(changed) - saved < 1.0 * crowd
    assert ["/v2/after-the-edit"] == [each.path for each in target.requests if each.call == "after-the-edit"]


def moment(line):
    """
    When a line of the log was said.
    """
    return datetime.fromisoformat(line["timestamp"]).timestamp()


def test_a_broken_edit_is_told_and_the_old_one_works(process, target):
    """
    The log names the place; the file mended counts again.
    """
    whole = process.file.read_text()
    edit(process, CALL_NOTES="CALL_NOTE")
    [refused] = process.until_logged("definitions.refused")
    process.send(event("while-broken"))
    settled = process.settled()

    assert "integration.toml" in refused["problem"]
    assert "did you mean CALL_NOTES" in refused["problem"]
    assert "done" == settled["while-broken"]["state"]
    changes = len(process.log("definitions.changed"))
    process.file.write_text(whole.replace("/v2/", "/v3/"))
    process.until_logged("definitions.changed", changes + 1)


def test_a_file_that_is_emptied_defines_nothing_new(process):
    """
    Half of an edit is no edit: editors empty a file before they fill it.
    """
    whole = process.file.read_text()
    refused = len(process.log("definitions.refused"))

    process.file.write_text("")
    process.until_logged("definitions.refused", refused + 1)
    process.file.unlink()
    process.until_logged("definitions.refused", refused + 2)

    assert "defines nothing" in process.log("definitions.refused")[-2]["problem"]
    process.send(event("while-empty"))
    assert "done" == process.settled()["while-empty"]["state"]
    process.file.write_text(whole)


def test_without_a_file_the_store_decides(target, tmp_path, command, monkeypatch):
    """
    A process that begins with nothing works by what is imported while it runs; an import takes effect at once.
    """
    monkeypatch.chdir(tmp_path)
    text = DEFINITIONS.format(target=target.url, deadline_s=5)
    file = tmp_path / "elsewhere.toml"
    with Process(tmp_path) as process:
        assert "There are no definitions yet: webhook-engine import FILE" in process.printed()
        file.write_text(text)
        assert (0, "Euphoria: revision 1: 3 webhooks, 2 rules\n") == brief(command("import", str(file)))
        process.until_logged("definitions.changed")
        process.send(event("of-the-store"))
        file.write_text(text.replace("/calls/", "/w2/"))
        assert (0, "Euphoria: revision 2: 3 webhooks, 2 rules\n") == brief(command("import", str(file)))
        process.until_logged("definitions.changed", 2)
        process.send(event("of-revision-2"))
        process.settled()
        exported = command("export").out

        process.terminate()
        assert 0 == process.wait()
        process.start()
        process.send(event("after-a-restart"))
        process.settled()

    assert "/w2/" in exported
    paths = {each.call: each.path for each in target.requests}
    assert ("/calls/of-the-store", "/w2/of-revision-2", "/w2/after-a-restart") == tuple(
        paths[name] for name in ("of-the-store", "of-revision-2", "after-a-restart")
    )


def brief(done):
    return done.code, done.out


def test_a_folder_is_watched_as_one(target, tmp_path):
    """
    A file that is put into it counts, and one that is taken away does not any more.
    """
    (tmp_path / "all").mkdir()
    more = tmp_path / "all" / "more.toml"
    (tmp_path / "all" / "first.toml").write_text(DEFINITIONS.format(target=target.url, deadline_s=5))
    with Process(tmp_path, definitions_at="all") as process:
        more.write_text(f'[[webhook]]\nname = "More"\ntype = "ajax-get"\nurl = "{target.url}/more"\n')
        [added] = process.until_logged("definitions.changed")
        more.unlink()
        _, removed = process.until_logged("definitions.changed", 2)

    assert (4, 3) == (added["webhooks"], removed["webhooks"])


def test_definitions_that_cannot_be_used_end_the_start(tmp_path, command, monkeypatch):
    """
    Every problem with its place, and nothing is left running.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.toml").write_text('[[webhook]]\nname = "A"\ntype = "ajax-fetch"\nurl = "x"\n')

    done = command("up", "broken.toml", "--port", "0")

    assert 2 == done.code
    assert "broken.toml:3: webhook[1].type" in done.err
    assert not (tmp_path / "webhook-engine.running").exists()


def test_a_broken_edit_is_no_reason_to_end(process):
    """
    After all of this it is the same process.
    """
    assert until(lambda: process.is_alive)
    assert 1 == len(process.log("worker.started"))
