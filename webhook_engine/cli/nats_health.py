"""
What `doctor` says of NATS, and makes there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.cli.console import counted
from webhook_engine.cli.store_health import Diagnosis
from webhook_engine.errors import MissingExtra, NatsError, SettingsError, StoreError

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.settings import Settings


async def look_at_nats(
    address: str, settings: Settings, definitions: Definitions | None, *, fix: bool
) -> tuple[Diagnosis, ...]:
    """
    Whether JetStream answers, and has the streams and the consumers of every tenant as they must be.

    Args:
        definitions: Whose tenant to look for beside those in the store.

        fix: Whether to make what is missing, and to change what is not as it must be.
    """
    try:
        from webhook_engine.nats.connecting import connected_to_any, servers_of, shown
        from webhook_engine.nats.preparing import look, prepare, refused_count
    except MissingExtra as error:
        return (Diagnosis("wrong", "nats", str(error)),)
    tenants = await _tenants(settings, definitions)
    try:
        async with connected_to_any(address) as client:
            found = await (prepare if fix else look)(client, tenants, beside=servers_of(address))
            refused = await refused_count(client)
    except NatsError as error:
        return (Diagnosis("wrong", "nats", str(error)),)
    return (
        Diagnosis("ok", "nats", f"JetStream answers at {shown(address)}"),
        *[_told(each.what, each.wrong, each.done) for each in found],
        *([_refused(refused)] if refused else []),
    )


def _told(what: str, wrong: str, done: str) -> Diagnosis:
    if not wrong:
        return Diagnosis("ok", what, "is as it must be")
    if done:
        return Diagnosis("ok", what, f"{wrong.replace('is not there', 'was not there')}; it was {done}")
    return Diagnosis("wrong", what, f"{wrong}; run doctor with --fix")


def _refused(count: int) -> Diagnosis:
    from webhook_engine.nats.names import REFUSED

    messages = counted(count, "message")
    return Diagnosis(
        "note", "events refused", f"{messages} in {REFUSED}; its header Webhook-Engine-Why says why"
    )


async def _tenants(settings: Settings, definitions: Definitions | None) -> tuple[str, ...]:
    """
    Whose events are taken, as far as is known here; somebody without a name where nobody is.
    """
    from webhook_engine.store import Store

    found = dict.fromkeys([settings.tenant] if settings.tenant else [])
    if definitions is not None:
        found[definitions.tenant.name or settings.tenant or ""] = None
    elif not found and (settings.is_shared or settings.database_path.exists()):
        try:
            async with Store.from_settings(settings) as store:
                found |= dict.fromkeys(await store.tenants())
        except (StoreError, SettingsError):
            # Said of the store already; a process that has it works for the tenant that its definitions name.
            pass
    return tuple(found) or ("",)
