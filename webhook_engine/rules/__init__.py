"""
Rules: which webhooks an event starts, what their responses lead to, and why.
"""

from webhook_engine.rules.explain import Line, Tone, WebhookTrace, explain, why
from webhook_engine.rules.follow import Follow, asks_for, follow
from webhook_engine.rules.ruleset import Match, RuleSet
from webhook_engine.rules.start import ChainLimits, Start
from webhook_engine.rules.trace import (
    Fate,
    FollowTrace,
    LinkReason,
    LinkTrace,
    Reason,
    RuleTrace,
    StartTrace,
    Trace,
)

__all__ = [
    "ChainLimits",
    "Fate",
    "Follow",
    "FollowTrace",
    "Line",
    "LinkReason",
    "LinkTrace",
    "Match",
    "Reason",
    "RuleSet",
    "RuleTrace",
    "Start",
    "StartTrace",
    "Tone",
    "Trace",
    "WebhookTrace",
    "asks_for",
    "explain",
    "follow",
    "why",
]
