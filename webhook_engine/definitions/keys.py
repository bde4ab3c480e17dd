"""
How the fields of definitions are called in a file, where that is another word.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# A table in a file is singular, because it stands there once per thing: [[webhook.parameter]].
KEYS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Group": {"members": "member"},
        "OutcomeDefinition": {"outcome": "is"},
        "Parameter": {"place": "in"},
        "TestCase": {"moments": "moment", "responses": "response"},
        "Rule": {"call_queues": "call_queue", "directions": "direction", "dispositions": "disposition"},
        "View": {"columns": "column"},
        "Webhook": {"headers": "header", "outcomes": "outcome", "parameters": "parameter"},
    }
)
"""Class of a definition -> its field -> the key."""


def key_of(kind: str, field: str) -> str:
    """
    The key in a file for *field* of the class called *kind*.
    """
    return KEYS.get(kind, {}).get(field, field)
