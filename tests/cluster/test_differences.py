"""
Processes that do not agree about the time, or about the definitions, agree about what is delivered.
"""

import time
from collections import Counter
from datetime import datetime

import pytest

from tests.cluster.workers import Cluster
from tests.faults.process import DEFINITIONS, event

SHIFTED = """
import datetime, os, time

_by_s = float(os.environ["SHIFTED_BY_S"])
_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + _by_s
time.time_ns = lambda: _time_ns() + int(_by_s * 1e9)


class _Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(seconds=_by_s)

    @classmethod
    def utcnow(cls):
        return super().utcnow() + datetime.timedelta(seconds=_by_s)


datetime.datetime = _Shifted
"""
"""Read by Python before anything else, as `sitecustomize`: what every process believes the time to be."""


@pytest.fixture
def skewed(cluster):
    """
    Two processes, of which one is an hour ahead and the other one an hour behind.
    """
    folder = cluster.folder / "shifted"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SHIFTED)
    cluster.environ["PYTHONPATH"] = str(folder)
    workers = []
    for name, by_s in (("ahead", 3600), ("behind", -3600)):
        cluster.environ["SHIFTED_BY_S"] = str(by_s)
        workers += cluster.start(name)
    return workers


def test_workers_whose_clocks_differ_by_two_hours_do_as_if_they_did_not(skewed, cluster, target):
    """
    No lease ends sooner, nothing is sent twice, and a retry comes when it is due.
    """
    ahead, behind = skewed
    calls = [f"skew{n}" for n in range(100)]
    first = Counter()

    def answer(request):
        first[request.call] += 1
        # One in ten fails once, and waits some seconds.
        return 503 if request.call.endswith("7") and first[request.call] == 1 else 200

    target.answer = answer
    began = time.monotonic()
    for start in range(0, 100, 10):
        (ahead, behind)[start % 20 > 0].send(*map(event, calls[start : start + 10]))
    cluster.until_done(100)
    took_s = time.monotonic() - began

    wanted = {call: 2 if call.endswith("7") else 1 for call in calls}
    assert wanted == {call: first[call] for call in calls}
    assert took_s < 60
    unknown = cluster.ask("SELECT count(*) FROM attempt WHERE outcome = 'maybe-delivered'")
    put = cluster.ask("SELECT max(put_at) - min(put_at) FROM content")
    assert [(0,)] == [tuple(row) for row in unknown]
    assert put[0][0] < 60_000
    said = [datetime.fromisoformat(each.log("worker.started")[0]["timestamp"]) for each in skewed]
    assert 7_000 < (said[0] - said[1]).total_seconds() < 7_300


def test_workers_with_different_definitions_send_what_was_accepted(tmp_path, target, postgresql):
    """
    While processes are exchanged one by one: a delivery is what the process made of it that took its event, whoever
    performs it.
    """
    with Cluster(tmp_path, postgresql.make_schema(), target) as cluster:
        files = []
        for name in ("old", "new"):
            files.append(tmp_path / f"{name}.toml")
            text = DEFINITIONS.replace("/calls/", f"/{name}/").replace(
                'name = "Euphoria"', 'name = "Euphoria"'
            )
            files[-1].write_text(text.format(target=target.url, deadline_s=2))
        old, new = (
            cluster.start(name, arguments=[str(file)])[0]
            for name, file in zip(("old", "new"), files, strict=True)
        )
        for start in range(0, 100, 10):
            old.send(*(event(f"o{n}") for n in range(start, start + 10)))
            new.send(*(event(f"n{n}") for n in range(start, start + 10)))
        cluster.until_done(200)
        performers = [[each["webhook"] for each in worker.log("attempt.finished")] for worker in (old, new)]

    paths = Counter(
        each.path.split("/")[1] + each.call[0] for each in target.requests if each.call[:1] in {"o", "n"}
    )
    assert {"oldo": 100, "newn": 100} == {
        key: paths[key] for key in ("oldo", "newn", "oldn", "newo") if paths[key]
    }
    assert all(performers)
