"""
What becomes of a webhook's response: outcome rules and the agent's view.
"""

from __future__ import annotations

from webhook_engine.definitions.compiling.tools import RESPONSE_NAMES, Tools
from webhook_engine.definitions.webhooks import OutcomeDefinition
from webhook_engine.responses import OutcomeRule
from webhook_engine.templating import Kind

_READ = frozenset({"response", "text", "rows"})
"""Names that only a response which was read can fill."""


def outcome_of(
    definition: OutcomeDefinition, position: int, tools: Tools
) -> tuple[OutcomeRule, frozenset[str]]:
    """
    One outcome rule, called by its position and its condition; and the call's variables it asks for.
    """
    when = tools.expression(definition.when, more=RESPONSE_NAMES)
    say = None
    asked = when.variables
    if definition.say is not None:
        sentence = tools.template(definition.say, Kind.TEXT, more=RESPONSE_NAMES)
        say, asked = sentence.render, asked | sentence.variables
    rule = OutcomeRule(
        when=when.holds,
        outcome=definition.outcome,
        say=say,
        reads_response=not asked.isdisjoint(_READ),
        label=f"outcome[{position + 1}]: {definition.when}",
    )
    return rule, asked - RESPONSE_NAMES
