"""
What the README shows of the XML API, runs as it stands.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## The XML API\n")[2].partition("\n## ")[0]


def test_the_documented_request_works_by_curl(tmp_path, free_port):
    """
    Typed into a shell: a campaign, a key, the API, the request; the answer is the one that is shown.
    """
    (script,) = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
    (expected,) = re.findall(r"```xml\n(.*?)\n```", SECTION, re.DOTALL)
    port = str(free_port())
    moved = script.replace(":8700/", f":{port}/").replace("--insecure-http", f"--insecure-http --port {port}")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    end = "\nkill %1; wait %1\n"

    done = subprocess.run(
        ["bash", "-mc", moved + end],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert expected in done.stdout, done.stderr
    assert done.stdout.startswith("SalesCampaign has ListNumber5\n")
