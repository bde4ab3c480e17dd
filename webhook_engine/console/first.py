"""
The first administrator of an empty store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook_engine.store import Store


def first_administrator_link(store: Store, base_url: str, *, tenant: str = "") -> str | None:
    """
    The address at which whoever has it becomes the first administrator; None where there are users.

    It works once, in this process, and ends when another one is made.

    Args:
        base_url: Where browsers reach the console, with its prefix: `http://127.0.0.1:8700`.
    """
    token = store.signing_in.first_token(tenant)
    return None if token is None else f"{base_url.rstrip('/')}/first?token={token}"
