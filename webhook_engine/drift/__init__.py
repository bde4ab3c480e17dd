"""
Drift: what responses used to look like, and which selected columns no longer do.
"""

from webhook_engine.drift.column import ColumnState, Drifted, Way
from webhook_engine.drift.sharing import UNREADABLE, accepted, findings_in, taught
from webhook_engine.drift.watch import Drift, DriftSettings, tell

__all__ = [
    "UNREADABLE",
    "ColumnState",
    "Drift",
    "DriftSettings",
    "Drifted",
    "Way",
    "accepted",
    "findings_in",
    "taught",
    "tell",
]
