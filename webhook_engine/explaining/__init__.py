"""
Why a webhook did or did not start, what its request was made of, and what came of it.
"""

from webhook_engine.explaining.asking import explain_delivery, explain_event
from webhook_engine.explaining.encoders import ENCODERS
from webhook_engine.explaining.explanation import Explanation, StartExplanation
from webhook_engine.explaining.hidden import shown_event, shown_report
from webhook_engine.explaining.lines import lines_of
from webhook_engine.explaining.origins import Origin, Source
from webhook_engine.explaining.recalling import explain_recorded
from webhook_engine.explaining.tries import AttemptTrace
from webhook_engine.explaining.used import UsedAt, VariableTrace

__all__ = [
    "ENCODERS",
    "AttemptTrace",
    "Explanation",
    "Origin",
    "Source",
    "StartExplanation",
    "UsedAt",
    "VariableTrace",
    "explain_delivery",
    "explain_event",
    "explain_recorded",
    "lines_of",
    "shown_event",
    "shown_report",
]
