"""
What a restart must not make of an event: two, none, or another crash; and what an agent's screen knows after it.
"""

import json
import sys
import threading
import urllib.request

from tests.faults.process import PATIENCE_S, Process, event, until
from webhook_engine.queue import MAYBE_DELIVERED

AGENT = "100-Euphoria"

QUICK_SUSPICION = """
import sys
from webhook_engine.cli import main
from webhook_engine.queue import QueueSettings

QueueSettings.__init__.__kwdefaults__["suspect_s"] = 0.5
sys.argv[1:] = ["up", "integration.toml", *sys.argv[1:]]
main()
"""
"""The process, that keeps whatever it suspects for half a second instead of twenty."""


def test_what_brings_the_process_down_is_put_away(tmp_path, target):
    """
    After the third crash in a row it is dead, `poison`; what came before, beside and after it is delivered.
    """
    with Process(tmp_path, target, command=[sys.executable, "-c", QUICK_SUSPICION]) as process:

        def answer(request):
            if request.call == "poison":
                process.kill()
            return 200

        target.answer = answer
        process.send(event("before"))
        process.settled()
        process.send(event("poison"))
        for crash in range(1, 4):
            until(lambda: not process.is_alive)
            assert crash == target.calls().count("poison")
            process.start()
        process.send(event("after"))
        settled = process.settled()
        records = process.attempts(settled["poison"]["id"])

        assert ("dead", "poison") == (settled["poison"]["state"], settled["poison"]["reason"])
        assert [MAYBE_DELIVERED] * 3 == [each["outcome"] for each in records]
        assert {"before": "done", "after": "done"} == {
            name: each["state"] for name, each in settled.items() if name != "poison"
        }
        assert 3 == target.calls().count("poison")


def test_an_event_that_is_told_again_after_a_restart_is_one(tmp_path, target):
    """
    Delivered already or still waiting, however the process ended in between.
    """
    target.answer = lambda request: target.hang(request) if request.call == "waiting" else 200
    with Process(tmp_path, target) as process:
        first = process.send(event("delivered"), event("waiting"))
        target.until(lambda: {"delivered", "waiting"} == set(target.calls()))
        until(lambda: "done" in {each["state"] for each in process.deliveries()})
        process.kill()
        target.released.set()
        process.start()
        again = process.send(event("delivered"), event("waiting"))
        process.settled()
        process.terminate()
        process.wait()
        process.start()
        process.send(event("delivered"), event("waiting"))
        settled = process.settled()

        assert first == again
        assert 2 == len(process.deliveries())
        assert {"done"} == {each["state"] for each in settled.values()}
        assert 1 == target.calls().count("delivered")
        assert 2 == target.calls().count(
            "waiting"
        )  # once before the kill, and again because nobody heard the answer
        assert {each["id"] for each in settled.values()} == {each.key for each in target.requests}


class Screen:
    """
    What an agent's screen hears, connection after connection.
    """

    def __init__(self, process):
        self.process, self.last_id = process, ""
        self.heard = []
        """Event and data of each message."""

    def connect(self):
        request = urllib.request.Request(
            f"{self.process.url}/v1/agents/{AGENT}/stream",
            headers={"Authorization": f"Bearer {self.process.key}"}
            | ({"Last-Event-ID": self.last_id} if self.last_id else {}),
        )
        self._stream = urllib.request.urlopen(request, timeout=PATIENCE_S)
        self._reader = threading.Thread(target=self._read, args=(self._stream,), daemon=True)
        self._reader.start()

    def _read(self, stream):
        fields = {}
        for line in stream:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                self.last_id = fields["id"]
                self.heard.append((fields["event"], json.loads(fields["data"])))
                fields = {}

    def ended(self):
        """
        Waits until the service has ended the stream.
        """
        self._reader.join(PATIENCE_S)
        assert not self._reader.is_alive()
        self._stream.close()

    def told(self, kind):
        """
        The calls of all messages of a kind, as often as they came.
        """
        return [data["call"]["CALL_SIPID"] for event, data in tuple(self.heard) if event == kind]

    def until(self, fact):
        until(fact, lambda: f"the screen heard {self.heard}")


def test_a_stream_that_was_cut_goes_on_where_it_was(tmp_path, target):
    """
    Over a restart of the process the screen hears what it missed, and nothing for the second time.
    """
    with Process(tmp_path, target) as process:
        screen = Screen(process)
        screen.connect()
        process.send(event("e1", "ringing"))
        screen.until(lambda: len(screen.told("table")) == 1)
        target.answer = lambda request: 200 if target.released.wait(PATIENCE_S) else 500
        process.terminate()
        screen.ended()
        process.wait()
        process.start()
        process.send(event("e2", "ringing"))
        screen.connect()
        screen.until(lambda: len(screen.told("window")) == 2)
        target.released.set()
        screen.until(lambda: len(screen.told("table")) == 2)

        assert ["snapshot"] == [event for event, _ in screen.heard if event == "snapshot"]
        assert ["e1", "e2"] == screen.told("window") == screen.told("table")
