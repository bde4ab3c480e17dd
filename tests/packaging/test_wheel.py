"""
An application that has a `variables.py` and a `worker.py` of its own can still install this project.
"""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BESIDE_HOSTILE_NEIGHBOURS = """
import variables, worker
assert variables.MINE and worker.MINE, "the application's own modules were hidden"
import webhook_engine
from webhook_engine.variables import VARIABLES, CallContext
assert len(VARIABLES) == 18
assert type(CallContext()).__module__ == "webhook_engine.variables.call"
print(webhook_engine.__file__)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """
    The wheel and the sdist, built from the tree as it stands.
    """
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
        text=True,
    )
    return {path.suffix: path for path in out.iterdir()}


def test_the_wheel_has_one_name(built):
    """
    Nothing but `webhook_engine` and its metadata lands in site-packages.
    """
    names = zipfile.ZipFile(built[".whl"]).namelist()

    assert {"webhook_engine"} == {name.split("/")[0] for name in names if ".dist-info/" not in name}


def test_the_wheel_holds_every_room_once(built):
    """
    What the checkout holds is in the wheel: the ground floor through its real folder, not through the link.
    """
    names = zipfile.ZipFile(built[".whl"]).namelist()
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "webhook_engine", "variables"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    expected = {
        f"webhook_engine/{path}" if path.startswith("variables/") else path
        for path in tracked
        if path != "webhook_engine/variables"
    }

    assert expected == {name for name in names if ".dist-info/" not in name}
    assert len(set(names)) == len(names)


def test_the_wheel_carries_licence_types_and_command(built):
    """
    What an installer and a type checker look for is there.
    """
    wheel = zipfile.ZipFile(built[".whl"])
    names = wheel.namelist()

    assert "webhook_engine/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    for vendored in ("htmx", "uplot"):
        assert b"Permission" in wheel.read(f"webhook_engine/console/assets/vendor/{vendored}.LICENSE")
    entry_points = next(name for name in names if name.endswith("entry_points.txt"))
    assert "webhook-engine = webhook_engine.cli:main" in wheel.read(entry_points).decode()


def test_the_sdist_leaves_the_link_out(built):
    """
    A link unpacked on a system without links would be a broken file.
    """
    with tarfile.open(built[".gz"]) as sdist:
        names = sdist.getnames()
    inside = {name.partition("/")[2] for name in names}

    assert "webhook_engine/variables" not in inside
    assert {"variables/table.py", "webhook_engine/errors/__init__.py", "README.md", "LICENSE"} <= inside


def test_the_wheel_imports_beside_hostile_neighbours(built, tmp_path):
    """
    Installed clean, it imports next to modules of the same names and leaves them alone.
    """
    home = tmp_path / "venv"
    # The dependencies are this interpreter's; the package itself must be the wheel's.
    venv.create(home, with_pip=False)
    purelib = next(home.glob("lib/python*/site-packages"))
    zipfile.ZipFile(built[".whl"]).extractall(purelib)
    for name in ("variables", "worker"):
        (tmp_path / f"{name}.py").write_text("MINE = True\n")

    run = subprocess.run(
        [home / "bin" / "python", "-c", BESIDE_HOSTILE_NEIGHBOURS],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "" == run.stderr
    assert run.stdout.strip().startswith(str(home))
