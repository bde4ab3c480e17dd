"""
What a process learnt of responses is there after a restart.
"""

import json
import time

from tests.faults.process import Process, until
from webhook_engine.drift import DriftSettings
from webhook_engine.testing import FakeTarget

DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Lookup"
type = "ajax-get"
url = "URL/contacts"

  [[webhook.view.column]]
  path = "name"
"""


def test_a_column_that_vanishes_after_a_restart_is_missed(tmp_path):
    """
    What is usual was learnt before it; the log says so, and who may read the file is the process's user alone.
    """
    settings = DriftSettings()
    with FakeTarget() as target:
        (tmp_path / "rules.toml").write_text(DEFINITIONS.replace("URL", target.url))
        with Process(tmp_path, definitions_at="rules.toml") as process:
            target.expect("GET", "/contacts", body=[{"name": "Naledi"}])
            enough = time.monotonic() + settings.streak * settings.every_s * 3
            until(lambda: asked(process) and time.monotonic() > enough)
            process.terminate()
            process.wait()
            file = tmp_path / "webhook-engine.learnt.json"
            learnt = json.loads(file.read_text())["Euphoria"]["Lookup"]["columns"]["name"]
            process.start()
            target.expect("GET", "/contacts", body=[{"first_name": "Naledi"}])
            until(lambda: asked(process) and process.log("column.drifted"))
            (said,) = process.log("column.drifted")

    assert (["text"], 0o600) == (learnt["types"], file.stat().st_mode & 0o777)
    assert ("Lookup", "name", "vanished", "text") == (
        said["webhook"], said["column"], said["way"], said["was"],
    )  # fmt: skip


def asked(process):
    call = {"call": {"EXTENSION": "100-Euphoria"}}
    return process.ask("POST", "/v1/webhooks/Lookup/ask", call)
