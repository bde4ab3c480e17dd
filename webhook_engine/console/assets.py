"""
Scripts, styles and pictures: under names that hold their hash, compressed once, for a year.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from webhook_engine.console.headers import KEPT

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = Path(__file__).parent / "assets"

_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """
    One file as it is sent.
    """

    name: str
    """With a hash of its content: `console.3f9a1c77.css`."""

    media_type: str
    plain: bytes = field(repr=False)
    packed: bytes = field(repr=False)

    def answer(self, request: web.Request) -> web.Response:
        """
        The file, compressed for those who can read that.
        """
        headers = {
            "Content-Type": self.media_type,
            KEPT: "yes",
            "Vary": "Accept-Encoding",
        }
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=self.packed, headers={**headers, "Content-Encoding": "gzip"})
        return web.Response(body=self.plain, headers=headers)


class Assets:
    """
    Every asset, read when the application is made.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        files = sorted(file for file in folder.rglob("*") if file.suffix in _TYPES)
        self._names = {file.name: _read(file) for file in files}
        self._assets = {asset.name: asset for asset in self._names.values()}

    def name_of(self, plain: str) -> str:
        """
        The name under which the file *plain* is served.
        """
        return self._names[plain].name

    def find(self, name: str) -> Asset | None:
        """
        The asset that is served under that name.
        """
        return self._assets.get(name)

    def sizes(self) -> Mapping[str, int]:
        """
        File -> bytes that go over the wire, compressed.
        """
        return {name: len(asset.packed) for name, asset in self._names.items()}


def _read(file: Path) -> Asset:
    content = file.read_bytes()
    mark = hashlib.sha256(content).hexdigest()[:10]
    name = f"{file.stem}.{mark}{file.suffix}"
    return Asset(name, _TYPES[file.suffix], content, gzip.compress(content, 9, mtime=0))
