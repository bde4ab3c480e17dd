"""
What the parts of the contract share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from webhook_engine.definitions import Definitions, read_text
from webhook_engine.store import Store, new_key

OpenStore: TypeAlias = Callable[..., Store]
"""A store over the same data each time, not yet entered; takes the keys of its vault, or has `KEY`."""

KEY: Final = new_key()
OTHER_KEY: Final = new_key()

TENANT: Final = "Euphoria"
BY: Final = "an administrator"
CANARY: Final = "canary-7f3a-secret"

PATIENCE_S: Final = 1.0
"""How soon a change must have taken effect."""

A_WHILE_S: Final = 0.1
"""How long a test waits to see that something does not come."""


def definitions(*webhooks: str, key: str | None = None) -> Definitions:
    """
    Definitions with webhooks of these names, in a group whose key is *key*, written as TOML.
    """
    written = "".join(
        f'[[webhook]]\nname = "{name}"\ngroup = "CRM"\ntype = "ajax-get"\nurl = "https://crm.example.com/"\n'
        for name in webhooks
    )
    authentication = f'authentication = "api-key"\nkey_name = "X-Key"\nkey = {key}\n' if key else ""
    return read_text(f'[tenant]\nname = "{TENANT}"\n[[group]]\nname = "CRM"\n{authentication}{written}')
