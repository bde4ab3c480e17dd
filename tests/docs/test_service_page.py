"""
docs/service.md says what the service does, and what it shows runs.
"""

import json
import re
import subprocess
from contextlib import ExitStack
from functools import reduce
from pathlib import Path

from webhook_engine.pops import PopBounds
from webhook_engine.service import Scope, ServiceSettings
from webhook_engine.service.deliveries import LONGEST_PAGE, PAGE
from webhook_engine.service.diagnosis import MOST
from webhook_engine.service.refusals import CODES
from webhook_engine.service.routes import ENDPOINTS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
(SERVER,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
EXAMPLES = re.findall(r"^```sh\n(.*?)^```(?:\n\n```json\n(.*?)^```)?", TEXT, re.MULTILINE | re.DOTALL)


def test_every_code_is_on_the_page():
    """
    With its status and its meaning, in order.
    """
    written = re.findall(r"^\| `([a-z-]+)` \| (\d+) \| (.*) \|$", TEXT, re.MULTILINE)

    assert [(str(code), str(each.status), each.says) for code, each in CODES.items()] == written


def test_every_address_and_scope_is_on_the_page():
    """
    Addresses that share a beginning are written once.
    """
    for endpoint in ENDPOINTS:
        assert endpoint.path in TEXT or endpoint.path.rpartition("/")[2] in {"open", "drop", "{id}"}
    assert list(Scope) == re.findall(r"^\| `([a-z]+)` \| (?:`|nothing)", TEXT, re.MULTILINE)


def test_the_bounds_are_those_of_the_code():
    """
    Numbers on the page are numbers in force.
    """
    settings = ServiceSettings()

    for said in (
        f"{settings.body_bytes // 2**20} MiB, within {settings.body_s:g} s",
        f"| {settings.events_per_request:,} | 413",
        f"| {settings.event_bytes // 2**10} KiB |",
        f"| {settings.problems} problems, and {MOST} of one event".replace(" problems", ""),
        f"| {settings.bytes_in_hand // 2**20} MiB |",
        f"| events on their way to the disk | {settings.events_in_hand:,} |",
        f"| {settings.asks_in_hand:,} | 429",
        f"| {settings.stream.streams_per_agent}, {settings.streams:,} |",
        f"| {settings.stream.unread_bytes // 2**20} MiB, {settings.stream.unread_total_bytes // 2**20} MiB |",
        f"One request does {settings.bulk:,}",
        f"{PAGE} where nothing is\nsaid and {LONGEST_PAGE} at most",
        f"At most\n{PopBounds().rows} rows",
    ):
        assert said in TEXT, said


def test_what_the_page_shows_runs(elsewhere):
    """
    The server and every command as they stand, and the answers that are shown.
    """
    listening = ("8700).start()", "0).start()"), ('"listening"', "runner.addresses[0][1]")
    script = reduce(lambda text, pair: text.replace(*pair), listening, SERVER)
    with ExitStack() as stack:
        server = stack.enter_context(
            subprocess.Popen(elsewhere.python(script), stdout=subprocess.PIPE, cwd=elsewhere.root, text=True)
        )
        stack.callback(server.terminate)
        port = int(server.stdout.readline())
        for command, expected in EXAMPLES:
            found = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command.replace(":8700", f":{port}")],
                capture_output=True,
                timeout=30,
                text=True,
                check=True,
            ).stdout
            assert found, command
            if expected:
                assert json.loads(elsewhere.moved(expected)) == json.loads(found)

    assert TEXT.count("```sh") == len(EXAMPLES) == 9
