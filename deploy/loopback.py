"""
A cluster on this machine's loopback, to look at and to break: PostgreSQL, three NATS nodes, two workers, one `up`.

    make cluster          starts it, tells where it is, and ends it with Ctrl-C
    make cluster-trial    hands it 100,000 events while a worker and a NATS node are killed, and accounts for every one

Both servers come from PyPI wheels and run without root's rights; everything is in a folder that is gone afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

import asyncpg
from aiohttp import web

from tests.servers.nats import NatsCluster
from tests.servers.postgresql import PostgresqlServer
from webhook_engine.store import new_key

FOLDER = Path(".cluster")
"""Where a running cluster says where it is."""

COMMAND = Path(sys.executable).with_name("webhook-engine")

PATIENCE_S = 900.0
"""For all events to be delivered; a killed worker's leases take half a minute to run out."""

DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
authentication = "none"
max_in_flight = 100

[[webhook]]
name = "Call outcome"
group = "CRM"
type = "ajax-post"
url = "http://127.0.0.1:{target}/outcomes/{{CALL_SIPID}}"
content_type = "json"
delivery = "durable"

[[webhook.parameter]]
name = "outcome"
value = "{{CALL_DISPOSITION}}"

[[rule]]
name = "Tell the CRM how a call ended"
on = ["disposed"]
webhooks = ["Call outcome"]
"""


def main() -> int:
    """
    Returns:
        0, or 1 where an event is not accounted for.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["up", "trial"])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--without-nats", action="store_true", help="PostgreSQL alone")
    options = parser.parse_args()
    if options.what == "up":
        return up(with_nats=not options.without_nats)
    return trial(options.events)


# --- The cluster -------------------------------------------------------------------------------------


def up(*, with_nats: bool) -> int:
    """
    Start everything, and wait for Ctrl-C.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, end)
    with suppress(KeyboardInterrupt), ExitStack() as opened:
        work = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="webhook-engine-cluster-")))
        print("PostgreSQL and NATS begin …", flush=True)
        database = opened.enter_context(PostgresqlServer(waits_for_disk=True)).url()
        nats = opened.enter_context(NatsCluster()) if with_nats else None
        target = free_port()
        (work / "integration.toml").write_text(DEFINITIONS.format(target=target))
        environment = os.environ | {
            "WEBHOOK_ENGINE_DATABASE": database,
            "WEBHOOK_ENGINE_KEY": new_key(),
            "WEBHOOK_ENGINE_TENANT": "Euphoria",
        }
        if nats is not None:
            environment["WEBHOOK_ENGINE_NATS"] = nats.url
        run(environment, "import", str(work / "integration.toml"))
        run(environment, "doctor", "--fix")
        processes = {}
        for name, what in (("one", "worker"), ("other", "worker"), ("console", "up")):
            processes[name] = opened.enter_context(Process(name, what, work, environment))
        for process in processes.values():
            process.wait()
        FOLDER.mkdir(exist_ok=True)
        state = {
            "environment": {
                name: environment[name] for name in environment if name.startswith("WEBHOOK_ENGINE_")
            },
            "target": target,
            "workers": [processes["one"].pid, processes["other"].pid],
            "nats": [] if nats is None else nats.pids(),
        }
        file = FOLDER / "cluster.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(state))
        opened.callback(file.unlink, missing_ok=True)
        print(f"  PostgreSQL  {database}\n  NATS        {'none' if nats is None else nats.url}")
        for name, process in processes.items():
            print(f"  {name:<10}  {process.url}  (process {process.pid})")
        print((work / "console.out").read_text())
        print("Ctrl-C ends it. In another terminal: make cluster-trial", flush=True)
        signal.pause()
    return 0


def end(*_: object) -> None:
    """
    A signal ends what was started, whatever is under way.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


class Process:
    """
    One process of the engine; it has ended when this is left.
    """

    def __init__(self, name: str, what: str, work: Path, environment: dict[str, str]) -> None:
        self._out = work / f"{name}.out"
        self._log = work / f"{name}.log"
        with self._out.open("wb") as out, self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [COMMAND, what, "--port", "0"], stdout=out, stderr=log, env=environment, cwd=work
            )
        self.pid = self._process.pid

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(60)

    def wait(self) -> None:
        """
        Until it takes events in.
        """
        until = time.monotonic() + 60
        while "listens on" not in (told := self._out.read_text()):
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < until, self._log.read_text()
            time.sleep(0.1)
        self.url = told.partition("listens on ")[2].split()[0]


