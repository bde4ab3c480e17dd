"""
What responses look like, across a restart: one JSON document beside the store.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from webhook_engine import log
from webhook_engine.drift import Drift

if TYPE_CHECKING:
    from webhook_engine.process.tenant import Tenancy

EVERY_S: Final = 5.0
"""Between two savings, where something was looked at; what a kill may cost."""

_MOST_BYTES: Final = 64 * 1024 * 1024


def learnt(path: Path, tenant: str) -> Drift:
    """
    What was saved for a tenant; nothing where there is no file, or none that can be read.
    """
    try:
        return Drift.from_json(_tenants(path).get(tenant, {}))
    except FileNotFoundError:
        return Drift()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        # It is learnt again from the next responses.
        log.event("drift.unreadable", file=str(path), why=f"{type(error).__name__}: {error}")
        return Drift()


def _tenants(path: Path) -> dict[str, dict[str, object]]:
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"is larger than {_MOST_BYTES:,} bytes")
    found = orjson.loads(content)
    if not isinstance(found, dict):
        raise ValueError("is no object")  # noqa: TRY004  # whatever it is, it is no such document
    return found


class DriftKeeper:
    """
    Saves what is learnt while it grows, and once more at the end.
    """

    def __init__(self, path: Path, drift: Drift, tenancy: Tenancy) -> None:
        self._path, self._drift, self._tenancy = path, drift, tenancy
        self._saved = drift.looks

    async def run(self) -> None:
        """
        Goes on until it is cancelled.
        """
        while True:
            await asyncio.sleep(EVERY_S)
            await self.save()

    async def save(self) -> None:
        """
        Writes down what is new; where the disk will not take it, the log says so.
        """
        if self._saved == self._drift.looks:
            return
        looks, told = self._drift.looks, self._drift.to_json()
        try:
            await asyncio.to_thread(self._write, told)
        except OSError as error:
            log.event("drift.unsaved", file=str(self._path), why=str(error))
            return
        self._saved = looks

    def _write(self, told: dict[str, object]) -> None:
        tenants: dict[str, dict[str, object]] = {}
        with suppress(OSError, ValueError):
            tenants = _tenants(self._path)
        tenants[self._tenancy.name] = told
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(orjson.dumps(tenants))
            Path(name).replace(self._path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
