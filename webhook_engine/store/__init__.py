"""
The store: definitions with their history, the vault, API keys, users, pops, dialer lists, recorded calls, what is
learnt of responses and the log of API requests, for every tenant of an installation.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook_engine.store.api_keys import ApiKey, ApiKeys, NewApiKey
    from webhook_engine.store.api_log import ApiLog, LogFilter, LogPage
    from webhook_engine.store.api_requests import ApiRequests
    from webhook_engine.store.campaigns import Campaigns
    from webhook_engine.store.changes import Topic
    from webhook_engine.store.contacts import Contacts
    from webhook_engine.store.dialer import DialerContacts
    from webhook_engine.store.facts import ApiRequest, Campaign, Contact, DialerContact, Feed, NewContact
    from webhook_engine.store.keyring import add_key, keys_of
    from webhook_engine.store.learnt import Learnt, Lesson
    from webhook_engine.store.literals import secret_references, vault_names
    from webhook_engine.store.pops import Pop, Pops
    from webhook_engine.store.recordings import RecordedEvent, RecordedPage, RecordedResponse, Recordings
    from webhook_engine.store.revisions import Revision, RevisionEntry, Revisions, Saved
    from webhook_engine.store.sealing import new_key, read_keys
    from webhook_engine.store.secrets import StoreSecrets
    from webhook_engine.store.signing_in import SigningIn
    from webhook_engine.store.sqlite import upgrade
    from webhook_engine.store.steps import SavedBoard, Step, Steps
    from webhook_engine.store.store import Store
    from webhook_engine.store.users import Role, User, Users
    from webhook_engine.store.vault import Vault, VaultEntry

__all__ = [
    "ApiKey",
    "ApiKeys",
    "ApiLog",
    "ApiRequest",
    "ApiRequests",
    "Campaign",
    "Campaigns",
    "Contact",
    "Contacts",
    "DialerContact",
    "DialerContacts",
    "Feed",
    "Learnt",
    "Lesson",
    "LogFilter",
    "LogPage",
    "NewApiKey",
    "NewContact",
    "Pop",
    "Pops",
    "RecordedEvent",
    "RecordedPage",
    "RecordedResponse",
    "Recordings",
    "Revision",
    "RevisionEntry",
    "Revisions",
    "Role",
    "Saved",
    "SavedBoard",
    "SigningIn",
    "Step",
    "Steps",
    "Store",
    "StoreSecrets",
    "Topic",
    "User",
    "Users",
    "Vault",
    "VaultEntry",
    "add_key",
    "keys_of",
    "new_key",
    "read_keys",
    "secret_references",
    "upgrade",
    "vault_names",
]

# SQLAlchemy and cryptography are loaded by whoever opens a store, not by whoever names one.
_MODULES = {
    "ApiKey": "api_keys",
    "ApiKeys": "api_keys",
    "ApiLog": "api_log",
    "ApiRequest": "facts",
    "ApiRequests": "api_requests",
    "Campaign": "facts",
    "Campaigns": "campaigns",
    "Contact": "facts",
    "Contacts": "contacts",
    "DialerContact": "facts",
    "DialerContacts": "dialer",
    "Feed": "facts",
    "Learnt": "learnt",
    "Lesson": "learnt",
    "LogFilter": "api_log",
    "LogPage": "api_log",
    "NewApiKey": "api_keys",
    "NewContact": "facts",
    "Pop": "pops",
    "Pops": "pops",
    "RecordedEvent": "recordings",
    "RecordedPage": "recordings",
    "RecordedResponse": "recordings",
    "Recordings": "recordings",
    "Revision": "revisions",
    "RevisionEntry": "revisions",
    "Revisions": "revisions",
    "Role": "users",
    "Saved": "revisions",
    "SavedBoard": "steps",
    "SigningIn": "signing_in",
    "Step": "steps",
    "Steps": "steps",
    "Store": "store",
    "StoreSecrets": "secrets",
    "Topic": "changes",
    "User": "users",
    "Users": "users",
    "Vault": "vault",
    "VaultEntry": "vault",
    "add_key": "keyring",
    "keys_of": "keyring",
    "new_key": "sealing",
    "read_keys": "sealing",
    "upgrade": "sqlite",
    "secret_references": "literals",
    "vault_names": "literals",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
