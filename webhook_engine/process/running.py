"""
How other commands on this machine find the process that has a store, and may ask it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Self

import orjson

from webhook_engine.errors import StoreError
from webhook_engine.locking import folder_in_the_way

if TYPE_CHECKING:
    from pathlib import Path

    from webhook_engine.settings import Settings

_LONGEST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """
    Where a process is asked, and the key that its own user asks it with.
    """

    pid: int

    url: str
    """`http://127.0.0.1:8700`."""

    key: str = field(repr=False)
    """For everything, as long as the process lives."""

    fingerprint: str = ""
    """SHA-256 of the certificate it shows, in hexadecimal: on this machine that says more than a name in it."""

    definitions: str = ""
    """The file or folder that it works by; "" where it works by the store's definitions."""

    has_service: bool = True
    """Whether it takes events in and has the deliveries; the XML API alone does neither."""

    @classmethod
    def read(cls, settings: Settings) -> Self | None:
        """
        What the process that has the store wrote down; None where there is none, or it is another user's.

        A process that was killed left its file behind: whether one has the store now, the store's lock says.
        """
        if settings.is_shared:
            return None
        try:
            with running_file(settings).open("rb") as file:
                found = orjson.loads(file.read(_LONGEST))
            return cls(
                pid=int(found["pid"]),
                url=str(found["url"]),
                key=str(found["key"]),
                fingerprint=str(found.get("fingerprint", "")),
                definitions=str(found.get("definitions", "")),
                has_service=bool(found.get("has_service", True)),
            )
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, settings: Settings) -> None:
        """
        Leave word, for this user alone; a database that several may work on needs none.

        Raises:
            StoreError: The file cannot be written; nothing of it stays.
        """
        if settings.is_shared:
            return
        path = running_file(settings)
        beside = _beside(path)
        try:
            beside.unlink(missing_ok=True)
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(orjson.dumps(asdict(self)))
            beside.replace(path)
        except OSError as error:
            with suppress(OSError):
                beside.unlink()
            why = f"{path} cannot be written: {error.strerror}"
            raise StoreError(
                f"{why}; make room on its disk, or let its user write more, and start again"
            ) from error


def forget(settings: Settings) -> None:
    """
    Take word back; called by who has the store, so that it is nobody else's.

    Raises:
        StoreError: There is one that cannot be removed, or a folder in its place.
    """
    if settings.is_shared:
        return
    path = running_file(settings)
    for each in (path, _beside(path)):
        if each.is_dir():
            raise StoreError(folder_in_the_way(each))
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be removed: {error.strerror}; let its user write in the folder, and start again"
        ) from error


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def running_file(settings: Settings) -> Path:
    """
    `webhook-engine.running`, beside the store.
    """
    return settings.database_path.with_suffix(".running")