# --- The trial ---------------------------------------------------------------------------------------


def trial(count: int) -> int:
    """
    Hand in events, kill, wait, and account for each.
    """
    try:
        state = json.loads((FOLDER / "cluster.json").read_text())
    except OSError:
        print("no cluster runs here: `make cluster` in another terminal starts one", file=sys.stderr)
        return 2
    return asyncio.run(_trial(state, count))


async def _trial(state: dict, count: int) -> int:
    name = f"trial{random.randrange(10**6)}"
    requests: Counter[str] = Counter()
    runner = await target(requests, state["target"])
    environment = os.environ | state["environment"]
    database = await asyncpg.connect(environment["WEBHOOK_ENGINE_DATABASE"])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.jsonl"
        with file.open("w") as events:
            for number in range(count):
                call = {
                    "CALL_SIPID": f"{name}-{number}",
                    "EXTENSION": "100-Euphoria",
                    "CALL_DISPOSITION": "Success",
                }
                at = "2026-11-22T10:00:00+02:00"
                events.write(
                    json.dumps({"id": f"{name}-{number}", "moment": "disposed", "at": at, "call": call})
                    + "\n"
                )
        began = time.monotonic()
        through = ("--nats", environment["WEBHOOK_ENGINE_NATS"]) if state["nats"] else ()
        emitting = await asyncio.create_subprocess_exec(
            str(COMMAND), "emit", str(file), *through, env=environment
        )
        killed = await kill_at(requests, count, state)
        if await emitting.wait():
            return 1
        print(f"{count:,} events published in {time.monotonic() - began:.1f} s; {killed}", flush=True)
        told = -1
        while len(requests) < count and time.monotonic() - began < PATIENCE_S:
            if told != len(requests):
                told = len(requests)
                print(f"  {told:>9,} reached the target system", flush=True)
            await asyncio.sleep(1)
        took_s = time.monotonic() - began
        # What a killed worker had in hand is done by the others when its leases have run out.
        states = await settled(database, name)
    await database.close()
    await runner.cleanup()
    return report(name, count, requests, states, took_s)


async def kill_at(requests: Counter[str], count: int, state: dict) -> str:
    """
    A worker once a tenth was delivered, a NATS node once a fifth was.
    """
    told = []
    for share, what, pids in ((10, "worker", state["workers"]), (5, "NATS node", state["nats"])):
        if not pids:
            continue
        while len(requests) < count // share:
            await asyncio.sleep(0.05)
        os.kill(pids[0], signal.SIGKILL)
        told.append(f"{what} {pids[0]}")
    return f"killed {' and '.join(told)}"


async def settled(database: asyncpg.Connection, name: str) -> Counter[str]:
    """
    State -> how many deliveries of this trial have it, once none waits any more.
    """
    wanted = """
        SELECT state, count(*) FROM webhook_engine.delivery JOIN webhook_engine.content USING (id)
        WHERE event_id LIKE $1 GROUP BY state
    """
    until = time.monotonic() + 120
    while True:
        found = Counter({row[0]: row[1] for row in await database.fetch(wanted, f"{name}-%")})
        if not found["ready"] + found["leased"] or time.monotonic() > until:
            return found
        await asyncio.sleep(0.5)


def report(name: str, count: int, requests: Counter[str], states: Counter[str], took_s: float) -> int:
    """
    Every event, and what became of it.
    """
    wanted = {f"{name}-{number}" for number in range(count)}
    reached = wanted & requests.keys()
    again = sum(requests[each] > 1 for each in reached)
    print(
        f"""
  events                          {count:>9,}
  reached the target system       {len(reached):>9,}
  of these more than once         {again:>9,}   (in hand when a worker was killed; each under one idempotency key)
  lost                            {count - len(reached):>9,}
  deliveries by state             {", ".join(f"{value:,} {each}" for each, value in sorted(states.items()))}
  took                            {took_s:>9.1f} s, {count / took_s:,.0f} a second"""
    )
    return 0 if wanted == reached and states == Counter({"done": count}) else 1


async def target(requests: Counter[str], port: int) -> web.AppRunner:
    """
    The CRM: it says thank you, and counts.
    """

    async def take(request: web.Request) -> web.Response:
        await request.read()
        requests[request.match_info["call"]] += 1
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_post("/outcomes/{call}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


def run(environment: dict[str, str], *words: str) -> None:
    done = subprocess.run([COMMAND, *words], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"webhook-engine {' '.join(words)}: {done.stdout}{done.stderr}")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())
