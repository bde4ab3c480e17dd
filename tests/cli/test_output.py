"""
What commands print: for a person, for a pipe, for a program.
"""

import json
import os
import pty
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from webhook_engine.demo import crm

COMMAND = Path(sys.executable).with_name("webhook-engine")
PATIENCE_S = 120
"""Until a command counts as hung; each ends within three seconds where there is room."""

SET = [
    part
    for token in (
        "EXTENSION=100-Euphoria",
        "CALL_QUEUE=Sales",
        "CALLERID_NUMBER=0821234567",
        "CALL_CRMTAG=1001",
    )
    for part in ("--set", token)
]


@pytest.fixture(scope="module")
def on_a_crm(tmp_path_factory):
    """
    The example's definitions, pointing at a CRM of the tests' own.
    """
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True, cwd=tmp_path_factory.mktemp("crm")
    )
    port = int(server.stdout.readline())
    text = (Path(__file__).parents[2] / "examples" / "integration.toml").read_text()
    file = tmp_path_factory.mktemp("definitions") / "integration.toml"
    file.write_text(text.replace(":8765/", f":{port}/"))
    yield str(file)
    server.terminate()
    server.communicate(timeout=PATIENCE_S)


SERVE = """
import asyncio
from webhook_engine.demo import crm

async def main():
    async with crm.serve(0) as port:
        print(port, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


NOBODY = """
[tenant]
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Lookup"
type = "ajax-get"
url = "http://127.0.0.1:PORT/"
"""


class TestJson:
    """
    One document, in the shapes that docs/commands.md gives.
    """

    def test_render(self, command, on_a_crm):
        """
        A request as it would be sent.
        """
        result = command("render", on_a_crm, "Call outcome", "--json", *SET, "--set", "CALL_DURATION=75")

        shown = json.loads(result.out)
        assert ["webhook", "kind", "method", "url", "headers", "body"] == list(shown)
        assert ("Call outcome", "request", "POST") == (shown["webhook"], shown["kind"], shown["method"])
        assert 75 == json.loads(shown["body"])["duration"]

    def test_render_of_a_page(self, command, on_a_crm):
        """
        A browser window has no headers and no body of ours.
        """
        result = command("render", on_a_crm, "Customer page", "--json", *SET)

        shown = json.loads(result.out)
        assert ("browser-window", {}, None) == (shown["kind"], shown["headers"], shown["body"])

    def test_render_masks_a_secret(self, command, on_a_crm, monkeypatch):
        """
        The key's place is shown, the key is not.
        """
        monkeypatch.setenv("CRM_KEY_100", "canary-4711")

        result = command("render", on_a_crm, "Place an order", "--json", *SET)

        assert "***" == json.loads(result.out)["headers"]["X-Api-Key"]
        assert "canary" not in result.out + result.err

    def test_send(self, command, on_a_crm):
        """
        Outcome, columns and rows.
        """
        result = command("send", on_a_crm, "Contact lookup", "--json", *SET)

        assert {
            "outcome": "ok",
            "sentence": "Found 1 record.",
            "status": 200,
            "columns": [
                {"path": "properties.name", "label": "Customer"},
                {"path": "properties.company", "label": "Company"},
                {"path": "phones[label=work].value", "label": "Office"},
                {"path": "id", "label": "Orders"},
            ],
            "rows": [["Thandi Mokoena", "Umlazi Timber (Pty) Ltd", "+27315550100", 1001]],
            "attempts": 1,
        } == json.loads(result.out)

    def test_send_to_nobody(self, command, tmp_path):
        """
        Nothing left, so there was no attempt; the exit code says that the target system failed.
        """
        with socket.socket() as held:  # bound, but not listening
            held.bind(("127.0.0.1", 0))
            definitions = tmp_path / "nobody.toml"
            definitions.write_text(NOBODY.replace("PORT", str(held.getsockname()[1])))
            result = command("send", str(definitions), "Lookup", "--json", *SET)

        shown = json.loads(result.out)
        assert ("target-failed", None, 0) == (shown["outcome"], shown["status"], shown["attempts"])
        assert "cannot be reached: connection refused" in shown["sentence"]

    def test_read(self, command):
        """
        The same shape; nobody sent the bytes, so there is no status and no attempt.
        """
        result = command("read", "-", "--json", stdin=b'[{"a": 1}, {"a": "x"}]')

        shown = json.loads(result.out)
        assert ("ok", None, 0) == (shown["outcome"], shown["status"], shown["attempts"])
        assert [[1], ["x"]] == shown["rows"]

    def test_check(self, command, example, tmp_path):
        """
        Problems and findings, each with its place.
        """
        bad = tmp_path / "bad.toml"
        bad.write_text('[[webhook]]\nname = "x"\ntype = "ajax-get"\nurl = "https://h/{CALLERID_NUMBR}"\n')

        result = command("check", example, str(bad), "--json")

        fine, wrong = json.loads(result.out)
        assert ([], []) == (fine["problems"], fine["findings"])
        [problem] = wrong["problems"]
        assert ("webhook[1].url", 4, 11) == (problem["path"], problem["line"], problem["column"])
        assert "CALLERID_NUMBER" in problem["message"]
        assert 2 == result.code


class TestPipe:
    """
    Plain text with tabs: `cut` and `grep` work on it.
    """

    def test_a_table_has_a_line_for_each_row(self, command, on_a_crm):
        """
        Headings first, no colours, no borders.
        """
        result = command("send", on_a_crm, "Contact lookup", *SET)

        assert [
            "ok  Found 1 record. (status 200)",
            "Customer\tCompany\tOffice\tOrders",
            "Thandi Mokoena\tUmlazi Timber (Pty) Ltd\t+27315550100\t1001",
        ] == result.out.splitlines()

    def test_what_a_target_sends_cannot_command_a_terminal(self, command):
        """
        Escape sequences in an answer are shown, not obeyed.
        """
        result = command("read", "-", stdin=b'{"a": "\\u001b]0;owned\\u0007 b\\tc\\nd"}')

        assert "\x1b" not in result.out
        assert "\x07" not in result.out
        assert r"\x1b]0;owned\x07 b\tc d" in result.out


READ = [COMMAND, "read", "-"]


def test_a_reader_that_has_seen_enough_is_no_failure():
    """
    `… | head -1` ends well, under `pipefail` too.
    """
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        READ, input=b'[{"a": 1}]', stdout=writing, stderr=subprocess.PIPE, check=False, timeout=30
    )

    os.close(writing)
    assert (b"", 0) == (done.stderr, done.returncode)


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_output_that_cannot_be_written(options):
    """
    A full disk is nobody's mistake, and not silence.
    """
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*READ, *options],
            input=b'[{"a": 1}]',
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=30,
        )

    assert (b"error: the output could not be written: No space left on device\n", 74) == (
        done.stderr,
        done.returncode,
    )


def test_output_that_is_closed():
    """
    A service may start us without any.
    """
    done = subprocess.run(
        ["sh", "-c", '"$0" read - >&-', COMMAND],
        input=b'[{"a": 1}]',
        stderr=subprocess.PIPE,
        check=False,
        timeout=30,
    )

    assert (b"", 0) == (done.stderr, done.returncode)


def test_a_terminal_that_knows_no_unicode():
    """
    Every character is shown somehow.
    """
    done = subprocess.run(
        READ,
        input='[{"a": "caf\u00e9 …"}]'.encode(),
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        check=False,
        timeout=30,
    )

    assert (b"ok  Found 1 record.\na\ncaf\\xe9 \\u2026\n", 0) == (done.stdout, done.returncode)


def test_a_terminal_gets_colours_and_columns(on_a_crm):
    """
    The same command at a terminal.
    """
    leader, follower = pty.openpty()
    environ = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100"}
    environ.pop("NO_COLOR", None)
    done = subprocess.run(
        [COMMAND, "send", on_a_crm, "Contact lookup", *SET],
        stdout=follower,
        env=environ,
        check=True,
        timeout=PATIENCE_S,
    )
    os.close(follower)
    shown = os.read(leader, 65536).decode()
    os.close(leader)

    assert 0 == done.returncode
    assert "\x1b[" in shown
    assert "Customer        Company" in shown.replace("\x1b[1m", "").replace("\x1b[0m", "")


def test_an_address_can_be_copied_from_a_narrow_terminal(on_a_crm):
    """
    Its line is broken by the terminal, which knows that it is one.
    """
    leader, follower = pty.openpty()
    environ = os.environ | {"TERM": "xterm-256color", "COLUMNS": "30"}
    subprocess.run(
        [COMMAND, "render", on_a_crm, "Contact lookup", *SET],
        stdout=follower,
        env=environ,
        check=True,
        timeout=30,
    )
    os.close(follower)
    shown = os.read(leader, 65536).decode()
    os.close(leader)

    assert "/api/Sales/contacts?phone=%2B27821234567" in shown


def test_the_demo_ends_by_itself_and_well():
    """
    A newcomer's first command: everything as it must be, in a moment, without a secret.
    """
    done = subprocess.run([COMMAND, "demo"], capture_output=True, text=True, check=False, timeout=PATIENCE_S)

    assert ("", 0) == (done.stderr, done.returncode)
    assert "17 of 17 scenes ended as they must" in done.stdout
    assert not any(key in done.stdout for key in crm.AGENT_KEYS.values())


@pytest.mark.parametrize("path", ["", str(COMMAND.parent)], ids=["not on the path", "on the path"])
def test_the_demo_says_what_is_next_as_it_can_be_typed(path):
    """
    Right after `make demo` no shell finds the command by its name alone.
    """
    environ = {"PATH": f"{path}:/usr/bin:/bin".lstrip(":"), "HOME": "/nowhere"}
    called = COMMAND if not path else COMMAND.name

    done = subprocess.run(
        ["sh", "-c", f"{called} demo"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env=environ,
    )

    wanted = COMMAND.name if path else os.path.relpath(COMMAND)
    assert f"Next: {wanted} check examples/integration.toml" in done.stdout


def test_the_version_is_the_packages(command):
    """
    For bug reports.
    """
    from webhook_engine import __version__

    assert f"webhook-engine {__version__}\n" == command("--version").out


def test_doctor_looks_at_what_the_definitions_need(command, on_a_crm, monkeypatch):
    """
    A missing key, by the name of its owner; a target that may be reached.
    """
    monkeypatch.delenv("CRM_KEY_100", raising=False)
    sick = command("doctor", on_a_crm)
    monkeypatch.setenv("CRM_KEY_100", "canary-4711")
    well = command("doctor", on_a_crm)

    assert (1, 0) == (sick.code, well.code)
    assert (
        "wrong key of 100-Euphoria in CRM orders: the environment variable CRM_KEY_100 is not set" in sick.out
    )
    assert "ok    target 127.0.0.1:" in well.out
    assert "canary" not in well.out


def test_doctor_says_which_target_cannot_be_reached(command, tmp_path):
    """
    A private address that nobody allowed, and a name that leads nowhere.
    """
    file = tmp_path / "integration.toml"
    file.write_text(
        '[[webhook]]\nname = "a"\ntype = "ajax-get"\nurl = "http://10.1.2.3:8080/"\n'
        '[[webhook]]\nname = "b"\ntype = "ajax-get"\nurl = "https://nowhere.invalid/"\n'
    )

    result = command("doctor", str(file))

    assert 1 == result.code
    assert "wrong target 10.1.2.3:8080: 10.1.2.3 is a private address" in result.out
    assert "wrong target nowhere.invalid:443: the name leads nowhere" in result.out


def test_doctor_reads_an_address_in_brackets(command, tmp_path):
    """
    With a port and without one: it is an address, and no name that leads nowhere.
    """
    file = tmp_path / "integration.toml"
    file.write_text(
        '[tenant]\nallowed_networks = ["::1/128"]\n'
        '[[webhook]]\nname = "a"\ntype = "ajax-get"\nurl = "http://[::1]/"\n'
        '[[webhook]]\nname = "b"\ntype = "ajax-get"\nurl = "http://[fd00::1]:8080/"\n'
    )

    result = command("doctor", str(file))

    assert "ok    target [::1]:80: is at ::1" in result.out
    assert "wrong target [fd00::1]:8080: fd00::1 is a private address" in result.out


def test_an_error_that_nobody_reads_does_not_change_how_a_command_ended():
    """
    Standard error is a pipe whose other end has gone, and something for it is left when the command has done its work.
    """
    command = "import sys; from webhook_engine.cli import app; app.app = lambda: sys.stderr.buffer.write(b'x'); app.run()"
    read, write = os.pipe()
    os.close(read)

    # Where Python holds nothing back, nothing is ever left.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}

    done = subprocess.run(
        [sys.executable, "-c", command], stderr=write, env=environ, timeout=PATIENCE_S, check=False
    )

    os.close(write)
    assert 0 == done.returncode
