"""
NATS beside the database: call events in through JetStream, and hints to look at the database at once.

The database stays the truth. What NATS loses costs a moment; what it brings twice counts once.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook_engine.nats.hints import Hints
    from webhook_engine.nats.intake import NatsIntake
    from webhook_engine.nats.preparing import Finding, look, prepare
    from webhook_engine.nats.publishing import Published, Publisher, open_publisher

__all__ = ["Finding", "Hints", "NatsIntake", "Published", "Publisher", "look", "open_publisher", "prepare"]

# What nats-py needs is loaded by whoever has a NATS server.
_MODULES = {
    "Finding": "preparing",
    "Hints": "hints",
    "NatsIntake": "intake",
    "Published": "publishing",
    "Publisher": "publishing",
    "look": "preparing",
    "open_publisher": "publishing",
    "prepare": "preparing",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
