"""
From a compiled webhook to a request, and from there over a guarded transport to a response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.dispatch.credentials import (
    NO_CREDENTIALS,
    Credentials,
    admit,
    credentials_for,
)
from webhook_engine.dispatch.egress import PUBLIC, EgressPolicy
from webhook_engine.dispatch.limits import Limiter
from webhook_engine.dispatch.mask import HIDDEN, Masker
from webhook_engine.dispatch.prepare import Preparation, prepare
from webhook_engine.dispatch.request import PreparedRequest, Route
from webhook_engine.dispatch.secrets import LocalSecrets, SecretStore

if TYPE_CHECKING:
    from webhook_engine.dispatch.attempt import Attempt
    from webhook_engine.dispatch.dispatcher import Dispatcher
    from webhook_engine.dispatch.faults import Fault, fault_of
    from webhook_engine.dispatch.guard import Dial
    from webhook_engine.dispatch.transport import Transport

__all__ = [
    "HIDDEN",
    "NO_CREDENTIALS",
    "PUBLIC",
    "Attempt",
    "Credentials",
    "Dial",
    "Dispatcher",
    "EgressPolicy",
    "Fault",
    "Limiter",
    "LocalSecrets",
    "Masker",
    "Preparation",
    "PreparedRequest",
    "Route",
    "SecretStore",
    "Transport",
    "admit",
    "credentials_for",
    "fault_of",
    "prepare",
]

# Rendering needs no network, and aiohttp costs a fifth of a second to import.
_ON_THE_WIRE = {
    "Attempt": "attempt",
    "Dial": "guard",
    "Dispatcher": "dispatcher",
    "Fault": "faults",
    "Transport": "transport",
    "fault_of": "faults",
}


def __getattr__(name: str) -> object:
    if name in _ON_THE_WIRE:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_ON_THE_WIRE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
