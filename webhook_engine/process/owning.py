"""
Whose deliveries a database holds: one tenant's, as no delivery says whose it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from webhook_engine.errors import SettingsError

if TYPE_CHECKING:
    from webhook_engine.queue import DeliveryQueue

_MARK: Final = "the tenant of these deliveries"
"""Kept with what deliveries name: as long as there may be one, or a process works on them."""


async def claim(queue: DeliveryQueue, tenant: str, *, where: str) -> None:
    """
    Have the deliveries known as the tenant's, before any is looked at.

    Another tenant's process would show them, and send them by its own definitions and with its own secrets.

    Args:
        where: What people call the database.

    Raises:
        SettingsError: They are another tenant's.
    """
    await _check(queue, tenant, where)
    if tenant:  # before there are definitions there is no delivery either
        await queue.keep(_MARK, tenant)
        # Where two began at the same moment, one of them had the last word.
        await _check(queue, tenant, where)


async def _check(queue: DeliveryQueue, tenant: str, where: str) -> None:
    owner = await queue.kept(_MARK)
    if owner not in (None, tenant):
        whose = tenant or "another one"
        problem = (
            f"the deliveries of {where} are those of the tenant {owner}, and a process of {whose} would show and "
            "send them: give each tenant a database of its own, with --database"
        )
        raise SettingsError([problem])
