"""
A target system on loopback that keeps every byte it was sent, and answers as it is told.
"""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

_PIECE: Final = 65_536
_PATIENCE_S: Final = 60.0
"""A connection on which nothing comes for so long is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """
    One request, byte for byte.
    """

    raw: bytes
    """Its head as it came, and its body without the marks of chunks."""

    method: str

    path: str
    """With its query, encoded as it was sent."""

    headers: tuple[tuple[str, str], ...]
    """In the order received; names as sent."""

    body: bytes

    def header(self, name: str) -> str | None:
        """
        The value of header *name*, whatever its case; None where it was not sent.
        """
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class _Promise:
    method: str
    path: str
    response: bytes
    left: int | None
    """How often it is given still; None for always."""

    def fits(self, received: Received) -> bool:
        path = received.path if "?" in self.path else received.path.partition("?")[0]
        return self.left != 0 and self.method == received.method and self.path == path


@dataclass
class FakeTarget:
    """
    A real server in a thread of its own, for any test and any event loop.

    It answers what it was told to expect, and 501 to everything else; `unexpected` holds what that was.
    """

    received: list[Received] = field(default_factory=list)
    """Every request, in order."""

    unexpected: list[Received] = field(default_factory=list)
    _promises: deque[_Promise] = field(default_factory=deque)
    _threads: list[threading.Thread] = field(default_factory=list)
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        """Without a slash at its end."""

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def expect(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        body: object = b"",
        times: int | None = None,
    ) -> None:
        """
        Answer such requests so, before those that were expected earlier.

        Args:
            path: Compared with its query where it has one, else without.

            body: Bytes or text as they stand; anything else is sent as JSON.

            times: How often; always where left out.
        """
        sent = dict(headers or {})
        if isinstance(body, str):
            content = body.encode()
        elif isinstance(body, bytes):
            content = body
        else:
            content = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        with self._lock:
            self._promises.appendleft(_Promise(method, path, _response(status, sent, content), times))

    def close(self) -> None:
        """
        Ends every connection, and waits until nothing runs any more.
        """
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            connections = tuple(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name="fake target", daemon=True)  # type: ignore[arg-type]  # callables
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        # Closed by `close`, from another thread.
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                connection.settimeout(_PATIENCE_S)
                with self._lock:
                    self._open.add(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        reader = _Reader(connection)
        # A client that goes away in the middle has its reasons.
        with suppress(OSError, ValueError), connection:
            while (received := reader.request()) is not None:
                connection.sendall(self._answer(received))
        with self._lock:
            self._open.discard(connection)

    def _answer(self, received: Received) -> bytes:
        with self._lock:
            self.received.append(received)
            for promise in self._promises:
                if promise.fits(received):
                    if promise.left is not None:
                        promise.left -= 1
                    return promise.response
            self.unexpected.append(received)
        return _response(501, {}, f"the test does not expect {received}".encode())


def _response(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    phrase = HTTPStatus(status).phrase if status in {each.value for each in HTTPStatus} else "Status"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class _Reader:
    """
    The requests of one connection.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._rest = b""

    def request(self) -> Received | None:
        """
        The next one; None where the client is done.
        """
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = tuple(
            (name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines)
        )
        named = {name.lower(): value for name, value in headers}
        body = (
            self._chunks()
            if "transfer-encoding" in named
            else self._exactly(int(named.get("content-length", 0)))
        )
        return Received(raw=head + body, method=method, path=path, headers=headers, body=body)

    def _until(self, mark: bytes) -> bytes | None:
        while mark not in self._rest:
            if not (piece := self._connection.recv(_PIECE)):
                return None
            self._rest += piece
        found, _, self._rest = self._rest.partition(mark)
        return found + mark

    def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            if not (piece := self._connection.recv(_PIECE)):
                raise ConnectionResetError
            self._rest += piece
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _chunks(self) -> bytes:
        body = b""
        while size := int((self._until(b"\r\n") or b"0").split(b";")[0], 16):
            body += self._exactly(size)
            self._until(b"\r\n")
        self._until(b"\r\n")
        return body
