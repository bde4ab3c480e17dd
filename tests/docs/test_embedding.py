"""
What docs/embedding.md shows, runs.
"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^## ([^\n]*)\n(?:(?!^## ).)*?^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("heading", "script"), BLOCKS, ids=[heading for heading, _ in BLOCKS])
def test_each_piece_runs(heading, script, elsewhere):
    """
    Copied from the page, with warnings as errors.
    """
    done = subprocess.run(
        elsewhere.python(script), cwd=elsewhere.root, capture_output=True, text=True, check=False
    )

    assert ("", 0) == (done.stderr, done.returncode)
    if "print(" in script:
        assert "ok - Found 1 record" in done.stdout


def test_every_python_block_is_tried():
    """
    No piece stands where the test above does not see it.
    """
    assert PAGE.count("```python") == len(BLOCKS) == 5
