"""
Definitions under which deliveries were accepted, as long as one of those deliveries may still be made.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from webhook_engine.errors import DefinitionError, FrozenUnusable
from webhook_engine.line import Lines

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.dispatch import SecretStore
    from webhook_engine.queue import DeliveryQueue

_MOST: Final = 8
"""Versions that are kept compiled; another one is read again when it is asked for."""


class Version:
    """
    What of the definitions makes requests, under a name made of its content.
    """

    def __init__(self, definitions: Definitions) -> None:
        from webhook_engine.definitions.files import write_toml

        # Secrets that stand in the definitions become references: none goes into the queue.
        self.document = write_toml(replace(definitions, rules=(), tests=()))
        self.name = blake2b(self.document.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


class Versions:
    """
    The versions that a queue's deliveries name.
    """

    def __init__(self, secrets: SecretStore) -> None:
        self._secrets = secrets
        self._kept: set[str] = set()
        self._lines: OrderedDict[str, asyncio.Task[Lines]] = OrderedDict()

    async def keep(self, version: Version, queue: DeliveryQueue) -> None:
        """
        Makes sure that the queue has it, before a delivery names it.

        Raises:
            QueueError: The queue cannot keep it.
        """
        if version.name not in self._kept:
            await queue.keep(version.name, version.document)
            self._kept.add(version.name)

    async def lines(self, name: str, queue: DeliveryQueue, *, webhook: str) -> Lines:
        """
        The webhooks as they were.

        Raises:
            FrozenUnusable: The queue does not have them, or they cannot be read any more.
        """
        task = self._lines.get(name)
        if task is None:
            task = self._lines[name] = asyncio.create_task(self._read(name, queue, webhook))
            task.add_done_callback(lambda done: self._forget_failed(name, done))
            if len(self._lines) > _MOST:
                self._lines.popitem(last=False)
        self._lines.move_to_end(name)
        # Whoever gives up waiting leaves it to the others.
        return await asyncio.shield(task)

    async def _read(self, name: str, queue: DeliveryQueue, webhook: str) -> Lines:
        from webhook_engine.definitions import read_text

        document = await queue.kept(name)
        if document is None:
            raise FrozenUnusable(f"was accepted under definitions that are gone ({name})", target=webhook)
        try:
            definitions = await asyncio.to_thread(read_text, document, f"definitions {name}")
        except DefinitionError as error:
            raise FrozenUnusable(
                f"was accepted under definitions that cannot be read any more ({name}): {error}",
                target=webhook,
            ) from error
        return Lines(definitions, self._secrets)

    def _forget_failed(self, name: str, done: asyncio.Task[Lines]) -> None:
        if (done.cancelled() or done.exception() is not None) and self._lines.get(name) is done:
            del self._lines[name]
