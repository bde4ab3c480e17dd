"""
What a process does with a NATS server, where it has one: events in, and hints to the other processes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from webhook_engine.store.changes import CHANNEL as CHANGES
from webhook_engine.store.steps import CHANNEL as STEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from webhook_engine.engine import Engine
    from webhook_engine.nats import Hints
    from webhook_engine.service.state import Service
    from webhook_engine.settings import Settings
    from webhook_engine.store import Store


def beside_nats(
    settings: Settings, store: Store, engine: Engine, service: Service, *, tenant: Callable[[], str]
) -> tuple[Coroutine[None, None, None], ...]:
    """
    What is to be run for it; nothing where the settings name no server.

    Args:
        tenant: Whose events are taken, as it is then.
    """
    if settings.nats is None:
        return ()
    from webhook_engine.nats import NatsIntake

    intake = NatsIntake(settings.nats, service.notify, tenant=tenant, on_refused=service.metrics.refused.inc)
    hints = (_hints(settings.nats, settings.database, store, engine).run(),) if settings.is_shared else ()
    return (intake.run(), *hints)


def _hints(address: str, database: str, store: Store, engine: Engine) -> Hints:
    """
    What is told to the other processes on the database, beside what it tells them itself.
    """
    from webhook_engine.nats import Hints
    from webhook_engine.queue.postgresql import PostgresqlQueue

    hints = Hints(address, database)
    look = store.relay(hints.tell)
    for channel in (CHANGES, STEPS):
        hints.join(channel, partial(look, channel))
    if isinstance(engine.queue, PostgresqlQueue):
        hints.join("ready", engine.queue.relay(partial(hints.tell, "ready")))
    return hints
