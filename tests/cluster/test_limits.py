"""
What a target system is spared, by all processes together.
"""

import threading
import time

from tests.cluster.workers import Cluster
from tests.faults.process import event

DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
max_in_flight = 3

[[group]]
name = "Slow"
max_per_second = 10.0

[[webhook]]
name = "Few"
group = "CRM"
type = "ajax-post"
url = "{target}/few/{{CALL_SIPID}}"
content_type = "json"
delivery = "durable"
deadline_s = {deadline_s}

[[webhook]]
name = "Seldom"
group = "Slow"
type = "ajax-post"
url = "{target}/seldom/{{CALL_SIPID}}"
content_type = "json"
delivery = "durable"
deadline_s = {deadline_s}

[[rule]]
name = "Report every call"
on = ["disposed"]
webhooks = ["Few", "Seldom"]
"""


def test_two_workers_grant_a_target_together_what_one_does(tmp_path, target, postgresql):
    """
    What the definitions grant holds for all processes: at one time and in a second, and nothing of it lies idle.
    """
    lock, now, most = threading.Lock(), set(), []

    def answer(request):
        if "/few/" not in request.path:
            return 200
        with lock:
            now.add(request)
            most.append(len(now))
        time.sleep(0.05)
        with lock:
            now.remove(request)
        return 200

    target.answer = answer
    before = len(target.requests)
    with Cluster(tmp_path, postgresql.make_schema(), target, definitions=DEFINITIONS) as cluster:
        one, other = cluster.start("one", "other")
        for start in range(0, 60, 10):
            (one, other)[start % 20 > 0].send(*(event(f"limit{n}") for n in range(start, start + 10)))
        cluster.until_done(120)
        performers = {each.pid for each in (one, other) if each.log("attempt.finished")}
    target.answer = lambda request: 200

    starts = sorted(each.at for each in target.requests[before:] if "/seldom/" in each.path)
    assert 60 == len(starts) == len(most)
    assert 3 == max(most)
    # Over all of them: on a busy machine some arrive late, and then more of them in one second than had started in it.
    assert 3 < 50 / (starts[-1] - starts[0]) < 13
    assert {one.pid, other.pid} == performers


def test_two_workers_ask_a_target_that_fails_as_one_would(tmp_path, target, postgresql):
    """
    What one finds out both know; one of them asks again, with one request, each time that somebody should look.
    """
    fails = True
    asked = []

    def answer(request):
        asked.append(time.monotonic())
        return 503 if fails else 200

    target.answer = answer
    with Cluster(tmp_path, postgresql.make_schema(), target) as cluster:
        one, other = cluster.start("one", "other")
        for start in range(0, 200, 20):
            (one, other)[start % 40 > 0].send(*(event(f"down{n}") for n in range(start, start + 20)))
        for worker in (one, other):
            worker.until_logged("target.changed")
        time.sleep(1)
        asked.clear()
        time.sleep(16)
        looks = list(asked)
        fails = False
        cluster.until_done(200)
    target.answer = lambda request: 200

    # After 5 s, and then after 10: each time one request.
    assert 1 <= len(looks) <= 2
