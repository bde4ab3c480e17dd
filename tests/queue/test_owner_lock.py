"""
The lock is the process's that took it, and ends with it.
"""

import os
import resource
import signal

import pytest

from webhook_engine.errors import QueueError, QueueOwned
from webhook_engine.locking import OwnerLock


def lock(path):
    """
    The lock on *path*.
    """
    return OwnerLock(path, owned=QueueOwned, unusable=QueueError)


def child_of(work):
    """
    A forked process that does *work* and then waits to be ended.
    """
    ready, say = os.pipe()
    child = os.fork()
    if child == 0:
        work()
        os.write(say, b"x")
        signal.pause()
    assert os.read(ready, 1) == b"x"
    os.close(ready)
    os.close(say)
    return child


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_does_not_keep_it(tmp_path):
    """
    When its owner is gone the next one has the file, although a child of the owner is still there.
    """
    held = lock(tmp_path / "q.db")
    child = child_of(lambda: None)
    try:
        with pytest.raises(QueueOwned):
            lock(tmp_path / "q.db")
        held.release()

        lock(tmp_path / "q.db").release()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_cannot_release_it(tmp_path):
    """
    Neither the lock nor the name of its owner goes when a child closes what it inherited.
    """
    held = lock(tmp_path / "q.db")
    child = child_of(held.release)
    try:
        with pytest.raises(QueueOwned, match=f"process {os.getpid()}"):
            lock(tmp_path / "q.db")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        held.release()


def test_a_full_disk_is_told_with_its_file(tmp_path):
    """
    The name of the owner needs room. Without any the file is nobody's, and the next one has it when there is some.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(QueueError, match=r"q\.db\.owner cannot be written: .*make room") as refused:
            lock(tmp_path / "q.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert not isinstance(refused.value, QueueOwned)
    lock(tmp_path / "q.db").release()
