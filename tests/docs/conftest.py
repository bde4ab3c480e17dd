"""
A folder and a port like those of the pages, whatever else runs on this machine.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from webhook_engine.demo import crm

ROOT = Path(__file__).parents[2]
EXAMPLE = "examples/integration.toml"


class Elsewhere:
    """
    A checkout whose usual port is another one: the one that the pages name may be taken.
    """

    def __init__(self, root, port):
        self.root = root
        self.port = port
        copy = root / EXAMPLE
        copy.parent.mkdir()
        copy.write_text(self.moved((ROOT / EXAMPLE).read_text(encoding="utf-8")), encoding="utf-8")

    def moved(self, text):
        """
        *text* of a page with the port of the tests in it.
        """
        return text.replace(f":{crm.PORT}/", f":{self.port}/")

    def python(self, script):
        """
        The command for a script of a page, with warnings as errors.
        """
        return [sys.executable, "-W", "error", "-c", f"{self._move}\n{script}"]

    @property
    def demo(self):
        """
        The command for `webhook-engine demo --serve`.
        """
        main = "import sys; from webhook_engine.cli import main; sys.argv[1:] = ['demo', '--serve']; main()"
        return [sys.executable, "-c", f"{self._move}\n{main}"]

    @property
    def _move(self):
        return f"from webhook_engine.demo import crm; crm.PORT = {self.port}"


@pytest.fixture
def elsewhere(tmp_path, free_port):
    """
    Where what a page shows can be run.
    """
    return Elsewhere(tmp_path, free_port())


@pytest.fixture
def serving(elsewhere):
    """
    The same, with the demo's CRM running.
    """
    server = subprocess.Popen(elsewhere.demo, stdout=subprocess.PIPE, text=True)
    try:
        assert f"listens on 127.0.0.1:{elsewhere.port}" in server.stdout.readline()
        yield elsewhere
    finally:
        server.terminate()
        server.communicate(timeout=120)
