"""
What a process is told: where it keeps things and listens, and what a request may cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self
from urllib.parse import urlsplit

from webhook_engine.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE: Final = Path("webhook-engine.toml")
"""The settings file, where none is named: in the working directory."""

PREFIX: Final = "WEBHOOK_ENGINE_"
"""What the name of a setting begins with in the environment."""

LogFormat = Literal["auto", "json", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    The settings of one process: from its settings file, over that its environment, over that its flags.

    Paths are relative to the working directory.
    """

    database: str = field(default="sqlite:///webhook-engine.db", repr=False)
    """Where the store is: a SQLite file, with the deliveries in another beside it, or a PostgreSQL database."""

    host: str = "127.0.0.1"
    port: int = 8700

    nats: str | None = field(default=None, repr=False)
    """Address of NATS, from which events are taken: `nats://HOST:4222`, with commas between several servers."""

    tenant: str | None = None
    """Whose definitions, keys and secrets the commands mean, where the store has several tenants."""

    key: str | None = field(default=None, repr=False)
    """What the vault is sealed with: keys with commas between them, the newest first."""

    key_file: Path | None = None
    """A file of such keys; where left out, `webhook-engine.key` beside the database counts if it is there."""

    tls_certificate: Path | None = None
    """A PEM file with the certificate of this process, and those between it and its authority."""

    tls_key: Path | None = None
    """A PEM file with the certificate's key; where left out, it is in the certificate's file."""

    trusted_proxies: str = ""
    """Addresses or networks, with commas between them, whose `X-Forwarded-Proto: https` the XML API believes."""

    insecure_http: bool = False
    """Whether the XML API takes plain HTTP, which shows its keys to whoever listens: for development alone."""

    handed_out_days: int = 90
    """How long contacts are kept after they were handed out to be dialled; 0 keeps them. Who waits is always kept."""

    log_format: LogFormat = "auto"
    """`json`, `text` for a person, or `auto`: text on a terminal and JSON elsewhere."""

    @classmethod
    def load(
        cls,
        file: Path | None = None,
        *,
        flags: Mapping[str, object] | None = None,
    ) -> Self:
        """
        The settings as the process is told.

        Args:
            file: The settings file; `webhook-engine.toml` in the working directory, if it is there,
                where left out.

            flags: Name of a setting -> what the command line says; None says nothing.

        Raises:
            SettingsError: Every setting that cannot be used, and where it stands.
        """
        from webhook_engine.settings_sources import read  # slow to load, and embedding needs none of it

        return cls(**read(file, flags=flags or {}))

    @property
    def is_shared(self) -> bool:
        """
        Whether several processes may work on the database.
        """
        return is_postgresql(self.database)

    @property
    def database_name(self) -> str:
        """
        The database as it may be shown: a file, or an address without a password.
        """
        return address_without_password(self.database) if self.is_shared else str(self.database_path)

    @property
    def database_path(self) -> Path:
        """
        The store's SQLite file.

        Raises:
            SettingsError: The database is no SQLite file.
        """
        return database_path(self.database)

    @property
    def deliveries_path(self) -> Path:
        """
        The delivery queue's file, beside the store's: `webhook-engine.deliveries.db`.

        Raises:
            SettingsError: The database is no SQLite file.
        """
        path = self.database_path
        return path.with_name(f"{path.stem}.deliveries{path.suffix}")

    @property
    def deliveries(self) -> Path | str:
        """
        Where the delivery queue is: in the PostgreSQL database itself, or in a file beside the SQLite one.
        """
        return self.database if self.is_shared else self.deliveries_path

    @property
    def usual_key_file(self) -> Path:
        """
        Where a key file is made, and looked for where the settings name none: beside a SQLite file, else here.
        """
        if self.key_file is not None:
            return self.key_file
        return Path("webhook-engine.key") if self.is_shared else self.database_path.with_suffix(".key")


def is_postgresql(url: str) -> bool:
    """
    Whether it is the address of a PostgreSQL database.
    """
    return url.startswith(("postgresql://", "postgres://"))


def address_without_password(url: str) -> str:
    """
    An address as it may be shown: nothing of what follows a `?` either, which may hold one as well.
    """
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    return f"{parts.scheme}://{user}{parts.netloc.rpartition('@')[2]}{parts.path}"


def database_path(url: str) -> Path:
    """
    The file of `sqlite:///RELATIVE` or `sqlite:////ABSOLUTE`.

    Raises:
        SettingsError: It is no such address.
    """
    kind, separator, path = url.partition(":///")
    if kind != "sqlite" or not separator or not path or "?" in path:
        shown = url.partition("://")[0] if "://" in url else url
        possible = "sqlite:///FILE, such as sqlite:///webhook-engine.db, or postgresql://USER@HOST/DATABASE"
        raise SettingsError([f"database: {shown!r} is not supported; write {possible}"])
    return Path(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    What one process grants to a request and to its response.

    How long a request may take in all is its webhook's own `deadline_s`.
    """

    response_bytes: int = 10 * 1024 * 1024
    """Longest body that is read, counted after decompression."""

    header_bytes: int = 64 * 1024
    """Longest head of a response, all its lines together."""

    header_lines: int = 128
    """Most header lines in a response."""

    connect_s: float = 5.0
    """Seconds for one address to accept a connection and finish its TLS handshake."""

    dns_s: float = 5.0
    """Seconds for a host name to be looked up."""

    lookups: int = 32
    """Host names looked up at one time; one that hangs costs one of these and nothing else."""

    connections: int = 1024
    """Open connections to all target systems of one egress policy."""

    # Apache and Node.js close a connection after five idle seconds. Letting go
    # earlier avoids writing a request into a connection that is about to end.
    keep_alive_s: float = 4.0
    """Seconds an idle connection is kept for the next request."""
