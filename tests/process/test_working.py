"""
A process works: events in over HTTP, deliveries out, and every setting told in one of three ways.
"""

import json
import os
import socket
import stat

import pytest

from tests.faults.process import Process, event


def test_an_event_is_delivered(process, target):
    """
    From the dialer's request to the target's, with the key that the delivery has.
    """
    process.send(event("first"))
    done = process.settled()["first"]

    [request] = [each for each in target.requests if each.call == "first"]
    assert "done" == done["state"]
    assert {"notes": "first"} == json.loads(request.body)
    assert done["id"] == request.key


def test_each_attempt_is_one_line_of_the_log(process):
    """
    What was durable, and what an agent's call looked up.
    """
    process.send(event("told"), event("shown", "ringing"))
    process.settled()
    process.until_logged("attempt.finished", 2)

    told = [each for each in process.log("attempt.finished") if each["webhook"] in {"Lookup", "Report"}]
    assert {"Lookup", "Report"} == {each["webhook"] for each in told}
    assert {"ok"} == {each["outcome"] for each in told if each["webhook"] == "Report"}


def test_it_says_where_it_is(process):
    """
    The address, the files, and what to do next.
    """
    printed = process.printed()

    assert f"webhook-engine listens on {process.url}" in printed
    assert "Euphoria: integration.toml (3 webhooks, 2 rules)" in printed
    assert "webhook-engine.deliveries.db" in printed
    assert "webhook-engine key add" in printed


def test_its_files_are_its_users_alone(process):
    """
    Call notes are in them, and the key that commands ask with.
    """
    names = ("webhook-engine.db", "webhook-engine.deliveries.db", "webhook-engine.running")
    modes = {name: stat.S_IMODE(os.stat(process.folder / name).st_mode) for name in names}

    assert dict.fromkeys(names, 0o600) == modes


def test_a_signal_ends_it_well(target, tmp_path):
    """
    It ends with 0, and takes its word back.
    """
    with Process(tmp_path, target) as process:
        process.terminate()

        assert 0 == process.wait()
    assert not (tmp_path / "webhook-engine.running").exists()
    assert ["worker.started", "worker.stopping", "worker.ended"] == [each["event"] for each in process.log()]


def test_a_key_of_before_its_tenant_had_a_name_counts(target, tmp_path, command, monkeypatch):
    """
    Made in an empty store, it is the tenant's whose definitions the process works by.
    """
    monkeypatch.chdir(tmp_path)
    key = command("key", "add", "dialer").out.splitlines()[-1]

    with Process(tmp_path, target) as process:
        assert 202 == process.ask("POST", "/v1/events", event("e1"), key=key)[0]


def test_nobody_has_to_read_what_it_says(target, tmp_path):
    """
    Standard output and standard error are pipes whose other end has gone.
    """
    pipes = [os.pipe() for _ in range(2)]
    for read, _ in pipes:
        os.close(read)
    with Process(tmp_path, target, streams=[write for _, write in pipes]) as process:
        for _, write in pipes:
            os.close(write)
        process.send(event("unread"))
        assert "done" == process.settled()["unread"]["state"]
        process.terminate()

        assert 0 == process.wait()


def test_settings_come_from_a_file_the_environment_and_flags(target, tmp_path, free_port):
    """
    Flags win over the environment, and that over the file.
    """
    ports = [free_port() for _ in range(2)]
    (tmp_path / "webhook-engine.toml").write_text(
        f'port = {ports[0]}\ndatabase = "sqlite:///kept.db"\nhost = "127.0.0.2"\n'
    )
    with Process(
        tmp_path,
        target,
        flags=["--host", "127.0.0.1"],
        port=None,
        database="kept",
        environ={"WEBHOOK_ENGINE_PORT": str(ports[1])},
    ) as process:
        assert f"http://127.0.0.1:{ports[1]}" == process.url
        assert (tmp_path / "kept.deliveries.db").exists()


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--port", "70000"], "--port: input should be less than or equal to 65535"),
        (["--log-format", "xml"], "--log-format: input should be 'auto', 'json' or 'text'"),
        (["--database", "mysql://db"], "write sqlite:///FILE"),
        (["--host", "203.0.113.1", "--port", "0"], "host: cannot listen on 203.0.113.1:0"),
        (["--key-file", "nowhere.key"], "`webhook-engine vault new-key` makes one"),
        (["nowhere.toml"], "nowhere.toml"),
    ],
)
def test_what_it_cannot_be_told_is_said(flags, says, tmp_path, command, monkeypatch):
    """
    In a sentence that names the setting, and the command ends.
    """
    monkeypatch.chdir(tmp_path)

    done = command("up", *flags)

    assert 2 == done.code
    assert says in done.err


def test_a_second_signal_ends_in_order_although_an_upload_goes_on(target, tmp_path):
    """
    Whoever sends slowly is not waited for, and the end is one like any other: exit code 0, and its last line.
    """
    with Process(tmp_path, target) as process:
        host, port = process.url.removeprefix("http://").split(":")
        head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {process.key}\r\n"
        with socket.create_connection((host, int(port))) as upload:
            upload.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{".encode())
            process.ask("GET", "/v1/deliveries")
            process.terminate()
            process.until_logged("worker.stopping")
            process.terminate()

            assert 0 == process.wait()

    assert "worker.ended" == process.log()[-1]["event"]
