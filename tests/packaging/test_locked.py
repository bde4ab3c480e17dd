"""
What is installed for the demo and the tests is pinned, and what is built from it is the same each time.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUN = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["speed"]]
WANTED = {
    "run.txt": [*RUN, *PROJECT["build-system"]["requires"]],
    "tests.txt": [*RUN, *PROJECT["build-system"]["requires"], *PROJECT["dependency-groups"]["test"]],
    "browser.txt": PROJECT["dependency-groups"]["browser"],
    "bench.txt": PROJECT["dependency-groups"]["bench"],
    "fuzz.txt": PROJECT["dependency-groups"]["fuzz"],
    "pip.txt": ["pip>=25.1"],
    "audit.txt": ["pip-audit>=2.9"],
}


def _pins(name):
    text = (ROOT / "requirements" / name).read_text()
    return {
        found[1]: (found[2], found[3])
        for found in re.finditer(
            r"^([\w.-]+)==([^ ;]+)[^\n]*\\((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)", text, re.MULTILINE
        )
    }


@pytest.mark.parametrize("name", WANTED)
def test_everything_asked_for_is_pinned(name):
    """
    To a version that pyproject.toml allows; `make lock` pins anew.
    """
    pins = _pins(name)
    wanted = [Requirement(each) for each in WANTED[name]]

    assert set() == {each.name for each in wanted if each.name.lower() not in pins}
    assert set() == {str(each) for each in wanted if pins[each.name.lower()][0] not in each.specifier}


def test_nothing_is_installed_without_hashes():
    """
    Neither by make nor by what it runs: each `pip install` has them, but for the program itself.
    """
    told = [ROOT / "Makefile", *(ROOT / "requirements").glob("*.sh")]
    lines = [line for path in told for line in path.read_text().replace("\\\n", " ").splitlines()]
    installs = [
        each
        for each in lines
        if not each.startswith("#") and re.search(r"\bpip\b.* install |\$\(PIP\) install ", each)
    ]

    assert len(installs) >= 4
    assert [] == [each for each in installs if "--require-hashes" not in each and "--editable ." not in each]


def test_what_stands_beside_the_tests_fits_them():
    """
    The measurements run in the same environment, and change no version in it.
    """
    tests, bench = _pins("tests.txt"), _pins("bench.txt")
    both = tests.keys() & bench.keys()

    assert {name: tests[name][0] for name in both} == {name: bench[name][0] for name in both}


@pytest.mark.parametrize("name", WANTED)
def test_every_pin_has_hashes_and_no_address(name):
    """
    Whoever serves the packages, they are these; and from where is told to nobody.
    """
    text = (ROOT / "requirements" / name).read_text()
    stated = re.findall(r"^[\w.-]+==", text, re.MULTILINE)
    hashed = re.findall(r"^[\w.-]+==[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)

    assert len(stated) == len(hashed) > 0
    assert "://" not in text
    assert "index-url" not in text


def test_the_program_is_tested_with_what_it_runs_with():
    """
    Both files pin the same versions.
    """
    run, tests = _pins("run.txt"), _pins("tests.txt")

    assert {name: pin[0] for name, pin in run.items()} == {name: tests[name][0] for name in run}


def test_two_builds_of_one_source_are_the_same_bytes(tmp_path):
    """
    So that anybody can see that a wheel was made of this source.
    """
    environ = os.environ | {"SOURCE_DATE_EPOCH": "1767225600"}
    wheels = []
    for number in ("1", "2"):
        words = [
            sys.executable,
            "-m",
            "build",
            "--no-isolation",
            "--wheel",
            "--outdir",
            str(tmp_path / number),
            str(ROOT),
        ]
        subprocess.run(words, check=True, capture_output=True, env=environ)
        [wheel] = (tmp_path / number).iterdir()
        wheels.append(wheel.read_bytes())

    assert wheels[0] == wheels[1]


def test_licences_are_listed_and_the_parts_told(tmp_path):
    """
    docs/licences.md has every package of run.txt that is installed here, and so has the CycloneDX document.
    """
    out = ROOT / "build" / "sbom-of-the-tests.json"
    subprocess.run(
        [sys.executable, "requirements/sbom.py", str(out.relative_to(ROOT))],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    told = json.loads(out.read_text())
    out.unlink()
    page = (ROOT / "docs" / "licences.md").read_text()
    names = [each["name"] for each in told["components"]]

    assert "CycloneDX" == told["bomFormat"]
    assert {"aiohttp", "jinja2", "cryptography"} <= set(names)
    assert set() == {name for name in names if f"| {name} |" not in page}
    assert "not stated" not in page
