"""
Where secrets are looked up.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from webhook_engine.definitions.groups import SecretRef
from webhook_engine.definitions.words import SecretKind
from webhook_engine.errors import SecretMissing

_LONGEST_FILE = 64 * 1024

_HALF = re.compile("[\ud800-\udfff]")


class SecretStore(Protocol):
    """
    Whatever knows secrets by their references.
    """

    def resolve(self, reference: SecretRef) -> str:
        """
        The secret itself.

        Raises:
            SecretMissing: It is not where the reference says.
        """
        ...


class LocalSecrets:
    """
    Secrets in this process's environment, in files, and in the definitions themselves.
    """

    def __init__(self, *, environ: Mapping[str, str] | None = None, folder: Path | None = None) -> None:
        """
        Args:
            environ: In place of the process's own environment.

            folder: Where relative file names begin; the working directory when left out.
        """
        self._environ = os.environ if environ is None else environ
        self._folder = folder or Path()

    def __repr__(self) -> str:
        return "LocalSecrets()"

    def resolve(self, reference: SecretRef) -> str:
        """
        The secret itself, read anew each time so that an exchanged one counts at once.

        Raises:
            SecretMissing: It is not where the reference says, or is empty there.
        """
        match reference.kind:
            case SecretKind.LITERAL:
                secret, problem = reference.value, "the secret in the definition is empty"
            case SecretKind.ENV:
                secret = self._environ.get(reference.value, "")
                problem = f"the environment variable {reference.value} is not set"
            case SecretKind.FILE:
                secret, problem = self._read(reference.value)
            case _:
                secret = ""
                problem = (
                    f"the secret {reference.value!r} is in a vault, and vaults live in the store, "
                    "which is not open here; name an environment variable or a file instead"
                )
        if not secret:
            raise SecretMissing(problem, target="")
        if not secret.isascii() and _HALF.search(secret):
            # The environment hands over bytes that are not UTF-8 as half characters; none can be sent.
            raise SecretMissing(f"the secret in {reference!r} is not UTF-8", target="")
        return secret

    def _read(self, name: str) -> tuple[str, str]:
        """
        What the file holds, and what is wrong when that is nothing.
        """
        path = self._folder / name
        try:
            with path.open(encoding="utf-8", newline="") as file:
                secret = file.read(_LONGEST_FILE + 1)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            return "", f"the file {path} with the secret cannot be read: {reason}"
        if len(secret) > _LONGEST_FILE:
            return "", f"the file {path} is too long to be a secret"
        return secret.removesuffix("\n").removesuffix("\r"), f"the file {path} with the secret is empty"
