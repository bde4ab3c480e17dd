"""
Functions of actions that are not async, on threads of their own.

One that hangs holds its thread and its tenant's place, and nothing else: the application's threads are left alone.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from webhook_engine.xml_api.actions import Action
    from webhook_engine.xml_api.limits import Limits

_THREADS: Final = 32
"""A telephone system that does not answer is waited for by three of each tenant and action."""


class Caller:
    """
    Has functions done, sync and async.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._threads: ThreadPoolExecutor | None = None

    async def call(self, action: Action, arguments: dict[str, Any], *, tenant: str) -> object:
        """
        What an action's function returns.

        Whoever stops waiting for a thread leaves it at work: until it is done, it counts as a request under way.
        """
        if action.is_async:
            return await action.function(**arguments)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook-engine action")
        work = partial(contextvars.copy_context().run, action.function, **arguments)
        running: Future[Any] = self._threads.submit(work)
        try:
            found = await asyncio.wrap_future(running)
        except asyncio.CancelledError:
            self._limits.outlast(tenant, action, running)
            raise
        return await found if inspect.isawaitable(found) else found

    def close(self) -> None:
        """
        Take back what has not begun; what has, ends when it ends.
        """
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)
