"""
Who may use a webhook, and with which secrets.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass

from webhook_engine.definitions.groups import Group, Member, OAuth2, SecretRef
from webhook_engine.definitions.words import Authentication, ClientIn, Grant, Level
from webhook_engine.dispatch.mask import Masker, masker_of
from webhook_engine.dispatch.secrets import SecretStore
from webhook_engine.errors import AgentRefused, SecretMissing


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TokenGrant:
    """
    What a group shows to its token URL to earn a token; RFC 6749.
    """

    owner: tuple[str, str]
    """The group, and the extension or nothing: whose token it is."""

    token_url: str
    client_id: str
    client_secret: str = ""
    refresh_token: str = ""
    scope: str = ""
    kind: Grant = Grant.CLIENT_CREDENTIALS
    client_in: ClientIn = ClientIn.BASIC

    def __repr__(self) -> str:
        return f"TokenGrant({self.kind.value} at {self.token_url.partition('?')[0]})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """
        What must not be seen.
        """
        return tuple(filter(None, (self.client_secret, self.refresh_token)))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Credentials:
    """
    What a request shows to its target system; never shown to anybody else.
    """

    key: str | None = None
    username: str | None = None
    password: str | None = None
    grant: TokenGrant | None = None

    def __repr__(self) -> str:
        return "Credentials(***)" if self.secrets else "Credentials()"

    @property
    def secrets(self) -> tuple[str, ...]:
        """
        What must not be seen. A user name is none: hiding it would blot out half an answer.
        """
        own = tuple(filter(None, (self.key, self.password)))
        if self.username is not None and self.password:
            own += (b64encode(f"{self.username}:{self.password}".encode()).decode(),)
        return own + self.grant.secrets if self.grant else own

    @property
    def mask(self) -> Masker:
        """
        Hides them.
        """
        return masker_of(self.secrets)


NO_CREDENTIALS = Credentials()
"""For groups without authentication."""


def admit(extension: str, agents: Collection[str], *, webhook: str) -> None:
    """
    Lets an extension with agent functionality use webhooks, and nobody else.

    Args:
        agents: The extensions of all agents.

    Raises:
        AgentRefused: *extension* is none of them.
    """
    if extension in agents:
        return
    if not extension:
        raise AgentRefused(
            f"the call names no EXTENSION, and only agents may use the webhook {webhook}; nothing was sent",
            target=webhook,
        )
    raise AgentRefused(
        f"the extension {extension} may not use the webhook {webhook}: only agents may; nothing was sent. "
        f'An [[agent]] with extension = "{extension}" would make it one',
        target=webhook,
    )


def credentials_for(group: Group | None, extension: str, secrets: SecretStore) -> Credentials:
    """
    The secrets with which *extension* uses the webhooks of *group*.

    Raises:
        AgentRefused: The group wants each agent's own, and this one has none.

        SecretMissing: One of them is not where its reference says.
    """
    if group is None or group.authentication is Authentication.NONE:
        return NO_CREDENTIALS
    owner: Group | Member = group
    if group.level is Level.USER:
        member = group.member(extension)
        if member is None:
            raise _no_member(group, extension)
        owner = member
    try:
        return _resolved(group, owner, extension, secrets)
    except SecretMissing as error:
        raise SecretMissing(f"{group.name}: {error}; nothing was sent", target=group.name) from None


def _resolved(group: Group, owner: Group | Member, extension: str, secrets: SecretStore) -> Credentials:
    if group.authentication is Authentication.API_KEY:
        return Credentials(key=_one(owner.key, "key", secrets))
    if group.authentication is Authentication.CREDENTIALS:
        return Credentials(
            username=_one(owner.username, "username", secrets),
            password=_one(owner.password, "password", secrets),
        )
    if group.oauth2 is None:
        raise SecretMissing("the group has no [group.oauth2] with its token_url", target=group.name)
    return Credentials(grant=_grant(group.name, group.oauth2, owner, extension, secrets))


def _grant(
    group: str, oauth2: OAuth2, owner: Group | Member, extension: str, secrets: SecretStore
) -> TokenGrant:
    """
    The member's own client, where it has one, else the group's.
    """
    own = owner if isinstance(owner, Member) else Member(extension="")
    client_secret = own.client_secret or oauth2.client_secret
    refresh_token = ""
    if oauth2.grant is Grant.REFRESH_TOKEN:
        refresh_token = _one(own.refresh_token or oauth2.refresh_token, "refresh_token", secrets)
    return TokenGrant(
        owner=(group, own.extension and extension),
        token_url=oauth2.token_url,
        client_id=_one(own.client_id or oauth2.client_id, "client_id", secrets),
        client_secret=secrets.resolve(client_secret) if client_secret else "",
        refresh_token=refresh_token,
        scope=oauth2.scope,
        kind=oauth2.grant,
        client_in=oauth2.client_in,
    )


def _one(reference: SecretRef | None, name: str, secrets: SecretStore) -> str:
    if reference is None:
        raise SecretMissing(f"no {name} is given", target="")
    return secrets.resolve(reference)


def _no_member(group: Group, extension: str) -> AgentRefused:
    who = f"the extension {extension}" if extension else "a call without an extension"
    return AgentRefused(
        f"{who} has no credentials of its own in the group {group.name}; nothing was sent. "
        f'A [[group.member]] with extension = "{extension or "NUMBER-TENANT"}" would hold them',
        target=group.name,
    )
