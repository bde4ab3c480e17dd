"""
A target system that costs as little as can be: it finds the end of each request and sends fixed bytes.

`python -m benchmarks.target CORE` prints its port and serves until its input ends.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import uvloop

from benchmarks.records import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = as_json(2).ljust(1024)
"""1 KiB: a lookup that found two contacts."""

_RESPONSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
)

TAKEN = b'{"id":"4711","status":"ok"}'

_TAKEN = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(TAKEN)
    + TAKEN
)


class Answers(asyncio.Protocol):
    """
    One connection: lookups without a body, and what is posted with its length told.
    """

    def __init__(self) -> None:
        self._begun = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._begun += data
        answers = b""
        while (end := self._begun.find(b"\r\n\r\n")) >= 0:
            end += 4 + _length(self._begun[:end])
            if len(self._begun) < end:
                break
            answers += _TAKEN if self._begun.startswith(b"POST") else _RESPONSE
            self._begun = self._begun[end:]
        if answers:
            self._transport.write(answers)


def _length(head: bytes) -> int:
    found = head.find(b"Content-Length: ")
    if found < 0:
        return 0
    end = head.find(b"\r\n", found)
    return int(head[found + 16 : end if end >= 0 else None])


@contextmanager
def serving() -> Iterator[int]:
    """
    The port of a target on the last core, with this process kept on the first.
    """
    ours = os.sched_getaffinity(0)
    theirs = max(ours)
    os.sched_setaffinity(0, (ours - {theirs}) or ours)
    command = [sys.executable, "-m", "benchmarks.target", str(theirs)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield int(server.stdout.readline())
    finally:
        server.communicate()  # closes its input
        os.sched_setaffinity(0, ours)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answers, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    os.sched_setaffinity(0, {int(sys.argv[1])})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())


if __name__ == "__main__":
    main()
