"""
A group's keys fit its authentication, and its secrets are where they are looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Final

from webhook_engine.definitions.checks.http import header_problem, url_problem
from webhook_engine.definitions.checks.names import Names
from webhook_engine.definitions.document.source import Report
from webhook_engine.definitions.draft import Entry
from webhook_engine.definitions.groups import SECRETS_OF, Group, Member, OAuth2
from webhook_engine.definitions.words import Authentication, CredentialsIn, Grant, KeyIn, Level

# RFC 9110, 5.5: visible characters and blanks; braces and angles would read as a token.
_PREFIX = re.compile(r"[ !-;=?-z|~]*\Z")

_KEYS: Final[Mapping[Authentication, tuple[str, ...]]] = MappingProxyType(
    {
        Authentication.API_KEY: ("key_in", "key_name", "key_prefix", "key"),
        Authentication.CREDENTIALS: (
            "credentials_in",
            "username_name",
            "password_name",
            "username",
            "password",
        ),
        Authentication.OAUTH2: ("oauth2",),
    }
)
"""The keys that only one authentication reads."""

_DEFAULTS: Final = {each.name: each.default for each in fields(Group)}


def check_group(entry: Entry[Group], agents: Names, report: Report) -> None:
    """
    Report everything that does not fit together in one group.
    """
    _check_members(entry, agents, report)
    if not entry.sound:
        return
    group = entry.item
    for key, message in _foreign_keys(group):
        entry.problem(report, key, message=message)
    for key, message in _KEY_CHECKS.get(group.authentication, _no_checks)(group):
        entry.problem(report, *key.split("."), message=message)
    for key, message in _own_secrets(group):
        entry.problem(report, *key.split("."), message=message)


def _foreign_keys(group: Group) -> Iterator[tuple[str, str]]:
    for authentication, keys in _KEYS.items():
        if authentication is group.authentication:
            continue
        for key in keys:
            if getattr(group, key) != _DEFAULTS[key]:
                yield (
                    key,
                    (
                        f'means nothing with authentication = "{group.authentication}"; '
                        f'it belongs to authentication = "{authentication}"'
                    ),
                )


def _no_checks(group: Group) -> Iterator[tuple[str, str]]:
    if group.level is Level.USER:
        yield "level", 'is "user", but authentication = "none" knows no secrets that could be an agent\'s own'


def _check_api_key(group: Group) -> Iterator[tuple[str, str]]:
    where = group.key_in
    if group.key_name is None:
        yield "key_name", f"is missing: the name of the {_CARRIER[where]} that carries the key"
    elif where is KeyIn.HEADER and (problem := header_problem(group.key_name)):
        yield "key_name", problem
    if group.key_prefix and where is not KeyIn.HEADER:
        yield "key_prefix", f'stands before a key in a header only; key_in is "{where}"'
    elif not _PREFIX.match(group.key_prefix):
        yield "key_prefix", "holds a character that no header can carry"


_CARRIER: Final = {KeyIn.HEADER: "header", KeyIn.QUERY: "query parameter", KeyIn.BODY: "body parameter"}


def _check_credentials(group: Group) -> Iterator[tuple[str, str]]:
    if group.credentials_in is CredentialsIn.BASIC:
        for key in ("username_name", "password_name"):
            if getattr(group, key) != _DEFAULTS[key]:
                yield key, 'names a parameter, but credentials_in = "basic" sends none; say "query" or "body"'
    elif group.username_name == group.password_name:
        yield "password_name", "is username_name too; the target system could not tell them apart"


def _check_oauth2(group: Group) -> Iterator[tuple[str, str]]:
    oauth2 = group.oauth2
    if oauth2 is None:
        yield "oauth2", "is missing: a table with token_url, grant and the client's id and secret"
        return
    if problem := url_problem(oauth2.token_url):
        yield "oauth2.token_url", problem
    if oauth2.grant is Grant.CLIENT_CREDENTIALS and oauth2.refresh_token is not None:
        yield "oauth2.refresh_token", 'means nothing with grant = "client-credentials"'


_KEY_CHECKS: Final = MappingProxyType(
    {
        Authentication.NONE: _no_checks,
        Authentication.API_KEY: _check_api_key,
        Authentication.CREDENTIALS: _check_credentials,
        Authentication.OAUTH2: _check_oauth2,
    }
)


def _needed(group: Group) -> tuple[str, ...]:
    """
    The secrets without which no request can be sent.
    """
    if group.authentication is not Authentication.OAUTH2:
        return SECRETS_OF[group.authentication]
    if group.oauth2 is not None and group.oauth2.grant is Grant.REFRESH_TOKEN:
        return ("client_id", "refresh_token")
    return ("client_id", "client_secret")


def _own_secrets(group: Group) -> Iterator[tuple[str, str]]:
    if group.level is Level.USER:
        if group.authentication is not Authentication.OAUTH2:
            for name in SECRETS_OF[group.authentication]:
                if getattr(group, name) is not None:
                    yield name, 'is for everybody, but level = "user": give it to each [[group.member]]'
        return
    holder: Group | OAuth2 | None = group
    prefix = ""
    if group.authentication is Authentication.OAUTH2:
        holder, prefix = group.oauth2, "oauth2."
    for name in _needed(group) if holder is not None else ():
        if getattr(holder, name) is None:
            yield f"{prefix}{name}", 'is missing: level = "global" sends everybody\'s requests with it'


def _check_members(entry: Entry[Group], agents: Names, report: Report) -> None:
    group = entry.item
    if entry.sound and group.members and group.level is Level.GLOBAL:
        entry.problem(report, "member", message='means nothing with level = "global"; say level = "user"')
    seen: set[str] = set()
    for index, member in enumerate(group.members):
        extension = member.extension
        place = ("member", index, "extension")
        if extension in seen:
            entry.problem(report, *place, message=f"{extension!r} is a member of this group twice")
        elif message := agents.missing(
            extension, otherwise=f': add an [[agent]] with extension = "{extension}"'
        ):
            entry.problem(report, *place, message=message)
        seen.add(extension)
        if entry.sound and group.level is Level.USER:
            for key, message in _member_secrets(group, member):
                entry.problem(report, "member", index, key, message=message)


def _member_secrets(group: Group, member: Member) -> Iterator[tuple[str, str]]:
    mine = SECRETS_OF[group.authentication]
    for name in dict.fromkeys(name for names in SECRETS_OF.values() for name in names):
        if name not in mine and getattr(member, name) is not None:
            yield name, f'means nothing with authentication = "{group.authentication}"'
    have = group.secrets_of(member.extension) or {}
    needed = [name for name in _needed(group) if name not in have]
    for name in needed:
        yield name, f'is missing: authentication = "{group.authentication}" needs it'
    if mine and not needed and not any(getattr(member, name) is not None for name in mine):
        yield "extension", "brings no secret of its own, so this member is no other than the group"
