"""
The XML API as a process of its own, whose store commands on this machine reach as they reach that of `up`.
"""

from __future__ import annotations

import os
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from webhook_engine import log
from webhook_engine.errors import WebhookEngineError
from webhook_engine.process.admin import PATH, acting
from webhook_engine.process.listening import fingerprint, listen
from webhook_engine.process.running import Running, forget
from webhook_engine.process.xml import xml_api_of
from webhook_engine.service import GivenKeys, Scope, ServiceSettings
from webhook_engine.service.keys import bearer_of
from webhook_engine.service.refusals import Code, Refusal, refusal_of
from webhook_engine.service.state import Room
from webhook_engine.store import Store
from webhook_engine.xml_api.app import DOOR

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from aiohttp import web

    from webhook_engine.settings import Settings


async def serve(settings: Settings, *, until: asyncio.Event, on_started: Callable[[str], None]) -> None:
    """
    Run the XML API over the store, until it is told to end.

    Args:
        on_started: Told the address.

    Raises:
        StoreOwned: Another process has the store; it is named.
        SettingsError: It cannot listen there, and why.
        StoreError: A file cannot be used, and why.
    """
    async with AsyncExitStack() as opened:
        store = await opened.enter_async_context(Store.from_settings(settings))
        forget(settings)  # what a process that was killed left behind
        app = xml_api_of(store, settings)
        own_key = secrets.token_urlsafe(32)
        administer(app, store, own_key=own_key)
        runner, url = await listen(app, settings)
        opened.push_async_callback(runner.cleanup)
        opened.callback(forget, settings)
        Running(
            pid=os.getpid(), url=url, key=own_key, fingerprint=fingerprint(settings), has_service=False
        ).write(settings)
        on_started(url)
        await until.wait()


def administer(app: web.Application, store: Store, *, own_key: str) -> None:
    """
    Let commands with that key do with the store what they do with that of a service; to everybody else the address
    is the XML API's, as every other one.
    """
    desk, keys, xml = _Desk(), GivenKeys({own_key: ()}), app[DOOR]
    act = acting(store, store.tenants)

    async def handle(request: web.Request) -> web.StreamResponse:
        if await keys.check(bearer_of(request), Scope.ADMIN) is None:
            return await xml.handle(request)
        try:
            return await act(desk, request)
        except Refusal as refusal:
            return refusal.answer()
        except WebhookEngineError as error:
            found = refusal_of(error, after_s=desk.settings.retry_after_s)
            refused = found or Refusal(Code.INTERNAL, str(error))
        log.event(
            "request.refused", method="POST", endpoint=PATH, code=str(refused.code), why=refused.message
        )
        return refused.answer()

    app.router.add_post(PATH, handle)


@dataclass(frozen=True, slots=True)
class _Desk:
    """
    Reads the bodies of commands, as a service would.
    """

    settings: ServiceSettings = field(default_factory=ServiceSettings)
    bytes: Room = field(
        default_factory=lambda: Room(
            ServiceSettings().bytes_in_hand, "too many requests are being read", after_s=2.0
        )
    )
