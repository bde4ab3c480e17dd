"""
Webhook variables, templating and dispatch for call centres.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook_engine.definitions import Group, Member, Parameter, Rule, Webhook
    from webhook_engine.engine import Engine
    from webhook_engine.variables import CallContext, CallEvent

__all__ = ["CallContext", "CallEvent", "Engine", "Group", "Member", "Parameter", "Rule", "Webhook"]

# Each name loads its room when it is first asked for: whoever only states calls
# does not wait for an HTTP client.
_ROOMS = {
    "CallContext": "variables",
    "CallEvent": "variables",
    "Engine": "engine",
    "Group": "definitions",
    "Member": "definitions",
    "Parameter": "definitions",
    "Rule": "definitions",
    "Webhook": "definitions",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib import metadata  # slow to load, and hardly ever asked for

        return metadata.version("webhook-engine")
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
