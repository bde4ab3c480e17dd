"""
A call's values and a group's secrets, brought together where a request needs them.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING

from webhook_engine.definitions.compiled import CREDENTIAL_KEY, CREDENTIAL_PASSWORD, CREDENTIAL_USERNAME
from webhook_engine.definitions.words import Authentication, CredentialsIn
from webhook_engine.errors import SecretMissing, UnsafeValue

if TYPE_CHECKING:
    from webhook_engine.definitions.groups import Group
    from webhook_engine.dispatch.credentials import Credentials
    from webhook_engine.variables import Value


def with_secrets(
    values: Mapping[str, Value], wanted: frozenset[str], credentials: Credentials
) -> dict[str, Value]:
    """
    *values*, and the secrets that the group's own parts of the templates read.

    Args:
        wanted: Names of those, as `CompiledWebhook.credentials` has them.

    Raises:
        SecretMissing: The credentials hold none of that kind.
    """
    secrets = {
        CREDENTIAL_KEY: credentials.key,
        CREDENTIAL_USERNAME: credentials.username,
        CREDENTIAL_PASSWORD: credentials.password,
    }
    joined = dict(values)
    for name in wanted:
        secret = secrets[name]
        if secret is None:
            kind = name.removeprefix("CREDENTIAL_").lower()
            raise SecretMissing(f"the request needs a {kind} and was given none; nothing was sent", target="")
        joined[name] = secret
    return joined


def sends_basic(group: Group) -> bool:
    """
    Whether the group's credentials travel in an Authorization header.

    An API key in a header is the compiled webhook's; a token is added when it is there.
    """
    return group.authentication is Authentication.CREDENTIALS and group.credentials_in is CredentialsIn.BASIC


def basic_header(group: Group, credentials: Credentials) -> tuple[str, str]:
    """
    That header.

    Raises:
        UnsafeValue: The user name holds a colon.

        SecretMissing: There is no user name or no password.
    """
    if credentials.username is None or credentials.password is None:
        raise SecretMissing(
            f"{group.name}: a user name and a password are needed; nothing was sent", target=group.name
        )
    return "Authorization", basic(credentials.username, credentials.password)


def basic(username: str, password: str) -> str:
    """
    The value of an Authorization header with a user name and a password; RFC 7617.

    Raises:
        UnsafeValue: The user name holds a colon, which ends it there.
    """
    if ":" in username:
        raise UnsafeValue("a user name for Basic authentication cannot hold a colon", slot="header")
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()
