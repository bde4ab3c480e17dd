"""
Drift: what responses used to look like, and which selected columns no longer do.
"""

from webhook_engine.drift.column import ColumnState, Drifted, Way
from webhook_engine.drift.watch import Drift, DriftSettings

__all__ = ["ColumnState", "Drift", "DriftSettings", "Drifted", "Way"]
