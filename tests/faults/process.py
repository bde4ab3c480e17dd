"""
A real process and a real target system, for faults that only these can show.

    with Target() as target, Process(tmp_path, target) as process:
        process.send(event("e1"))                    # over HTTP, as a dialer does; returns when it is accepted
        target.until(lambda: target.ids() == {"e1"})
        process.kill()                               # or terminate(), pause(), resume()
        process.start()                              # on the same files
        process.settled()                            # until nothing waits any more; id of the event -> its delivery

`Target` keeps every request from the moment its last byte is there, before anything is answered, so what it holds is
what was sent. `target.answer` decides what it says, and may wait. What the process logs is in `process.log()`, one
dictionary for each line, across restarts. Nothing here sleeps for a length of time: everything waits for a fact, and
fails with what was there instead.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from webhook_engine.queue import SqliteQueue, State

COMMAND = Path(sys.executable).with_name("webhook-engine")

PATIENCE_S = 60.0
"""Until a fact that is waited for counts as missing; each is there within a second or two where there is room."""

DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Report"
type = "ajax-post"
url = "{target}/calls/{{CALL_SIPID}}"
content_type = "json"
delivery = "durable"
deadline_s = {deadline_s}
body = '''{{"notes": "{{CALL_NOTES}}"}}'''

[[webhook]]
name = "Lookup"
type = "ajax-get"
url = "{target}/lookup"
deadline_s = {deadline_s}

[[webhook.parameter]]
name = "call"
value = "{{CALL_SIPID}}"

[[webhook]]
name = "Page"
type = "browser-window"
url = "{target}/page/{{CALL_SIPID}}"

[[rule]]
name = "Report every call"
on = ["disposed"]
webhooks = ["Report"]

[[rule]]
name = "Show every call"
on = ["ringing"]
webhooks = ["Lookup", "Page"]
"""


def event(name, moment="disposed", **call):
    """
    A call event as a dialer sends it; each is a call of its own, so that none waits for another.
    """
    known = {"CALL_SIPID": name, "EXTENSION": "100-Euphoria"}
    if moment == "disposed":
        known |= {"CALL_DISPOSITION": "Success", "CALL_NOTES": name}
    return {"id": name, "moment": moment, "at": "2026-11-22T10:00:00+02:00", "call": known | call}


def until(fact, otherwise=lambda: ""):
    """
    The first true value of *fact*, asked again and again.
    """
    end = time.monotonic() + PATIENCE_S
    while not (found := fact()):
        if time.monotonic() > end:
            raise AssertionError(f"did not become true within {PATIENCE_S:g} s: {otherwise()}")
        time.sleep(0.01)
    return found


def value(lines, name):
    """
    A gauge or counter in the lines of `/metrics`, by its name and, in braces, its labels.
    """
    return float(next(line for line in lines if line.startswith(f"{name} ")).rpartition(" ")[2])


# --- The target system -------------------------------------------------------------------------------


class Request:
    """
    What the target was sent.
    """

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.at = time.monotonic()

    @property
    def call(self):
        """
        Which call it tells of; the name of its event.
        """
        return self.path.rpartition("/")[2].rpartition("=")[2]

    @property
    def key(self):
        """
        By which the target knows that it was sent this before.
        """
        return self.headers.get("Idempotency-Key")

    def __repr__(self):
        return f"{self.method} {self.path}"


class Target:
    """
    A target system on loopback, in a thread of this process: it outlives every worker.
    """

    def __init__(self):
        self.requests = []
        self.answer = lambda request: 200
        """Request -> status; may wait for as long as a hung target should."""
        self.after = lambda request: None
        """Called when the answer to a request has left."""
        self.released = threading.Event()
        """For answers that wait: set at the end, so that no thread stays behind."""

    def __enter__(self):
        target = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = PATIENCE_S

            def take(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.command, self.path, dict(self.headers), body)
                target.requests.append(request)
                status = target.answer(request)
                said = b"{}"
                head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n"
                self.wfile.write(head.encode() + said)
                target.after(request)

            do_GET = do_POST = take  # noqa: N815  # the names are the library's

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass  # a killed worker leaves broken connections behind

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def hang(self, request):
        """
        For `answer`: says nothing until the test is over.
        """
        self.released.wait(PATIENCE_S)
        return 200

    def calls(self):
        """
        The calls that it was told of, each as often as it was.
        """
        return [each.call for each in tuple(self.requests)]

    def until(self, fact):
        return until(fact, lambda: f"the target was sent {self.requests[-20:]}")


# --- The process -------------------------------------------------------------------------------------


