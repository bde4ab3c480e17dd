"""
What stands in `deploy/` names commands and settings that there are, and gives processes no more than they need.
"""

import re
import subprocess
from dataclasses import fields
from pathlib import Path
from shutil import which

import pytest

from webhook_engine.settings import PREFIX, Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
FILES = [*UNITS, DEPLOY / "compose.yaml", DEPLOY / "Containerfile"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_settings_that_are_stated_exist(path):
    """
    A setting that nobody knows would be passed over in silence.
    """
    stated = set(re.findall(rf"\b{PREFIX}([A-Z_]+)\b", path.read_text()))

    assert stated
    assert stated <= {each.name.upper() for each in fields(Settings)}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_command_that_is_started_exists(path, command):
    """
    With the options that it is given.
    """
    _, name, *options = re.search(r"^ExecStart=(.+)$", path.read_text(), re.MULTILINE).group(1).split()

    told = command(name, "--help")

    assert 0 == told.code
    assert all(each in told.out for each in options if each.startswith("--"))


@pytest.mark.skipif(which("systemd-analyze") is None, reason="systemd is not here")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_finds_nothing_wrong(path, tmp_path):
    """
    Read as systemd reads it, and hardened as it measures that: 10 is no protection at all, and 2 is much.
    """
    unit = tmp_path / path.name.replace("@", "@8701")
    # The program is not installed where the tests run.
    unit.write_text(path.read_text().replace("/opt/webhook-engine/bin/webhook-engine", "/bin/true"))

    verified = analyze("verify", "--man=no", str(unit))
    exposed = analyze("security", "--offline=true", "--threshold=20", str(unit))

    assert (0, "") == (verified.returncode, verified.stdout + verified.stderr)
    assert 0 == exposed.returncode, exposed.stdout


def analyze(*words):
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)
