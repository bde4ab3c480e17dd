"""
Groups: the ground rules one target system lays down for all its webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from webhook_engine.definitions.words import (
    Authentication,
    ClientIn,
    CredentialsIn,
    Grant,
    KeyIn,
    Level,
    SecretKind,
)


@dataclass(frozen=True, slots=True)
class SecretRef:
    """
    Where a secret is; never shown with what it holds.
    """

    kind: SecretKind
    value: str = field(repr=False)
    """Name of the environment variable, path of the file, name in the vault, or the secret itself."""

    def __repr__(self) -> str:
        shown = "…" if self.kind is SecretKind.LITERAL else repr(self.value)
        return f"SecretRef({self.kind.value}={shown})"

    @classmethod
    def env(cls, name: str) -> SecretRef:
        """
        Read from the environment when it is needed.
        """
        return cls(SecretKind.ENV, name)

    @classmethod
    def file(cls, path: str) -> SecretRef:
        """
        The content of a file, without its last line break; from the definitions' folder where relative.
        """
        return cls(SecretKind.FILE, path)

    @classmethod
    def vault(cls, name: str) -> SecretRef:
        """
        Kept sealed in the store under this name.
        """
        return cls(SecretKind.VAULT, name)

    @classmethod
    def literal(cls, secret: str) -> SecretRef:
        """
        The secret itself, for trying things out; lint reports it.
        """
        return cls(SecretKind.LITERAL, secret)


SECRETS_OF: Mapping[Authentication, tuple[str, ...]] = MappingProxyType(
    {
        Authentication.NONE: (),
        Authentication.API_KEY: ("key",),
        Authentication.CREDENTIALS: ("username", "password"),
        Authentication.OAUTH2: ("client_id", "client_secret", "refresh_token"),
    }
)
"""The fields of a group, its OAuth2 table or a member that hold its secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """
    An extension that may use webhooks.
    """

    extension: str
    """`NUMBER-TENANT`, as `{EXTENSION}` gives it."""

    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """
    One agent's own secrets in a group of level *user*; which are set follows the group's authentication.
    """

    extension: str

    key: SecretRef | None = None
    username: SecretRef | None = None
    password: SecretRef | None = None
    client_id: SecretRef | None = None
    client_secret: SecretRef | None = None
    refresh_token: SecretRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2:
    """
    How a group earns its tokens; RFC 6749.
    """

    token_url: str
    """Absolute, https or http, without variables."""

    grant: Grant = Grant.CLIENT_CREDENTIALS

    client_id: SecretRef | None = None
    client_secret: SecretRef | None = None
    """Left out for a public client, which names itself by its id alone."""

    refresh_token: SecretRef | None = None
    scope: str = ""
    client_in: ClientIn = ClientIn.BASIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """
    What all webhooks of one target system share.
    """

    name: str
    authentication: Authentication = Authentication.NONE
    level: Level = Level.GLOBAL

    key_in: KeyIn = KeyIn.HEADER
    key_name: str | None = None
    """Name of the header or parameter that carries the API key."""

    key_prefix: str = ""
    """What stands before the key in its header; a space joins the two after a letter or digit."""

    credentials_in: CredentialsIn = CredentialsIn.BASIC
    username_name: str = "username"
    """Name of the parameter that carries the user name, where it is not Basic."""

    password_name: str = "password"  # noqa: S105  # a parameter's name
    """Name of the parameter that carries the password, where it is not Basic."""

    oauth2: OAuth2 | None = None

    key: SecretRef | None = None
    """The key of everybody, at level *global*."""

    username: SecretRef | None = None
    password: SecretRef | None = None

    max_in_flight: int = 10
    """Requests to the group's target system at one time."""

    max_per_second: float | None = None
    """Requests started in a second; unlimited where left out."""

    ca_file: str | None = None
    """Certificates (PEM) to trust in place of the system's; from the definitions' folder where relative."""

    signing_secrets: tuple[SecretRef, ...] = ()
    """Requests are signed with each of these, the newest first, so that a secret can be exchanged."""

    members: tuple[Member, ...] = ()

    silence: frozenset[str] = frozenset()
    """Lint codes that are not reported here."""

    @property
    def header_prefix(self) -> str:
        """
        What stands before the key in its header, with the blank that keeps a word apart.
        """
        return f"{self.key_prefix} " if self.key_prefix[-1:].isalnum() else self.key_prefix

    def secrets_of(self, extension: str) -> Mapping[str, SecretRef] | None:
        """
        The secrets that a request of this agent needs, by the field they stand in.

        Returns:
            None where everybody needs their own and this extension has none.
        """
        if self.authentication is Authentication.NONE:
            return {}
        member = self.member(extension) if self.level is Level.USER else None
        if self.level is Level.USER and member is None:
            return None
        shared = self.oauth2 if self.authentication is Authentication.OAUTH2 else self
        names = SECRETS_OF[self.authentication]
        found = {name: getattr(member, name, None) or getattr(shared, name, None) for name in names}
        return {name: secret for name, secret in found.items() if secret is not None}

    def member(self, extension: str) -> Member | None:
        """
        The secrets of this extension, where it has any.
        """
        return next((each for each in self.members if each.extension == extension), None)
