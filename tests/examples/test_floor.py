"""
The rule set of a sales and support floor is tested by the tests beside it, and they are worth something.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.examples.mutating import can_be_seen, is_caught, mutants, read_tree_of
from webhook_engine.definitions import Authentication, PopState, WebhookType, lint, read_folder
from webhook_engine.errors import DefinitionError
from webhook_engine.responses import Outcome
from webhook_engine.testing.rehearsal import rehearse_now
from webhook_engine.testing.rehearsal.coverage import unreached
from webhook_engine.variables import Moment

FLOOR = Path(__file__).parents[2] / "examples" / "floor"


@pytest.fixture(scope="module")
def floor():
    """
    The definitions.
    """
    return read_folder(FLOOR)


@pytest.fixture(scope="module")
def report(floor):
    """
    What came of its tests.
    """
    return rehearse_now(floor)


def test_every_test_passes(floor, report):
    """
    And lint finds nothing.
    """
    assert () == tuple(str(failure) for each in report.failed for failure in each.failures)
    assert () == lint(floor)


def test_it_is_as_large_as_a_floor(floor):
    """
    Webhooks, rules and tests of a real one.
    """
    assert len(floor.webhooks) >= 10
    assert len(floor.rules) >= 12
    assert len(floor.tests) >= 40


def test_the_tests_reach_everything(floor, report):
    """
    Every rule and condition, link, webhook, parameter and outcome.
    """
    assert () == unreached(floor, report.results)


def test_it_shows_every_moment_type_authentication_and_outcome(floor, report):
    """
    Whoever looks for how something is written finds it here.
    """
    performed = [each for result in report.results for each in result.performances]

    assert set(Moment) == {each.event.moment for each in performed}
    assert set(WebhookType) == {each.line.compiled.definition.type for each in performed}
    assert set(Authentication) == {group.authentication for group in floor.groups} | {Authentication.NONE}
    assert any(each.line.compiled.group is None for each in performed)
    assert set(Outcome) == {each.outcome for each in performed} - {None}
    assert set(PopState) == {each.fate.state for each in performed}


MISTAKES = {
    "a report that is sent once and never again": (
        "systems.toml",
        'content_type = "json"\ndelivery = "durable"\nbody',
        'content_type = "json"\nbody',
    ),
    "a misspelt call queue": (
        "rules.toml",
        'call_queue = ["Sales", "Renewals"]',
        'call_queue = ["Sale", "Renewals"]',
    ),
    "the number as the platform has it": (
        "systems.toml",
        "{{ CALLERID_NUMBER | e164 }}",
        "{CALLERID_NUMBER}",
    ),
    "a condition the wrong way round": ("rules.toml", 'when = "rows == 1"', 'when = "rows != 1"'),
    "a direction that there is not": (
        "rules.toml",
        "when = \"CALLERID_NUMBER == '0100000000'\"",
        "when = \"CALL_DIR == 'inbound'\"",
    ),
    "a rule that stops everything": ("rules.toml", "when = \"CALLERID_NUMBER == '0100000000'\"\n", ""),
    "the key in another header": ("systems.toml", 'key_name = "X-Api-Key"', 'key_name = "X-Key"'),
    "the right outcome for the wrong disposition": ("systems.toml", "'Success': 'WON'", "'Success': 'LOST'"),
    "an empty value that is sent": ("systems.toml", 'when_empty = "skip"', 'when_empty = "send"'),
    "a variable that comes too late": (
        "rules.toml",
        'on = ["disposed"]\ndirection = "outgoing"',
        'on = ["ringing"]\ndirection = "outgoing"',
    ),
    "a view that looks elsewhere": ("systems.toml", "phones[label=work].value", "phones[label=office].value"),
    "a key written out": ("systems.toml", '{ env = "LEADS_KEY" }', '"9f8e7d6c"'),
    "a private network that is not allowed": ("systems.toml", '["10.20.0.0/16"]', "[]"),
    "a value that is not escaped": (
        "systems.toml",
        '"notes": "{CALL_NOTES}"',
        '"notes": "{{ CALL_NOTES | raw }}"',
    ),
    "two rules for one thing": (
        "rules.toml",
        'direction = "outgoing"\nwebhooks = ["Lead status"]',
        'direction = "incoming"\nwebhooks = ["Call outcome"]',
    ),
    "a webhook that is lost": (
        "rules.toml",
        'webhooks = ["Call record", "Old archive"]',
        'webhooks = ["Old archive"]',
    ),
    "a deadline nobody bears": ("systems.toml", "deadline_s = 1.5", "deadline_s = 30.0"),
    "reports to an address that is not there": (
        "systems.toml",
        '"https://crm.example.com/api/calls"',
        '"https://crm.example.com/api/call"',
    ),
    "minutes in place of the month": ("systems.toml", "%Y-%m-%dT", "%Y-%M-%dT"),
    "the wall shows every call": (
        "rules.toml",
        'on = ["answered"]\ndirection = "incoming"\n',
        'on = ["answered"]\n',
    ),
    "credit for every call queue": (
        "rules.toml",
        'call_queue = ["Sales"]\nwebhooks = ["Credit check"]',
        'webhooks = ["Credit check"]',
    ),
    "a disposition that the CRM has no word for": ("systems.toml", " | default('OPEN')", ""),
    "a live webhook in place of a durable one": (
        "systems.toml",
        'delivery = "durable"\norder = "none"\nmax_attempts = 3\n',
        "",
    ),
}


EVERY = 20
"""Of all that can be changed, so many are left out between two that are tried here."""


def test_hardly_anything_can_be_changed_unseen():
    """
    Of every key, list and table in turn: left out, another word, another number, another text.
    """
    tried = [each for each in mutants(read_tree_of(FLOOR)) if can_be_seen(each[0])][::EVERY]

    assert [] == [what for what, mutant in tried if not is_caught(mutant, FLOOR)]
    assert len(tried) > 35


@pytest.mark.parametrize(("file", "right", "wrong"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_caught(tmp_path, file, right, wrong):
    """
    By a test that fails, by lint, or because it cannot be read.
    """
    folder = shutil.copytree(FLOOR, tmp_path / "floor")
    text = (folder / file).read_text(encoding="utf-8")
    assert right in text
    (folder / file).write_text(text.replace(right, wrong, 1), encoding="utf-8")

    try:
        changed = read_folder(folder)
    except DefinitionError as error:
        caught = list(error.problems)
    else:
        caught = [*rehearse_now(changed).failed, *lint(changed)]

    assert caught
