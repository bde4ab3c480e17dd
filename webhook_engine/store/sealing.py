"""
Secrets sealed and opened: pure, and the only place that knows a key.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

from webhook_engine.errors import SettingsError, VaultLocked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.fernet import MultiFernet

# cryptography takes six megabytes, and is loaded by whoever has a key.

_COMMENT = re.compile(r"#[^\n]*")
_BETWEEN = re.compile(r"[\s,]+")


def new_key() -> str:
    """
    A key to seal with, 44 characters.
    """
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def read_keys(text: str, *, source: str) -> tuple[str, ...]:
    """
    The keys in a text, the first of which seals and all of which open.

    Args:
        text: Keys with commas, blanks or lines between them; `#` begins a comment.

        source: Where it was found, for the error.

    Raises:
        SettingsError: One of them is no key; what stands there is not shown.
    """
    keys = tuple(each for each in _BETWEEN.split(_COMMENT.sub("", text)) if each)
    problems = [
        f"{source}: key {position} is no key: put the right one back, or one that "
        "`webhook-engine vault new-key --print` makes"
        for position, key in enumerate(keys, start=1)
        if not _is_key(key)
    ]
    if problems:
        raise SettingsError(problems)
    return keys


def _is_key(text: str) -> bool:
    from cryptography.fernet import Fernet

    try:
        Fernet(text)
    except ValueError:
        return False
    return True


class Seal:
    """
    What closes and opens secrets; a sealed secret opens only under the name it was sealed for.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """
        Args:
            keys: The newest first; without any, nothing can be sealed or opened.
        """
        self._fernet: MultiFernet | None = None
        if keys:
            from cryptography.fernet import Fernet, MultiFernet

            self._fernet = MultiFernet([Fernet(key) for key in keys])

    def __repr__(self) -> str:
        return "Seal()"

    @property
    def has_key(self) -> bool:
        """
        Whether anything can be sealed at all.
        """
        return self._fernet is not None

    def close(self, tenant: int, name: str, secret: str) -> str:
        """
        The secret, sealed under the newest key.

        Raises:
            VaultLocked: There is no key.
        """
        return self._with_key().encrypt(orjson.dumps([tenant, name, secret])).decode()

    def open(self, tenant: int, name: str, sealed: str) -> str:
        """
        The secret itself.

        Raises:
            VaultLocked: There is no key, or none that opens this, or it was sealed for another name.
        """
        fernet = self._with_key()
        from cryptography.fernet import InvalidToken

        try:
            content = fernet.decrypt(sealed)
        except InvalidToken:
            raise VaultLocked(f"the secret {name!r} is sealed under a key that is not at hand") from None
        # Whoever can write the file must not be able to pass one secret off as another.
        for_tenant, for_name, secret = orjson.loads(content)
        if (for_tenant, for_name) != (tenant, name):
            raise VaultLocked(f"the secret {name!r} was sealed under another name; set it anew")
        return str(secret)

    def renew(self, tenant: int, name: str, sealed: str) -> str:
        """
        The same secret, sealed under the newest key.

        Raises:
            VaultLocked: As `open`.
        """
        return self.close(tenant, name, self.open(tenant, name, sealed))

    def _with_key(self) -> MultiFernet:
        if self._fernet is None:
            raise VaultLocked(
                "the vault has no key: set WEBHOOK_ENGINE_KEY, or make a key file with "
                "`webhook-engine vault new-key`"
            )
        return self._fernet
