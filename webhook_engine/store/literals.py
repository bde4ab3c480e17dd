"""
The secrets that stand in definitions themselves, by the names the vault gives them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, TypeAlias

from webhook_engine.definitions import Group, Member, OAuth2, SecretKind, SecretRef
from webhook_engine.definitions.files import without_literals
from webhook_engine.errors import DefinitionError, Problem

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions

Holder: TypeAlias = Group | Member | OAuth2


def literals_of(definitions: Definitions) -> dict[str, str]:
    """
    Name in the vault -> secret, for every secret that `write_toml` writes as a reference.

    Raises:
        DefinitionError: Two secrets would have one name, or one has the name of a secret that is referred to.
    """
    found: dict[str, str] = {}
    taken = set(vault_names(definitions))
    problems = []
    for group in definitions.groups:
        for name, secret in _moved(group):
            if name in taken or found.get(name, secret) != secret:
                problems.append(_collision(group, name))
            found[name] = secret
    if problems:
        raise DefinitionError(problems)
    return found


def vault_names(definitions: Definitions) -> tuple[str, ...]:
    """
    The names in the vault that definitions refer to, in their order and each once.
    """
    return tuple(each.value for each in secret_references(definitions) if each.kind is SecretKind.VAULT)


def secret_references(definitions: Definitions) -> tuple[SecretRef, ...]:
    """
    The secrets that definitions hold or refer to, in their order and each once.
    """
    return tuple(dict.fromkeys(secret for group in definitions.groups for secret in _references(group)))


def _collision(group: Group, name: str) -> Problem:
    return Problem(
        path=f"group {group.name!r}",
        message=(
            f"its secret would be kept in the vault as {name!r}, which another secret is called already; "
            "put it there under a name of its own with `webhook-engine vault set` and refer to that"
        ),
    )


def _moved(group: Group) -> Iterator[tuple[str, str]]:
    before, after = _references(group), _references(without_literals(group))
    for literal, reference in zip(before, after, strict=True):
        if literal.kind is SecretKind.LITERAL and reference.kind is SecretKind.VAULT:
            yield reference.value, literal.value


def _references(group: Group) -> list[SecretRef]:
    """
    Every secret of a group, its OAuth2 table and its members, in one order.
    """
    holders: list[Holder] = [group, *group.members]
    if group.oauth2 is not None:
        holders.append(group.oauth2)
    values = [getattr(holder, field.name) for holder in holders for field in fields(holder)]
    flat = [each for value in values for each in (value if isinstance(value, tuple) else (value,))]
    return [each for each in flat if isinstance(each, SecretRef)]
