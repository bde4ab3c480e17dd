"""
The vault's keys, where the settings say they are.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from webhook_engine.errors import SettingsError
from webhook_engine.locking import folder_in_the_way
from webhook_engine.store.sealing import new_key, read_keys

if TYPE_CHECKING:
    from pathlib import Path

    from webhook_engine.settings import Settings

_LONGEST_FILE: Final = 64 * 1024


def keys_of(settings: Settings) -> tuple[str, ...]:
    """
    The keys to seal and to open with, the newest first; none where none is set up.

    Raises:
        SettingsError: One of them is no key, or the key file cannot be read.
    """
    if settings.key is not None:
        return read_keys(settings.key, source="the setting key")
    path = settings.usual_key_file
    if path.exists() or settings.key_file is not None:
        return _read(path)
    return ()


def add_key(path: Path) -> int:
    """
    Put a new key at the head of a key file, made where it is missing; nobody but its owner can read it.

    Returns:
        How many older keys are in it.

    Raises:
        SettingsError: The file cannot be read or written, or holds something else.
    """
    older = _read(path) if path.exists() else ()
    # Written beside it and then put in its place: whenever this ends, one whole file is there.
    beside = path.with_name(f"{path.name}.new")
    try:
        with suppress(FileNotFoundError):
            beside.unlink()
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.writelines(f"{key}\n" for key in (new_key(), *older))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path.resolve())
        _keep_names(path.resolve().parent)
    except OSError as error:
        raise SettingsError([f"key_file: {path} cannot be written: {error.strerror}"]) from error
    return len(older)


def _keep_names(folder: Path) -> None:
    """
    Have the names in a folder on the disk: what is sealed next must not outlive its key.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path) -> tuple[str, ...]:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_LONGEST_FILE)
    except IsADirectoryError as error:
        raise SettingsError([f"key_file: {folder_in_the_way(path)}"]) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(
            [f"key_file: {path} cannot be read: {reason}; `webhook-engine vault new-key` makes one"]
        ) from None
    keys = read_keys(text, source=str(path))
    if not keys:
        raise SettingsError([f"key_file: {path} holds no key; `webhook-engine vault new-key` adds one"])
    return keys
