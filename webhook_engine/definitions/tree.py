"""
Definitions as the tree of a document: what a file would hold, without what is default anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from zoneinfo import ZoneInfo

from webhook_engine.definitions.groups import SecretRef
from webhook_engine.definitions.keys import key_of
from webhook_engine.definitions.words import SecretKind
from webhook_engine.variables import Tenant

Tree = dict[str, object]


def tree_of(definition: object) -> object:
    """
    One definition, or any value of one, as tables, lists, texts and numbers.
    """
    if isinstance(definition, SecretRef):
        literal = definition.kind is SecretKind.LITERAL
        return definition.value if literal else {str(definition.kind): definition.value}
    if is_dataclass(definition) and not isinstance(definition, type):
        return _table(definition)
    if isinstance(definition, Mapping):
        return {str(key): tree_of(value) for key, value in definition.items()}
    if isinstance(definition, tuple | list):
        return [tree_of(each) for each in definition]
    if isinstance(definition, frozenset | set):
        return sorted(tree_of(each) for each in definition)  # type: ignore[type-var]  # texts, if it is right
    if isinstance(definition, Enum):
        return definition.value
    return str(definition) if isinstance(definition, ZoneInfo) else definition


def tree_of_tenant(tenant: Tenant, *, allowed_networks: Sequence[str], silence: Sequence[str]) -> Tree:
    """
    The `[tenant]` table, which also holds what is the tenant's in a file and the definitions' here.
    """
    table = _table(tenant)
    if allowed_networks:
        table["allowed_networks"] = list(allowed_networks)
    if silence:
        table["silence"] = sorted(silence)
    return table


def _table(definition: object) -> Tree:
    kind = type(definition).__name__
    table: Tree = {}
    for field in fields(definition):  # type: ignore[arg-type]  # a dataclass, as asked above
        value = getattr(definition, field.name)
        is_stated = field.init and not field.name.startswith("_")
        if is_stated and not _is_default(field, value):
            table[key_of(kind, field.name)] = tree_of(value)
    return table


def _is_default(field: Field[object], value: object) -> bool:
    if value is None:
        return True
    default = field.default
    if field.default_factory is not MISSING:
        default = field.default_factory()
    return default is not MISSING and type(default) is type(value) and default == value
