"""
What becomes of a webhook's response: outcome rules and the agent's view.
"""

from __future__ import annotations

from webhook_engine.definitions.compiling.tools import RESPONSE_NAMES, Tools
from webhook_engine.definitions.webhooks import OutcomeDefinition
from webhook_engine.responses import OutcomeRule
from webhook_engine.templating import Kind


def outcome_of(definition: OutcomeDefinition, position: int, tools: Tools) -> OutcomeRule:
    """
    One outcome rule, called by its position and its condition.
    """
    when = tools.expression(definition.when, more=RESPONSE_NAMES)
    say = None
    asked = when.variables
    if definition.say is not None:
        sentence = tools.template(definition.say, Kind.TEXT, more=RESPONSE_NAMES)
        say, asked = sentence.render, asked | sentence.variables
    return OutcomeRule(
        when=when.evaluate,
        outcome=definition.outcome,
        say=say,
        reads_response=not RESPONSE_NAMES.isdisjoint(asked - {"status", "headers"}),
        label=f"outcome[{position + 1}]: {definition.when}",
    )


def variables_of(definition: OutcomeDefinition, tools: Tools) -> frozenset[str]:
    """
    The call's variables that an outcome rule asks for.
    """
    asked = tools.expression(definition.when, more=RESPONSE_NAMES).variables
    if definition.say is not None:
        asked |= tools.template(definition.say, Kind.TEXT, more=RESPONSE_NAMES).variables
    return asked - RESPONSE_NAMES
