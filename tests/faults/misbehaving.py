"""
Target systems that fail, below HTTP where that is needed: each on a port of its own, so that none is another's fault.

    with Misbehaving(resets_in_the_head) as target:
        ...
        target.requests                 # the head and body of each, as they came

A fault is a function that is given the connection after the whole request has been read.
"""

import socket
import struct
import threading
import time
import zlib
from contextlib import suppress

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"

LARGE = 100 * 2**20
"""Bytes of a response nobody wants."""


def plain(status, *headers, body=""):
    """
    Answers with that status, in one piece.
    """
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", "Connection: close", *headers]
    said = "\r\n".join([*lines, "", body]).encode()
    return lambda connection: connection.sendall(said)


def resets(connection):
    """
    Ends with RST instead of FIN.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def resets_in_the_head(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
    time.sleep(0.05)  # so that it is read before the connection is gone
    resets(connection)


def resets_in_the_body(connection):
    connection.sendall(
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"id":'
    )
    time.sleep(0.05)
    resets(connection)


def drips(connection):
    """
    One byte a second; each of them is progress.
    """
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n"
    connection.sendall(head)
    for _ in range(60):
        connection.sendall(b" ")
        time.sleep(1)


def says_nothing(connection):
    """
    Takes the request and waits for the other side to go.
    """
    connection.recv(1)


def hangs_up(_):
    """
    Takes the request and closes, without a byte.
    """


def promises(connection):
    """
    One interim response after the other, and never a real one.
    """
    while True:
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" * 100)


def garbage(connection):
    connection.sendall(b"\x00\xff\x16\x03SSH-2.0-what?\r\n\r\n" * 10)


def a_hundred_megabytes(connection):
    """
    In chunks: how much it will be is not said before.
    """
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(LARGE // 2**16):
        connection.sendall(b"10000\r\n" + b"x" * 2**16 + b"\r\n")
    connection.sendall(b"0\r\n\r\n")


def a_bomb(connection):
    """
    A hundred kilobytes that unpack to a hundred megabytes.
    """
    packing = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packing.compress(bytes(2**20)) for _ in range(LARGE // 2**20)) + packing.flush()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}"
    connection.sendall(head.encode() + b"\r\n\r\n" + bomb)


class Misbehaving:
    """
    Fails each request as *fault* does, for *times* requests; from then on everything goes well.
    """

    def __init__(self, fault, *, times=1, tls=None):
        """
        Args:
            tls: The context to serve with; a handshake that fails is no request.
        """
        self.requests, self.at = [], []
        self.connections = 0
        self._fault, self._times, self._tls = fault, times, tls

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _listen(self):
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with suppress(OSError), connection:  # the other side goes when it likes
            connection.settimeout(60)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                request = _read(connection)
                self.requests.append(request)
                self.at.append(time.monotonic())
                if len(self.requests) > self._times:
                    connection.sendall(OK)
                else:
                    self._fault(connection)


def _read(connection):
    """
    One request, head and body.
    """
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(2**16)
        if not more:
            raise ConnectionError
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(2**16)
    return head, body


def header(request, name):
    """
    A header of a request, as text.
    """
    for line in request[0].decode().split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name.lower():
            return value.strip()
    return None
