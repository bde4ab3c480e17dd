"""
Deliveries made to happen: when each is tried, and what follows from an attempt.
"""

from webhook_engine.performing.breaker import BreakerReport, BreakerSettings, BreakerState
from webhook_engine.performing.breakers import Breakers
from webhook_engine.performing.durable import Performer
from webhook_engine.performing.holds import DISABLED, GONE, HOLD_S, Holds, Standing
from webhook_engine.performing.judging import is_gone
from webhook_engine.performing.live import Live, LiveAnswer, LiveSettings, Send
from webhook_engine.performing.performed import Perform, Performed
from webhook_engine.performing.policy import RetryPolicy
from webhook_engine.performing.reasons import REASONS, Reason
from webhook_engine.performing.record import detail_of
from webhook_engine.performing.reports import PerformerReport, PerformerSettings
from webhook_engine.performing.schedule import Schedule
from webhook_engine.performing.settle import Dead, Done, Release, Retry, Settlement

__all__ = [
    "DISABLED",
    "GONE",
    "HOLD_S",
    "REASONS",
    "BreakerReport",
    "BreakerSettings",
    "BreakerState",
    "Breakers",
    "Dead",
    "Done",
    "Holds",
    "Live",
    "LiveAnswer",
    "LiveSettings",
    "Perform",
    "Performed",
    "Performer",
    "PerformerReport",
    "PerformerSettings",
    "Reason",
    "Release",
    "Retry",
    "RetryPolicy",
    "Schedule",
    "Send",
    "Settlement",
    "Standing",
    "detail_of",
    "is_gone",
]
