"""
A variable of the environment that is meant to be a setting and is none.
"""

import os
import subprocess

import pytest

from tests.faults.process import COMMAND, PATIENCE_S, Process, event


def test_a_misspelt_setting_is_told_and_changes_nothing(tmp_path, target):
    """
    One event of the log for each, with the setting that was probably meant; the process goes on.
    """
    wrong = {"WEBHOOK_ENGINE_PROT": "9", "WEBHOOK_ENGINE_COLOUR": "blue"}
    with Process(tmp_path, target, environ=wrong) as process:
        process.send(event("e1"))
        settled = process.settled()
        told = {each["variable"]: each["problem"] for each in process.log("setting.unknown")}

    assert ["e1"] == list(settled)
    assert (
        "WEBHOOK_ENGINE_PROT is no setting; did you mean WEBHOOK_ENGINE_PORT?" == told["WEBHOOK_ENGINE_PROT"]
    )
    assert "WEBHOOK_ENGINE_COLOUR is no setting" == told["WEBHOOK_ENGINE_COLOUR"]
    assert "blue" not in process.said()


@pytest.mark.parametrize("words", [["worker"], ["api", "--insecure-http"]], ids=" ".join)
def test_every_process_tells_it(tmp_path, words):
    """
    Also before a start that is refused, which may be because of it.
    """
    environ = os.environ | {"WEBHOOK_ENGINE_PROT": "9"}
    (tmp_path / "webhook-engine.db").mkdir()

    done = subprocess.run(
        [str(COMMAND), *words, "--log-format", "text", "--port", "0"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert 2 == done.returncode
    assert 1 == done.stderr.count("did you mean WEBHOOK_ENGINE_PORT?")
