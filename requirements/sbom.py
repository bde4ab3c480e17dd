"""
What the program brings along: a CycloneDX document, and docs/licences.md with `--licences`.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]


def pinned() -> list[tuple[str, str]]:
    """
    Name and version of what requirements/run.txt has for this system, by name.
    """
    lines = (ROOT / "requirements" / "run.txt").read_text().splitlines()
    found = [re.match(r"([\w.-]+)==([^ ;]+)(?: ; (.+?))? \\", line) for line in lines]
    installed = {each.metadata["Name"].lower().replace("_", "-"): each for each in metadata.distributions()}
    return [
        (each[1], each[2])
        for each in found
        if each and getattr(installed.get(each[1]), "version", "") == each[2]
    ]


def licence_of(name: str) -> str:
    """
    As the package states it, in a few words.
    """
    about = metadata.metadata(name)
    stated = about.get("License-Expression") or ""
    classified = [
        each.rpartition(" :: ")[2]
        for each in about.get_all("Classifier") or ()
        if each.startswith("License ::")
    ]
    if not stated and classified:
        stated = ", ".join(classified)
    return stated or (about.get("License") or "not stated").splitlines()[0][:60]


def sbom() -> dict[str, object]:
    """
    CycloneDX 1.6.
    """
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            "licenses": [{"license": {"name": licence_of(name)}}],
        }
        for name, version in pinned()
    ]
    ours = {"type": "application", "name": "webhook-engine", "version": metadata.version("webhook-engine")}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": ours},
        "components": components,
    }


def licences() -> str:
    """
    docs/licences.md.
    """
    rows = "\n".join(f"| {name} | {licence_of(name)} |" for name, _ in pinned())
    return (
        "# Licences\n\n"
        "What `pip install 'webhook-engine[speed]'` brings along, as each package states it. Made by\n"
        "`python requirements/sbom.py --licences`; `make sbom` writes the same as CycloneDX, with versions.\n\n"
        "| package | licence |\n|---|---|\n"
        f"{rows}\n\nThe Integration Centre ships htmx and uPlot; their licences lie beside them, in\n"
        "`webhook_engine/console/assets/vendor/`.\n"
    )


if __name__ == "__main__":
    if sys.argv[1] == "--licences":
        (ROOT / "docs" / "licences.md").write_text(licences())
    else:
        path = ROOT / sys.argv[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(sbom(), indent=1))
        print(f"{len(pinned())} components in {path.relative_to(ROOT)}")
