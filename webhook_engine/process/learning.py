"""
What responses look like: one memory in the store, of all processes that look at them, and across restarts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from webhook_engine import log
from webhook_engine.drift import UNREADABLE, Drift, Drifted, taught, tell
from webhook_engine.errors import StoreError

if TYPE_CHECKING:
    from webhook_engine.process.tenant import Tenancy
    from webhook_engine.store import Store

EVERY_S: Final = 2.0
"""Between two exchanges with the store; what a kill may cost."""


class DriftKeeper:
    """
    Brings what this process sees of responses to the store, and what all processes know of them back.
    """

    def __init__(self, store: Store, drift: Drift, tenancy: Tenancy) -> None:
        self._store, self._drift, self._tenancy = store, drift, tenancy
        self._known: dict[str, int] = {}
        """Webhook -> the version that was adopted."""
        self._turn = asyncio.Lock()

    async def begin(self) -> None:
        """
        Know what was learnt before; from now on this process learns nothing alone.
        """
        self._drift.collect()
        await self.save()

    async def run(self) -> None:
        """
        Goes on until it is cancelled; an exchange that is under way is finished.
        """
        while True:
            await asyncio.sleep(EVERY_S)
            await asyncio.shield(asyncio.ensure_future(self.save()))

    async def save(self) -> None:
        """
        One exchange, after the one that is under way; where the store takes nothing, the log says so, and the
        next one has it too.
        """
        async with self._turn:
            try:
                await self._forget()
                await self._teach()
                await self._learn()
            except StoreError as error:
                log.event("drift.unsaved", why=str(error))

    async def _forget(self) -> None:
        """
        What was learnt under definitions that are over goes, unless another process has begun anew already.
        """
        edited = self._drift.take_edited()
        if not edited:
            return

        def without(webhook: str, known: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
            return None if known is not None and known.get("revision") == edited[webhook] else known

        await self._store.learnt.change(self._tenancy.name, list(edited), without)

    async def _teach(self) -> None:
        seen = self._drift.take()
        if not seen:
            return
        found: list[Drifted] = []

        def learning(webhook: str, known: Mapping[str, Any] | None) -> Mapping[str, Any]:
            document, findings = taught(webhook, known, seen[webhook], self._drift.settings)
            found.extend(findings)
            return document

        try:
            # In one order, so that two processes never wait for each other.
            await self._store.learnt.change(self._tenancy.name, sorted(seen), learning)
        except StoreError:
            self._drift.give_back(seen)
            raise
        tell(found)

    async def _learn(self) -> None:
        tenant = self._tenancy.name
        versions = await self._store.learnt.versions(tenant)
        for webhook in self._known.keys() - versions.keys():
            self._drift.adopt(webhook, None)
        changed = [webhook for webhook, version in versions.items() if self._known.get(webhook) != version]
        lessons = await self._store.learnt.load(tenant, changed) if changed else {}
        for webhook, lesson in lessons.items():
            try:
                self._drift.adopt(webhook, lesson.document)
            except UNREADABLE as error:
                # It is learnt again from the next responses.
                why = (
                    f"{type(error).__name__}: {error}"
                    if lesson.document
                    else "what is stored is no JSON object"
                )
                log.event("drift.unreadable", webhook=webhook, why=why)
        self._known = dict(versions)
