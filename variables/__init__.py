"""
The call: its facts, its moments, and the variables that templates read from them.
"""

from .call import CallContext, Value
from .event import CallEvent
from .moments import Direction, Disposition, Moment
from .samples import SAMPLES
from .table import VARIABLES, Variable, is_known, values_of
from .tenant import DatetimeTokens, Tenant

__all__ = [
    "SAMPLES",
    "VARIABLES",
    "CallContext",
    "CallEvent",
    "DatetimeTokens",
    "Direction",
    "Disposition",
    "Moment",
    "Tenant",
    "Value",
    "Variable",
    "is_known",
    "values_of",
]
