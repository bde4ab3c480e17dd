"""
The end of a process by signal.
"""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, os, signal, sys
from webhook_engine.cli.loop import run
from webhook_engine.process.signals import ended_by_signals, ignore_signals

async def work():
    ended = asyncio.Event()
    with ended_by_signals(ended.set):
        print("works", flush=True)
        await ended.wait()

def told_again():
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)

run(work())
told_again()
ignore_signals()
told_again()
print("ended")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_does_not_change_how_a_process_ended(number):
    """
    It may come when the loop is closed already and only the interpreter is left.
    """
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as process:
        assert "works\n" == process.stdout.readline()
        process.send_signal(number)
        assert "ended\n" == process.communicate(timeout=30)[0]
    assert 0 == process.returncode
