"""
An attempt leaves one event in the application's own log, and nothing leaves a secret.
"""

import logging
import subprocess
import sys

import pytest

from webhook_engine import log
from webhook_engine.demo import crm, scenes


async def test_an_attempt_is_one_event(caplog):
    """
    With its fields on the record, as any formatter can show them.
    """
    with caplog.at_level(logging.INFO, log.NAME):
        async with scenes.stage(0) as (engine, port):
            await engine.ask("Place an order", scenes.RINGING)

    [record] = [each for each in caplog.records if each.name == log.NAME]
    assert ("attempt.finished", "Place an order", "ok", 201) == (
        record.getMessage(),
        record.webhook,
        record.outcome,
        record.status,
    )
    assert f"127.0.0.1:{port}" == record.target
    assert 0 < record.took_s < 4
    assert not any(key in str(vars(record)) for key in crm.AGENT_KEYS.values())


async def test_what_was_not_sent_is_no_attempt(caplog):
    """
    A refusal before sending is the caller's to see.
    """
    with caplog.at_level(logging.INFO, log.NAME):
        async with scenes.stage(0) as (engine, _):
            await engine.ask("Place an order", scenes.RINGING.replace(extension="101-Euphoria"))

    assert [] == [each for each in caplog.records if each.name == log.NAME]


def test_objects_are_refused(caplog):
    """
    Whatever could hold a secret never reaches a formatter.
    """
    with (
        caplog.at_level(logging.INFO, log.NAME),
        pytest.raises(TypeError, match="log field request is a object"),
    ):
        log.event("attempt.finished", request=object())


def test_nothing_is_printed_unasked():
    """
    An application that configures no logging sees none of ours, and loads no logger for it.
    """
    script = "import sys; from webhook_engine import log; log.event('x.happened'); print('structlog' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ("False\n", "") == (done.stdout, done.stderr)
