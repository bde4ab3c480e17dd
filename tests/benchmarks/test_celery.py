"""
The worker beside Celery: the best of Celery's pools counts, and everything that a process starts is counted.
"""

import os
import subprocess
import sys
import time

import pytest

from benchmarks import celery, targets
from benchmarks.celery import BEST, OURS, POOLS, WITH_REDIS, Taken
from benchmarks.harness import QUICK
from benchmarks.processes import memory_b, processor_s, tree_of

BUSY = "import time\nend = time.process_time() + {seconds}\nwhile time.process_time() < end: pass"
PARENT = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', sys.argv[1]])\nprint('done', flush=True)\ninput()"


def taken(seconds):
    """
    Five turns that took as long, with a Redis server that took half of it again.
    """
    return [Taken(seconds, seconds, int(seconds * 1e6), (seconds / 2, int(seconds * 5e5)))] * 5


@pytest.fixture
def parent():
    """
    A process whose child has worked for a fifth of a second and is gone.
    """
    command = [sys.executable, "-c", PARENT, BUSY.format(seconds=0.2)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "done\n"
        yield process.pid
        process.communicate("\n")


def test_the_best_of_the_pools_is_the_reference():
    """
    The quickest of those that write every second: one that writes always does more than was asked for.
    """
    measured = dict.fromkeys(POOLS, taken(3.0)) | {OURS: taken(0.1)}
    measured |= {"celery, prefork 8": taken(2.0), "celery, prefork 4, fsync always": taken(1.0)}

    rate, processor, memory = celery.comparisons(measured)

    assert 2.0 == next(each.median for each in rate.series if each.name == BEST)
    assert 3.0 == next(each.median for each in processor.series if each.name == WITH_REDIS)
    assert [BEST, BEST, BEST] == [each.series[0].name for each in (rate, processor, memory)]


def test_every_target_beside_celery_is_judged():
    """
    A name that is written in two ways would be measured and never judged.
    """
    measured = dict.fromkeys(POOLS, taken(2.0)) | {OURS: taken(0.1)}

    outcomes = [each for each in targets.judge(celery.comparisons(measured)) if each.ok is not None]

    assert 3 == len(outcomes)
    assert [True] * 3 == [each.ok for each in outcomes]


def test_what_is_missing_is_told(monkeypatch, capsys):
    """
    Without a Redis server nothing is measured, and nobody has to guess why.
    """
    monkeypatch.setattr(celery, "redis_server", lambda: None)
    monkeypatch.setattr(celery, "find_spec", lambda name: name)

    assert [] == list(celery.run(QUICK))
    assert "celery: skipped, because there is no redis-server" in capsys.readouterr().out


def test_time_of_children_that_are_gone_is_counted(parent):
    """
    A pool may replace its processes while it is measured.
    """
    assert [parent] == tree_of(parent)
    assert processor_s(parent) >= 0.2


def test_memory_is_that_of_the_whole_tree():
    """
    A child adds its own; what it shares with its parent is counted once.
    """
    alone = memory_b(os.getpid())
    with subprocess.Popen([sys.executable, "-c", "held = bytes(20_000_000).replace(b'\\0', b'1')\ninput()"], stdin=subprocess.PIPE) as child:  # fmt: skip
        end = time.monotonic() + 60
        while memory_b(child.pid) < 20_000_000 and time.monotonic() < end:
            time.sleep(0.01)
        both = memory_b(os.getpid())
        child.communicate(b"\n")

    assert child.pid not in tree_of(os.getpid())
    assert both > alone + 19_000_000
