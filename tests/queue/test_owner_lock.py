"""
The lock is the process's that took it, and ends with it.
"""

import os
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
