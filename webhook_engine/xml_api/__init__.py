"""
The XML API: what other systems ask of a tenant's dialer.
"""

from webhook_engine.store.facts import ApiRequest, Feed, NewContact
from webhook_engine.xml_api.actions import Action, ActionRequest, Actions, Needs, action
from webhook_engine.xml_api.answers import Rows, Says, Status
from webhook_engine.xml_api.app import xml_api
from webhook_engine.xml_api.asking import Reply
from webhook_engine.xml_api.book import AddressBook
from webhook_engine.xml_api.client import ApiUnavailable, Client
from webhook_engine.xml_api.directory import Directory, LiveDirectory, StoreDirectory
from webhook_engine.xml_api.faults import FAULTS
from webhook_engine.xml_api.feeding import ContactSink
from webhook_engine.xml_api.inputs import Input
from webhook_engine.xml_api.keys import GivenKeys, KeyBook
from webhook_engine.xml_api.monitoring import RequestLog
from webhook_engine.xml_api.pbx import PbxBackend
from webhook_engine.xml_api.standing import PROVIDED_ACTIONS, store_api

__all__ = [
    "FAULTS",
    "PROVIDED_ACTIONS",
    "Action",
    "ActionRequest",
    "Actions",
    "AddressBook",
    "ApiRequest",
    "ApiUnavailable",
    "Client",
    "ContactSink",
    "Directory",
    "Feed",
    "GivenKeys",
    "Input",
    "KeyBook",
    "LiveDirectory",
    "Needs",
    "NewContact",
    "PbxBackend",
    "Reply",
    "RequestLog",
    "Rows",
    "Says",
    "Status",
    "StoreDirectory",
    "action",
    "store_api",
    "xml_api",
]
