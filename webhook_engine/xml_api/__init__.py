"""
The XML API: what other systems ask of a tenant's dialer.
"""

from webhook_engine.store.facts import ApiRequest
from webhook_engine.xml_api.actions import Action, ActionRequest, Actions, Needs, action
from webhook_engine.xml_api.answers import Rows, Says, Status
from webhook_engine.xml_api.app import xml_api
from webhook_engine.xml_api.faults import FAULTS
from webhook_engine.xml_api.inputs import Input
from webhook_engine.xml_api.keys import GivenKeys, KeyBook
from webhook_engine.xml_api.monitoring import RequestLog

__all__ = [
    "FAULTS",
    "Action",
    "ActionRequest",
    "Actions",
    "ApiRequest",
    "GivenKeys",
    "Input",
    "KeyBook",
    "Needs",
    "RequestLog",
    "Rows",
    "Says",
    "Status",
    "action",
    "xml_api",
]
