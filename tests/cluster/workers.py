"""
Several real processes on one PostgreSQL, and one target system that knows none of them.

    with Target() as target, Cluster(tmp_path, postgresql.make_schema(), target) as cluster:
        one, other = cluster.start("one", "other")
        one.send(event("e1"))                        # over HTTP; returns when it is accepted
        cluster.until_done(1)                        # deliveries, whoever performed them
        one.kill()                                   # and all else that `Process` can
        cluster.run_out(one)                         # its leases end now, and not in half a minute
"""

import asyncio
import json
import os
import re
import subprocess
import threading
import urllib.request
from collections import Counter

import asyncpg

from tests.faults.process import COMMAND, DEFINITIONS, PATIENCE_S, Process, until
from tests.xml_api.asking import request_of
from webhook_engine.definitions import read
from webhook_engine.store import Store, new_key


class Worker(Process):
    """
    A process of a cluster: it leaves no word in a file, so what it prints is read.
    """

    def __init__(self, folder, command, *, key, environ):
        super().__init__(folder, command=command, environ=environ)
        self.key = key

    def xml(self, action, inputs=""):
        """
        What its XML API answers.
        """
        body = request_of(action, inputs, tenant="Euphoria", auth=self.key).encode()
        request = urllib.request.Request(f"{self.url}/xml", data=body)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.read().decode()

    def _is_up(self):
        assert self._process.poll() is None, self._log_text()
        found = re.search(r"listens on (\S+)", (self.folder / "out.txt").read_text())
        if found:
            self.url = found.group(1)
        return bool(found)


class Cluster:
    """
    A database with definitions and a key, and the processes that work on it.
    """

    def __init__(self, folder, database, target, *, deadline_s=2, definitions=DEFINITIONS):
        self.folder, self.database = folder, database
        self.environ = {
            "WEBHOOK_ENGINE_DATABASE": database,
            "WEBHOOK_ENGINE_KEY": new_key(),
            "WEBHOOK_ENGINE_INSECURE_HTTP": "true",
        }
        self.file = folder / "integration.toml"
        self.file.write_text(definitions.format(target=target.url, deadline_s=deadline_s))
        self._workers = []

    def __enter__(self):
        self.key = asyncio.run(self._fill())
        return self

    async def _fill(self):
        """
        Puts the definitions in, as `import` does; the key that is made for a dialer.
        """
        async with Store.open(self.database, [self.environ["WEBHOOK_ENGINE_KEY"]]) as store:
            await store.definitions.save("Euphoria", read(self.file), by="test")
            return (await store.keys.add("Euphoria", "dialer", by="test")).secret

    def __exit__(self, *_):
        for worker in self._workers:
            worker.__exit__()

    def command(self, *words):
        """
        What `webhook-engine …` prints, typed on a machine of its own.
        """
        done = subprocess.run(
            [str(COMMAND), *words],
            cwd=self.folder,
            env=os.environ | self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout

    def start(self, *names, command="worker", arguments=()):
        """
        Processes in folders of their own, as on machines of their own, that work by the store's definitions.

        Args:
            arguments: Such as a file of definitions to work by instead.
        """
        made = []
        for name in names:
            (self.folder / name).mkdir()
            made.append(
                Worker(
                    self.folder / name,
                    [str(COMMAND), command, *arguments],
                    key=self.key,
                    environ=dict(self.environ),
                )
            )
            self._workers.append(made[-1])
            made[-1].start(waits=False)
        for each in made:
            until(each._is_up, each._log_text)
        return made

    # --- What the database holds -------------------------------------------------------------------

    def ask(self, statement, *arguments):
        """
        Rows of the database.
        """

        async def ask():
            database = await asyncpg.connect(self.database)
            try:
                return await database.fetch(statement, *arguments)
            finally:
                await database.close()

        return asyncio.run(ask())

    def states(self):
        return Counter(dict(map(tuple, self.ask("SELECT state, count(*) FROM delivery GROUP BY state"))))

    def until_done(self, count):
        """
        Returns when so many deliveries are done, and there are no others.
        """
        until(lambda: {"done": count} == dict(self.states()), lambda: str(self.states()))

    def run_out(self, worker):
        """
        Lets the leases of a process end now.
        """
        self.ask(
            "UPDATE delivery SET at = now_ms() WHERE state = 'leased' AND holder LIKE $1",
            f"%:{worker.pid}/%",
        )


class Stream:
    """
    An agent's screen as a browser follows it at one process: every message, in the order it came.
    """

    def __init__(self, worker, agent, *, last_id=None):
        headers = {"Authorization": f"Bearer {worker.key}"} | ({"Last-Event-ID": last_id} if last_id else {})
        self._request = urllib.request.Request(f"{worker.url}/v1/agents/{agent}/stream", headers=headers)
        self.messages = []

    def __enter__(self):
        self._stream = urllib.request.urlopen(self._request, timeout=PATIENCE_S)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        # The thread ends with the process's next heartbeat, or with the process.
        self._is_over = True

    _is_over = False

    def _read(self):
        fields = {}
        for line in self._stream:
            if self._is_over:
                return
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                self.messages.append((fields["id"], fields["event"], json.loads(fields["data"])))
                fields = {}

    def until(self, fact):
        return until(lambda: fact(tuple(self.messages)), lambda: str(self.messages[-5:]))
