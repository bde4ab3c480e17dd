"""
The XML API over a store: every action of ours, and those of the application.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from webhook_engine.xml_api.app import xml_api
from webhook_engine.xml_api.book import BOOK, AddressBook
from webhook_engine.xml_api.directory import Directory, StoreDirectory
from webhook_engine.xml_api.feeding import ContactSink, dialer_trickle_feed
from webhook_engine.xml_api.general import GENERAL
from webhook_engine.xml_api.pbx import PBX, PbxBackend

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.store import Store
    from webhook_engine.xml_api.actions import Action
    from webhook_engine.xml_api.cache import AnswerCache
    from webhook_engine.xml_api.limits import Limits

PROVIDED_ACTIONS: Final[tuple[Action, ...]] = (*GENERAL, dialer_trickle_feed, *BOOK, *PBX)
"""In the order of the reference page."""


def store_api(
    store: Store,
    *,
    directory: Directory | None = None,
    sink: ContactSink | None = None,
    pbx: PbxBackend | None = None,
    actions: Iterable[Action] = (),
    provide: Mapping[type, object] | None = None,
    insecure_http: bool = False,
    trusted_proxies: Iterable[str] = (),
    cache: AnswerCache | None = None,
    limits: Limits | None = None,
) -> web.Application:
    """
    The XML API over a store that is open, with its keys, its lists and its log; the rest is as in `xml_api`.

    Args:
        directory: Where tenants' definitions are; the store where left out.

        sink: Where fed contacts go; the store where left out.

        pbx: The telephone system; without one its actions answer `Sip Server not found`.
    """
    provided: dict[type, object] = {
        Directory: directory or StoreDirectory(store.definitions),
        ContactSink: sink or store.dialer,
        AddressBook: store.contacts,
    }
    if pbx is not None:
        provided[PbxBackend] = pbx
    return xml_api(
        keys=store.keys,
        actions=(*PROVIDED_ACTIONS, *actions),
        provide=provided | dict(provide or {}),
        requests=store.api_requests,
        insecure_http=insecure_http,
        trusted_proxies=trusted_proxies,
        cache=cache,
        limits=limits,
    )
