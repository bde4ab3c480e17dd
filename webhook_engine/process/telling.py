"""
What a process says of its definitions: to its log, and to whoever started it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine import log
from webhook_engine.process.tenant import missing_secrets

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.process.editions import Edition
    from webhook_engine.store import Store


def tell(name: str, edition: Edition, **more: str | float) -> None:
    """
    An event with what is in force now.
    """
    log.event(
        name,
        tenant=edition.tenant,
        definitions=edition.source,
        webhooks=len(edition.definitions.webhooks),
        rules=len(edition.definitions.rules),
        **more,
    )


def tell_missing(store: Store, tenant: str, definitions: Definitions) -> None:
    """
    An event for each secret that definitions need and that cannot be had.
    """
    for problem in missing_secrets(store, tenant, definitions):
        log.event("secret.missing", problem=problem)


def tell_unknown_settings() -> None:
    """
    An event for each variable of the environment that looks like a setting and is none.
    """
    from webhook_engine.settings_sources import unknown_variables  # slow to load

    for name, hint in unknown_variables():
        log.event("setting.unknown", variable=name, problem=f"{name} is no setting{hint}")


def advice(store: Store, tenant: str, definitions: Definitions) -> tuple[str, ...]:
    """
    What to do next, in plain words.
    """
    if not definitions.webhooks:
        return ("There are no definitions yet: webhook-engine import FILE, in another terminal",)
    return (
        *missing_secrets(store, tenant, definitions),
        "Next, in another terminal: webhook-engine key add dialer, which prints a key for the service",
        "and webhook-engine emit FILE.jsonl, which hands call events in. Ctrl-C ends this.",
    )
