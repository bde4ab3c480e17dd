"""
The examples run as they stand, beside whatever else runs on this machine.
"""

import subprocess
from pathlib import Path

from webhook_engine.definitions import lint, read_file

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def test_the_circle_of_a_dialer_closes(elsewhere, free_port):
    """
    Fed, dialled, disposed of, told to the CRM, and fed back by a webhook that calls the XML API.
    """
    port = str(free_port())
    for name in ("dialer.toml", "dialer_circle.py"):
        text = elsewhere.moved((EXAMPLES / name).read_text(encoding="utf-8")).replace("8710", port)
        (elsewhere.root / "examples" / name).write_text(text, encoding="utf-8")
    script = "import runpy; runpy.run_path('examples/dialer_circle.py', run_name='__main__')"

    done = subprocess.run(
        elsewhere.python(script), cwd=elsewhere.root, capture_output=True, text=True, check=False
    )

    assert ("", 0) == (done.stderr, done.returncode)
    assert [
        "fed 2 contacts",
        "dialled Thandi Mokoena at +27821234567, CRM tag 1001: Likes timber",
        "delivered Call again, Call outcome",
        "to be called again: Thandi Mokoena, from Callbacks: On Monday, please",
    ] == done.stdout.splitlines()


def test_the_definitions_have_no_findings():
    """
    Neither mistakes nor doubts.
    """
    assert [] == [*lint(read_file(EXAMPLES / "dialer.toml"))]
