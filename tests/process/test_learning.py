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


def test_a_column_that_vanishes_after_a_restart_is_missed(tmp_path, command, monkeypatch):
    """
    What is usual was learnt before it; the log says so, commands tell it, and it is accepted at a word.
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
            monkeypatch.chdir(tmp_path)
            learnt = json.loads(command("drift", "export").out)["Euphoria"]["Lookup"]["columns"]["name"]
            process.start()
            target.expect("GET", "/contacts", body=[{"first_name": "Naledi"}])
            until(lambda: asked(process) and process.log("column.drifted"))
            (said,) = process.log("column.drifted")
            listed = command("drift", "list")
            (tmp_path / "learnt.json").write_text(command("drift", "export").out)
            checked = command("check", "rules.toml", "--recorded", "learnt.json")
            accepted = command("drift", "accept", "Lookup", "--column", "name")
            nothing = command("drift", "accept", "Lookup", "--json")
            again = command("drift", "accept", "Lookup")
            after = command("drift", "list")

    assert ["text"] == learnt["types"]
    assert (1, True) == (
        listed.code,
        listed.out.startswith("'Lookup': the column 'name' (text) is in none of the last "),
    ), listed
    assert (1, True) == (checked.code, "column-vanished" in checked.out), checked
    assert (0, True) == (accepted.code, accepted.out.endswith("1 column accepted\n")), accepted
    assert (1, "[]\n") == (nothing.code, nothing.out), nothing
    assert (1, "Lookup: nothing of it has drifted\n") == (again.code, again.out), again
    assert (0, "no column has drifted\n") == (after.code, after.out), after
    assert ("Lookup", "name", "vanished", "text") == (
        said["webhook"], said["column"], said["way"], said["was"],
    )  # fmt: skip


def asked(process):
    call = {"call": {"EXTENSION": "100-Euphoria"}}
    return process.ask("POST", "/v1/webhooks/Lookup/ask", call)
