"""
The engine over HTTP.
"""

from webhook_engine.service.app import SERVICE, make_app
from webhook_engine.service.backend import Backend
from webhook_engine.service.keys import GivenKeys, KeyChecker, KeyFacts, Scope, StoreKeys
from webhook_engine.service.noting import Noting
from webhook_engine.service.routes import Endpoint
from webhook_engine.service.settings import ServiceSettings
from webhook_engine.service.stream import AgentStreams, StreamSettings

__all__ = [
    "SERVICE",
    "AgentStreams",
    "Backend",
    "Endpoint",
    "GivenKeys",
    "KeyChecker",
    "KeyFacts",
    "Noting",
    "Scope",
    "ServiceSettings",
    "StoreKeys",
    "StreamSettings",
    "make_app",
]
