"""
Secrets, networks, members: what an administrator should look at again.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path

from webhook_engine.definitions.checks.http import SIGNATURE_HEADERS
from webhook_engine.definitions.definitions import Definitions
from webhook_engine.definitions.groups import Group, Member, OAuth2, SecretRef
from webhook_engine.definitions.linting.finding import Spot, Spots
from webhook_engine.definitions.linting.hosts import is_plain, is_private
from webhook_engine.definitions.words import Authentication, KeyIn, Level, SecretKind

_SECRET_FIELDS = ("key", "password", "client_secret", "refresh_token")

WIDEST = {4: 8, 6: 32}
"""IP version -> the shortest prefix that is still a site's own network."""


def lint_tenant(definitions: Definitions) -> Spots:
    """
    The tenant's networks and agents.
    """
    for index, text in enumerate(definitions.allowed_networks):
        network = ipaddress.ip_network(text)
        if network.prefixlen < WIDEST[network.version]:
            message = f"{text} is {network.num_addresses:,} addresses; name the target systems' own networks"
            inside = ("allowed_networks", index)
            yield Spot(code="wide-network", kind="tenant", name="", inside=inside, message=message)
    tenant = definitions.tenant.name
    for agent in definitions.agents:
        if tenant and agent.extension.partition("-")[2] != tenant:
            message = f"{agent.extension} is no extension of {tenant}"
            yield Spot(
                code="foreign-agent",
                kind="agent",
                name=agent.extension,
                inside=("extension",),
                message=message,
            )


def lint_group(definitions: Definitions, group: Group) -> Spots:
    """
    One group.
    """
    yield from _literals(group)
    if group.level is Level.USER and not group.members:
        message = "has no [[group.member]], so every agent is refused"
        yield Spot(code="no-members", kind="group", name=group.name, message=message)
    if not any(webhook.group == group.name for webhook in definitions.webhooks):
        message = "is used by no webhook"
        yield Spot(code="unused-group", kind="group", name=group.name, message=message)
    if group.ca_file is not None and not ((definitions.folder or Path()) / group.ca_file).is_file():
        message = f"there is no file {group.ca_file} here"
        yield Spot(
            code="missing-ca-file", kind="group", name=group.name, inside=("ca_file",), message=message
        )
    if group.oauth2 is not None:
        yield from _token_url(definitions, group, group.oauth2.token_url)
    if group.signing_secrets and _key_header(group).lower() in SIGNATURE_HEADERS:
        message = f"{group.key_name} would carry the key, and the signature takes its place"
        inside = ("key_name",)
        yield Spot(code="own-signature", kind="group", name=group.name, inside=inside, message=message)


def _key_header(group: Group) -> str:
    in_header = group.authentication is Authentication.API_KEY and group.key_in is KeyIn.HEADER
    return (group.key_name or "") if in_header else ""


def _literals(group: Group) -> Spots:
    holders: list[tuple[tuple[str | int, ...], Group | OAuth2 | Member]] = [((), group)]
    if group.oauth2 is not None:
        holders.append((("oauth2",), group.oauth2))
    holders += [(("member", index), member) for index, member in enumerate(group.members)]
    for inside, holder in holders:
        for field in _SECRET_FIELDS:
            secret = getattr(holder, field, None)
            if isinstance(secret, SecretRef) and secret.kind is SecretKind.LITERAL:
                yield _literal(group, (*inside, field))
    for index, secret in enumerate(group.signing_secrets):
        if secret.kind is SecretKind.LITERAL:
            yield _literal(group, ("signing_secrets", index))


def _literal(group: Group, inside: tuple[str | int, ...]) -> Spot:
    message = 'is a secret in the file; write where it is: { env = "…" }, { file = "…" } or { vault = "…" }'
    return Spot(code="literal-secret", kind="group", name=group.name, inside=inside, message=message)


def _token_url(definitions: Definitions, group: Group, url: str) -> Spots:
    inside = ("oauth2", "token_url")
    if is_plain(url):
        message = "sends the client's secret without encryption; use https"
        yield Spot(code="plain-http", kind="group", name=group.name, inside=inside, message=message)
    if why := is_private(url, definitions.allowed_networks):
        yield Spot(code="private-host", kind="group", name=group.name, inside=inside, message=why)