class Process:
    """
    `webhook-engine up` in a folder of its own, on the same files each time it is started.
    """

    def __init__(
        self,
        folder,
        target=None,
        *,
        deadline_s=5,
        flags=(),
        environ=None,
        definitions_at=None,
        command=None,
        port=0,
        database="webhook-engine",
        streams=None,
    ):
        """
        Args:
            target: Where `integration.toml` of the folder leads, which is written for it.

            definitions_at: What to work by in its place; the store, where there is no target either.

            command: In place of `webhook-engine up …`.

            port: None leaves it to the other settings.

            database: The name of its file, where they change it.

            streams: Standard output and standard error, in place of files that can be read here.
        """
        self.folder = Path(folder)
        self.file = self.folder / "integration.toml"
        if target is not None:
            self.file.write_text(DEFINITIONS.format(target=target.url, deadline_s=deadline_s))
            definitions_at = "integration.toml"
        self.command = command or [str(COMMAND), "up", *([definitions_at] if definitions_at else [])]
        self.flags = [*([] if port is None else ["--port", str(port)]), *flags]
        self.database, self._streams = database, streams
        self.environ = os.environ | (environ or {})
        self._log = self.folder / "log.jsonl"
        self._process = None

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def start(self, *, waits=True):
        """
        Returns when it takes events in; at once where nobody *waits*.
        """
        with self._log.open("ab") as log, (self.folder / "out.txt").open("wb") as out:
            stdout, stderr = self._streams or (out, log)
            self._process = subprocess.Popen(
                [*self.command, *self.flags], cwd=self.folder, env=self.environ, stdout=stdout, stderr=stderr
            )
        if waits:
            until(self._is_up, self._log_text)
        return self

    def begin(self):
        """
        Starts it: True when it takes events in, or its exit code where it ended before.
        """
        self.start(waits=False)
        return until(lambda: self._process.poll() or self._has_left_word(), self._log_text)

    def _is_up(self):
        assert self._process.poll() is None, f"ended with {self._process.returncode}: {self._log_text()}"
        return self._has_left_word()

    def _has_left_word(self):
        try:
            found = json.loads((self.folder / f"{self.database}.running").read_text())
        except (OSError, ValueError):
            return False
        if found["pid"] != self.pid:
            return False
        self.url, self.key = found["url"], found["key"]
        return True

    def _log_text(self):
        return self._log.read_text()[-4000:]

    @property
    def pid(self):
        return self._process.pid

    @property
    def is_alive(self):
        return self._process.poll() is None

    def peak_bytes(self):
        """
        The most memory it ever had.
        """
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])

    # --- What is done to it ------------------------------------------------------------------------

    def kill(self):
        """
        `kill -9`: nothing of it runs any more.
        """
        self._process.kill()
        self._process.wait(PATIENCE_S)

    def terminate(self):
        """
        Asks it to end; `wait` for how it did.
        """
        self._process.send_signal(signal.SIGTERM)

    def interrupt(self):
        self._process.send_signal(signal.SIGINT)

    def pause(self):
        """
        Stops its clock: it does nothing until `resume`, and does not know.
        """
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def wait(self):
        """
        Its exit code, once it has ended.
        """
        return self._process.wait(PATIENCE_S)

    # --- What it is asked --------------------------------------------------------------------------

    def ask(self, method, path, document=None, *, key=None):
        """
        Status and document of an answer.

        Raises:
            OSError: There is none.
        """
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={"Authorization": f"Bearer {key or self.key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read() or b"null")

    def send(self, *events):
        """
        Hands events in; returns when they are accepted.
        """
        status, document = self.ask("POST", "/v1/events", list(events))
        assert 202 == status, document
        return [each["id"] for each in document["accepted"]]

    def deliveries(self, **filters):
        """
        All of them, the newest first.
        """
        found, after = [], None
        while True:
            query = urllib.parse.urlencode(filters | {"limit": 1000} | ({"after": after} if after else {}))
            status, page = self.ask("GET", f"/v1/deliveries?{query}")
            assert 200 == status, page
            found += page["deliveries"]
            after = page["after"]
            if after is None:
                return found

    def screen(self, agent):
        """
        What an agent has before them, as a stream begins with it.
        """
        request = urllib.request.Request(
            f"{self.url}/v1/agents/{agent}/stream", headers={"Authorization": f"Bearer {self.key}"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as stream:
            data = next(line for line in stream if line.startswith(b"data:"))
        return json.loads(data.removeprefix(b"data:"))["pops"]

    def settled(self):
        """
        Event -> its delivery, once every delivery is done or dead: for as long as their number grows.
        """
        settled, until_at = -1.0, 0.0
        while True:
            waiting, now = self._counts()
            if now and not waiting:
                return {each["event"]: each for each in self.deliveries()}
            if now != settled:
                settled, until_at = now, time.monotonic() + PATIENCE_S
            assert time.monotonic() < until_at, f"{waiting:g} deliveries wait, and nothing goes on"
            time.sleep(0.01)

    def _counts(self):
        """
        How many deliveries are not yet done or dead, and how many are.
        """
        # All from one answer: between two, what is leased may come to wait again.
        lines = self.metrics()
        states = {
            str(state): value(lines, f'webhook_engine_deliveries{{state="{state}"}}') for state in State
        }
        settled = states.pop("done") + states.pop("dead")
        return sum(states.values()), settled

    def kept(self):
        """
        Event -> its delivery with its attempts, as they stand in the file of a process that has ended.
        """

        async def read():
            async with SqliteQueue(self.folder / f"{self.database}.deliveries.db") as queue:
                found = (await queue.list(limit=10_000)).deliveries
                return {each.event_id: await queue.show(each.id) for each in found}

        return asyncio.run(read())

    def attempts(self, delivery):
        """
        The records of its attempts.
        """
        status, found = self.ask("GET", f"/v1/deliveries/{delivery}")
        assert 200 == status, found
        return found["records"]

    def metric(self, name):
        """
        A gauge or counter of `/metrics`, by its name and, in braces, its labels.
        """
        return value(self.metrics(), name)

    def metrics(self):
        """
        What `/metrics` answers, by lines.
        """
        request = urllib.request.Request(
            f"{self.url}/metrics", headers={"Authorization": f"Bearer {self.key}"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.read().decode().splitlines()

    # --- What it says ------------------------------------------------------------------------------

    def log(self, name=None):
        """
        Its lines so far, all or those of one event.
        """
        lines = [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if name is None or line["event"] == name]

    def said(self):
        """
        Everything on standard error, as it stands there.
        """
        return self._log.read_text()

    def printed(self):
        """
        Everything on standard output, once its last line is there.
        """
        out = self.folder / "out.txt"
        return until(
            lambda: text if "in another terminal" in (text := out.read_text()) else None, self._log_text
        )

    def until_logged(self, name, count=1):
        return until(lambda: found if len(found := self.log(name)) >= count else None, self._log_text)
