"""
What the README shows, runs and prints what the README says.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from webhook_engine.definitions import read_file, read_folder
from webhook_engine.errors import DefinitionError

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = Path(sys.executable).with_name("webhook-engine")
PATIENCE_S = 120
"""Until a command counts as hung; each ends within three seconds where there is room."""


def blocks(language):
    """
    The fenced blocks of one language.
    """
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def run(*command, **options):
    """
    A program's standard output; it must end well and say nothing else.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S, **options)
    assert ("", 0) == (done.stderr, done.returncode), done.stdout
    return done.stdout


def test_opens_with_a_sentence_and_the_two_commands():
    """
    The first screen says what it is and how to see it.
    """
    title, sentence, commands = README.split("\n\n")[:3]

    assert "# webhook-engine" == title
    assert 1 == sentence.count(".")
    assert ["make demo", "make test"] == [line.split("#")[0].strip() for line in commands.splitlines()[1:-1]]


def test_the_twelve_lines_print_what_is_shown(elsewhere):
    """
    Copied from the page and run, the lines print the page's next block.
    """
    [script] = blocks("python")
    statements = [line for line in script.splitlines() if line.strip()]

    assert len(statements) <= 14
    assert elsewhere.moved(blocks("text")[0]) == run(*elsewhere.python(script), cwd=elsewhere.root)


@pytest.mark.parametrize("line", [line for line in blocks("sh")[-1].splitlines() if line])
def test_every_command_shown_works(line, serving):
    """
    Typed as printed, in a shell, beside the demo's CRM.
    """
    path = f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"
    environ = os.environ | {"CRM_KEY_100": "demo-key-of-agent-100", "PATH": path}

    assert "webhook-engine " in line
    assert run("sh", "-c", line, cwd=serving.root, env=environ)


def test_what_is_shown_of_a_process_happens(serving, free_port):
    """
    In an empty folder and home: a process, a screen that is watched, a call that rings and ends.
    """
    up, watch, call = blocks("sh")[1:4]
    port = free_port()
    path = f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"
    environ = {"PATH": path, "HOME": str(serving.root), "WEBHOOK_ENGINE_PORT": str(port), "LANG": "C.UTF-8"}
    options = {"cwd": serving.root, "env": environ, "text": True, "stdout": subprocess.PIPE}

    def shell(text):
        return ["sh", "-c", f"{text.replace(':8700/', f':{port}/').rstrip()}"]

    process = subprocess.Popen(shell(f"exec {up}"), stderr=subprocess.DEVNULL, **options)
    try:
        assert f"listens on http://127.0.0.1:{port}" in process.stdout.readline()
        screen = subprocess.Popen(
            shell(watch.replace("\ncurl", "\nexec curl")), stderr=subprocess.DEVNULL, **options
        )
        try:
            assert "event: snapshot\n" in iter(screen.stdout.readline, "")
            out = run(*shell(call), cwd=serving.root, env=environ)
            seen = "".join(iter(screen.stdout.readline, "event: withdrawn\n"))
        finally:
            screen.kill()
            screen.communicate()
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)

    assert 0 == process.returncode
    assert ["1 event in, 0 deliveries", "1 event in, 1 delivery"] == out.splitlines()[:2]
    assert "Call outcome" in out
    assert "/customers/1001?caller=" in seen
    assert "Umlazi Timber" in seen


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("README.md", r"support\s+floor with (\d+) of them"),
        ("docs/changelog.md", r"support floor with (\d+) tests"),
    ],
)
def test_the_floor_has_as_many_tests_as_is_said(page, words):
    """
    What is written down in a number is counted.
    """
    told = re.findall(words, (ROOT / page).read_text(encoding="utf-8"))

    counted = len(read_folder(ROOT / "examples" / "floor").tests)
    assert [str(counted)] == told


def test_the_mistake_shown_is_told_so(tmp_path):
    """
    The example with one letter less.
    """
    file = tmp_path / "integration.toml"
    text = (ROOT / "examples" / "integration.toml").read_text(encoding="utf-8")
    file.write_text(text.replace("{{ CALLERID_NUMBER |", "{{ CALLERID_NUMBR |"), encoding="utf-8")

    with pytest.raises(DefinitionError) as caught:
        read_file(file)

    [shown] = re.findall(r"`(integration\.toml:.*)`", README)
    assert shown == str(caught.value.problems[0]).removeprefix(f"{tmp_path}/")


def test_links_lead_somewhere():
    """
    Every file the page points to is there.
    """
    targets = {target for target in re.findall(r"\]\(([^)]+)\)", README) if not target.startswith("http")}

    assert targets
    assert set() == {target for target in targets if not (ROOT / target).exists()}
