"""
docs/architecture.md shows the house as it stands.
"""

import re
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
    "contracts"
][0]
LAYERS = [layer.replace("webhook_engine.", "") for layer in CONTRACT["layers"]]


def rooms():
    """
    What the package holds, with `/` behind a folder's name.
    """
    for path in (ROOT / "webhook_engine").iterdir():
        if path.is_dir() and (path / "__init__.py").exists():
            yield f"{path.name}/"
        elif path.suffix == ".py" and path.stem != "__init__":
            yield path.name


def test_names_every_room_once():
    """
    A room that is not in the table is found by nobody, one that is there twice is told in two ways.
    """
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith("| `")]
    own = [name for row in rows for name in re.findall(r"`([\w.]+/?)`", row[1])]
    beside = [name for row in rows if "`engine.py`" in row[1] for name in re.findall(r"`(\w+\.py)`", row[2])]

    assert dict.fromkeys(rooms(), 1) == dict(Counter(own + beside))


def test_every_room_has_a_layer():
    """
    The linter says nothing of a module that no layer names.
    """
    named = [room for layer in LAYERS for room in re.split(r" [|:] ", layer)]

    assert sorted(room.removesuffix("/").removesuffix(".py") for room in rooms()) == sorted(named)


def test_shows_the_layers_that_are_held():
    """
    In the order of pyproject.toml, where the linter reads them.
    """
    shown = next(
        block for block in re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL) if block.startswith("cli >")
    )

    assert LAYERS == " ".join(shown.split()).split(" > ")
