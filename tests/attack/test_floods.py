"""
What a process does under more than it can take: it says so, stays within its memory, and is itself again afterwards.
"""

import http.client
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.faults.process import COMMAND, Process, Target, event

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

IN_EARNEST = bool(os.environ.get("WEBHOOK_ENGINE_ATTACK"))
"""`make attack`."""

PEAK_BYTES = 512 * 2**20
"""The most memory that any of these floods may cost a process; docs/security.md says so."""


@pytest.fixture
def target():
    with Target() as target:
        yield target


@pytest.fixture
def process(tmp_path, target):
    with Process(tmp_path, target) as process:
        yield process
        # Whatever came over it, it works, and says what it uses.
        process.send(event("afterwards"))
        target.until(lambda: "afterwards" in target.calls())
        assert process.peak_bytes() < PEAK_BYTES


def _port(process):
    return int(process.url.rpartition(":")[2])


# --- Connections -------------------------------------------------------------------------------------

DRIPPING = 1_000 if IN_EARNEST else 100


def test_heads_and_bodies_that_drip_hold_up_nobody(process, target):
    """
    Many clients that send a byte now and then are waited for, and everybody else is served meanwhile.
    """
    heads = [
        b"GET /v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        (
            b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 5000\r\n\r\nemail="
        ),
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {process.key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n[".encode(),
    ]
    slow = [socket.create_connection(("127.0.0.1", _port(process))) for _ in range(DRIPPING)]
    try:
        for number, each in enumerate(slow):
            each.sendall(heads[number % 3])
        for beat in range(3):
            for each in slow:
                each.sendall(b"x")
            began = time.monotonic()
            process.send(event(f"meanwhile {beat}"))
            target.until(lambda beat=beat: any(f"{beat}" in call for call in target.calls()))
            assert time.monotonic() - began < 20
    finally:
        for each in slow:
            each.close()


# --- Events ------------------------------------------------------------------------------------------

CLIENTS, BATCHES = (32, 40) if IN_EARNEST else (16, 4)


def test_a_flood_of_events_is_accepted_or_put_off(process, target):
    """
    Each request is answered with 202, or with 429 and when to come again; what was accepted is kept, all of it and once.
    """
    answers = []

    def flood(client):
        connection = http.client.HTTPConnection("127.0.0.1", _port(process), timeout=120)
        for batch in range(BATCHES):
            # Nothing is started by these, so that the disk is what they wait for, and not the target.
            told = [event(f"{client}-{batch}-{n}", CALL_NOTES="x" * 10_000) for n in range(350)]
            headers = {"Authorization": f"Bearer {process.key}", "Content-Type": "application/json"}
            connection.request("POST", "/v1/events", json.dumps(told), headers)
            answer = connection.getresponse()
            answers.append((answer.status, answer.getheader("Retry-After"), len(answer.read())))
        connection.close()

    target.answer = target.hang
    clients = [threading.Thread(target=flood, args=(each,)) for each in range(CLIENTS)]
    for each in clients:
        each.start()
    for each in clients:
        each.join(300)
    accepted = [each for each in answers if each[0] == 202]
    put_off = [each for each in answers if each[0] != 202]
    target.answer = lambda request: 200
    target.released.set()

    assert CLIENTS * BATCHES == len(answers)
    assert accepted
    assert {429} >= {status for status, _, _ in put_off}
    assert all(int(after) > 0 for _, after, _ in put_off)
    _, found = process.ask("GET", "/v1/deliveries?limit=1")
    assert 350 * len(accepted) == _accepted(process)
    assert found["deliveries"]


def test_bodies_that_are_to_come_hold_room_together(process):
    """
    Each within its own bound; whoever comes when 32 MB are in hand is put off, and told when to come again.
    """
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {process.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {4 * 2**20}\r\n\r\n["
    )
    holding = [socket.create_connection(("127.0.0.1", _port(process)), timeout=20) for _ in range(12)]
    try:
        for each in holding:
            each.sendall(head.encode())
        refused, waited = [], time.monotonic() + 20
        while len(refused) < 4 and time.monotonic() < waited:
            ready, _, _ = select.select(holding, [], [], 1)
            refused = [each.recv(4096, socket.MSG_PEEK) for each in ready]
    finally:
        for each in holding:
            each.close()

    assert 4 == len(refused)
    assert all(each.startswith(b"HTTP/1.1 429") and b"Retry-After" in each for each in refused)


def _accepted(process):
    return int(process.metric("webhook_engine_events_accepted_total"))


# --- Streams -----------------------------------------------------------------------------------------

DEAF = 20 if IN_EARNEST else 5


def test_a_stream_that_nobody_reads_is_cut_and_told(process):
    """
    It waits for a reader up to a bound; then the connection ends, and the log says whose and why.
    """
    deaf = []
    for _ in range(DEAF):
        each = socket.socket()
        each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        each.connect(("127.0.0.1", _port(process)))
        each.sendall(
            f"GET /v1/agents/100-Euphoria/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {process.key}\r\n\r\n".encode()
        )
        deaf.append(each)
    notes = {"CALLERID_NAME": "n" * 100_000}
    try:
        for batch in range(40):
            process.send(*(event(f"r{batch}-{n}", "ringing", **notes) for n in range(10)))
            if len(process.log("stream.cut")) == DEAF:
                break
        cut = process.until_logged("stream.cut", DEAF)
    finally:
        for each in deaf:
            each.close()

    assert {"100-Euphoria"} == {each["agent"] for each in cut}
    assert all("does not read" in each["why"] for each in cut)
    assert process.screen("100-Euphoria")


# --- Definitions -------------------------------------------------------------------------------------

WEBHOOKS = 10_000 if IN_EARNEST else 1_000


def test_very_many_webhooks_are_read(tmp_path, target, monkeypatch):
    """
    Ten thousand of them are a file like another: read in seconds of a processor, and served.
    """
    # These machines are shared.
    monkeypatch.setattr("tests.faults.process.PATIENCE_S", 600.0)
    process = Process(tmp_path, target)
    text = process.file.read_text()
    more = "\n".join(
        f'[[webhook]]\nname = "W{n}"\ntype = "ajax-get"\nurl = "{target.url}/{n}/{{CALL_SIPID}}"\n'
        f'[[rule]]\nname = "R{n}"\non = ["answered"]\nwhen = "CALL_QUEUE == \'{n}\'"\nwebhooks = ["W{n}"]\n'
        for n in range(WEBHOOKS)
    )
    process.file.write_text(text + more)
    with process:
        took_s = _processor_s(process)
        process.send(event("e1", "answered", CALL_QUEUE=str(WEBHOOKS - 1)))
        target.until(lambda: any(each.path == f"/{WEBHOOKS - 1}/e1" for each in target.requests))

        assert process.peak_bytes() < PEAK_BYTES
        assert took_s < 60


def _processor_s(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_file_of_a_hundred_megabytes_is_refused(tmp_path):
    """
    By its size, before anything of it is read as a definition.
    """
    big = tmp_path / "big.toml"
    with big.open("wb") as file:
        file.write(b'[tenant]\nname = "Euphoria"\n')
        file.truncate(100 * 2**20)

    done = subprocess.run([str(COMMAND), "check", str(big)], capture_output=True, text=True, timeout=120)

    assert 2 == done.returncode
    assert "is larger than 16,777,216 bytes" in done.stdout + done.stderr


# --- Forms -------------------------------------------------------------------------------------------

FORMS = {
    "a long field": b"email=" + b"a" * (8 * 2**20),
    "many fields": b"&".join(b"a%d=b" % n for n in range(500_000)),
    "many nothings": b"&" * (4 * 2**20),
    "escapes": b"email=" + b"%41" * (2 * 2**20),
    "lines far apart": b"&".join(b"parameter[%d].name=a" % (n * 9_999) for n in range(50_000)),
}


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
def test_giant_forms_are_refused(process, kind):
    """
    Of somebody who has not signed in: refused, soon, and without keeping others waiting.
    """
    for body in FORMS.values():
        began = time.monotonic()
        told = (
            body
            if "urlencoded" in kind
            else b"".join(
                b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\nx\r\n' % each[:20]
                for each in body[: 2 * 2**20].split(b"&")
            )
            + b"--b--\r\n"
        )
        status = _posted(process, "/sign-in", told, kind)
        took_s = time.monotonic() - began
        assert status in (400, 403, 413, 415, None), (kind, body[:20], status)
        assert took_s < 20, (kind, body[:20])


def _posted(process, path, body, kind):
    """
    The status; None where the connection ended before the body did.
    """
    connection = http.client.HTTPConnection("127.0.0.1", _port(process), timeout=60)
    try:
        connection.request("POST", path, body, {"Content-Type": kind})
        return connection.getresponse().status
    except ConnectionError:
        return None
    finally:
        connection.close()
