"""
How far a feed has come, beside its file, so that one that was interrupted goes on and feeds nobody twice.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import orjson

from webhook_engine.cli.inputs import BadInput

if TYPE_CHECKING:
    from pathlib import Path

_PART: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeding:
    """
    One feed of one file.
    """

    run: str
    """Its own; part of every batch's idempotency key."""

    file: str
    """What the file holds, as a digest."""

    purpose: str
    """Where it is fed to, and how."""

    line: int = 1
    """The last line of which it is known what became; the first names the columns."""

    accepted: int = 0
    refused: int = 0


class Journal:
    """
    The file beside, `contacts.csv.feeding`, until the feed is done.
    """

    def __init__(self, file: Path, purpose: str) -> None:
        self._path = file.with_name(f"{file.name}.feeding")
        self._file, self._purpose = file, purpose

    def begin(self) -> Feeding:
        """
        The feed that was interrupted, or a new one, written down.

        Raises:
            BadInput: The file, or what is wanted of it, is another than when it was interrupted.
        """
        digest = _digest(self._file)
        before = self._read()
        if before is None:
            begun = Feeding(run=secrets.token_urlsafe(12), file=digest, purpose=self._purpose)
            self.write(begun)
            return begun
        if (before.file, before.purpose) != (digest, self._purpose):
            what = "the file has changed" if before.file != digest else "other options were given"
            raise BadInput(
                f"{self._file}: {what} since its feed was interrupted at line {before.line}; feed it as it was, "
                f"or remove {self._path} to begin anew, which feeds again whom it fed before"
            )
        return before

    def write(self, feeding: Feeding) -> None:
        """
        Keep how far it has come. An older state costs a batch sent again, which is stored once.
        """
        beside = self._path.with_name(f"{self._path.name}.new")
        try:
            beside.write_bytes(orjson.dumps(asdict(feeding)))
            beside.replace(self._path)
        except OSError as error:
            raise BadInput(f"{self._path} cannot be written: {error.strerror}") from error

    def end(self) -> None:
        """
        The feed is done.
        """
        self._path.unlink(missing_ok=True)

    def _read(self) -> Feeding | None:
        try:
            return Feeding(**orjson.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise BadInput(f"{self._path} cannot be read: {error}; remove it to begin anew") from error


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    try:
        with file.open("rb") as opened:
            while part := opened.read(_PART):
                digest.update(part)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from error
    return digest.hexdigest()
