"""
A tenant with a few webhooks, to which a test adds its rules.
"""

from __future__ import annotations

import pytest

from webhook_engine.definitions import read_text
from webhook_engine.rules import RuleSet
from webhook_engine.variables import CallContext, CallEvent

FLOOR = """
[tenant]
name = "Euphoria"

[[agent]]
extension = "100-Euphoria"

[[variable]]
name = "ACCOUNT"

[[variable]]
name = "SCORE"
known_from = "disposed"
"""


def webhook(name):
    return (
        f'[[webhook]]\nname = "{name}"\ntype = "ajax-get"\nurl = "https://crm.example.com/{name.lower()}"\n'
    )


@pytest.fixture
def rules():
    """
    The rules in a text, over webhooks A to H.
    """

    def rules(text, **options):
        return RuleSet(read_text(FLOOR + "".join(map(webhook, "ABCDEFGH")) + text), **options)

    return rules


@pytest.fixture
def event():
    """
    An event of an incoming sales call of an agent, with some facts changed.
    """

    def event(moment="ringing", event_id="e-1", **facts):
        call = CallContext(
            **{
                "extension": "100-Euphoria",
                "direction": "incoming",
                "call_queue": "Sales",
                "caller_number": "0821234567",
                **facts,
            }
        )
        return CallEvent(moment, call, id=event_id)

    return event


@pytest.fixture
def rule():
    """
    The text of one rule that starts A when it rings, with some keys changed.
    """

    def rule(name="R", **keys):
        keys = {"on": ["ringing"], "webhooks": ["A"], **keys}
        return f'[[rule]]\nname = "{name}"\n' + "".join(
            f"{key} = {_toml(value)}\n" for key, value in keys.items()
        )

    return rule


def _toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value) if isinstance(value, int) else '"' + value.replace('"', r"\"") + '"'
