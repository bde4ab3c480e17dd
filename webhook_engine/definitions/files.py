"""
Definitions from texts, files and folders, and back to text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from webhook_engine.definitions.cases import TestCase
from webhook_engine.definitions.definitions import Definitions
from webhook_engine.definitions.groups import Group, Member, OAuth2, SecretRef
from webhook_engine.definitions.tree import tree_of, tree_of_tenant
from webhook_engine.definitions.words import SecretKind
from webhook_engine.errors import DefinitionError, Problem

_Holder = TypeVar("_Holder", Group, Member, OAuth2)

_TABLES = frozenset(
    {
        *("tenant", "variable", "agent", "group", "webhook", "rule", "test"),
        *(
            "oauth2",
            "member",
            "parameter",
            "header",
            "outcome",
            "view",
            "column",
            "then",
            "moment",
            "response",
            "expect",
        ),
    }
)
"""Keys that get a header and lines of their own."""

_SECRETS = ("key", "password", "client_secret", "refresh_token")
"""What must stay unknown; a user name or a client's id may be read by anyone."""


def read_text(text: str, source: str = "", *, folder: Path | None = None) -> Definitions:
    """
    Definitions from a text of TOML.

    Args:
        source: What errors call it.

        folder: Where its relative paths begin.

    Raises:
        DefinitionError: Every problem, each with its path, its line and its
            column inside a template.
    """
    from webhook_engine.definitions.assembly import assemble
    from webhook_engine.definitions.document.source import Report, source_of_text

    report = Report()
    return assemble(Definitions, [source_of_text(text, source, report)], report, folder=folder)


def read_file(path: str | PathLike[str]) -> Definitions:
    """
    Definitions from a file of TOML.

    Raises:
        DefinitionError: The file cannot be read, or every problem in it.
    """
    return _read([Path(path)], folder=Path(path).parent)


def read_folder(path: str | PathLike[str]) -> Definitions:
    """
    Definitions from all `*.toml` files in a folder and below, as if they were one.

    Files are taken in the order of their names; hidden ones and those in hidden
    folders are left alone. One of them may hold `[tenant]`.

    Raises:
        DefinitionError: It is no folder, holds no such file, or every problem in them.
    """
    folder = Path(path)
    files = _files_in(folder)
    if not files:
        what = "holds no *.toml file" if folder.is_dir() else "is no folder"
        raise DefinitionError([Problem(path="", message=what, source=str(path))])
    return _read(files, folder=folder)


def read(path: str | PathLike[str]) -> Definitions:
    """
    Definitions from a file or a folder, whichever *path* is.

    Raises:
        DefinitionError: As `read_file` and `read_folder`.
    """
    return read_folder(path) if Path(path).is_dir() else read_file(path)


def files_of(path: str | PathLike[str]) -> list[Path]:
    """
    The files that `read` reads at *path*: a folder's as they are now, or the file itself, be it there or not.
    """
    return _files_in(Path(path)) if Path(path).is_dir() else [Path(path)]


def _files_in(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.rglob("*.toml")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )


def _read(files: list[Path], *, folder: Path) -> Definitions:
    from webhook_engine.definitions.assembly import assemble
    from webhook_engine.definitions.document.source import Report, source_of_file

    report = Report()
    sources = [source_of_file(file, str(file), report) for file in files]
    return assemble(Definitions, sources, report, folder=folder)


def write_toml(definitions: Definitions, *, literals: bool = False) -> str:
    """
    The definitions as the text of a file; `read_text` reads it back as the same.

    Args:
        literals: Whether secrets that stand in the definitions themselves are
            written too. Otherwise each becomes a reference to the vault.
    """
    from webhook_engine.definitions.toml import write

    return write(tree_of_definitions(definitions, literals=literals), _TABLES)


def write_tests(tests: Sequence[TestCase]) -> str:
    """
    Tests as they stand in a definitions file.
    """
    from webhook_engine.definitions.toml import write

    return write({"test": tree_of(tests)}, _TABLES)


def tree_of_definitions(definitions: Definitions, *, literals: bool = False) -> dict[str, object]:
    """
    The definitions as the tree of their file: tables, lists, texts and numbers, which may be changed.

    Args:
        literals: As for `write_toml`.
    """
    tenant = tree_of_tenant(
        definitions.tenant,
        allowed_networks=definitions.allowed_networks,
        silence=sorted(definitions.silence),
    )
    groups = definitions.groups if literals else tuple(map(without_literals, definitions.groups))
    kinds = {
        "variable": definitions.variables,
        "agent": definitions.agents,
        "group": groups,
        "webhook": definitions.webhooks,
        "rule": definitions.rules,
        "test": definitions.tests,
    }
    tree = {"tenant": tenant} | {key: tree_of(items) for key, items in kinds.items()}
    return {key: value for key, value in tree.items() if value}


def read_tree(tree: Mapping[str, object], *, folder: Path | None = None) -> Definitions:
    """
    Definitions from the tree of a file, as `tree_of_definitions` gives it.

    Raises:
        DefinitionError: Every problem, each with its path and its column inside a template.
    """
    from webhook_engine.definitions.assembly import assemble
    from webhook_engine.definitions.document.source import Report, Source

    return assemble(Definitions, [Source("", tree)], Report(), folder=folder)


def without_literals(group: Group) -> Group:
    """
    The group with a reference to the vault in place of each secret that stands in it.

    The name in the vault says whose secret it is: `CRM/key`, `CRM/100-Euphoria/password`.
    """
    members = tuple(_sealed(member, f"{group.name}/{member.extension}") for member in group.members)
    signing = tuple(
        _reference(secret, f"{group.name}/signing/{position}")
        for position, secret in enumerate(group.signing_secrets, start=1)
    )
    oauth2 = _sealed(group.oauth2, group.name) if group.oauth2 is not None else None
    return replace(_sealed(group, group.name), members=members, signing_secrets=signing, oauth2=oauth2)


def _sealed(holder: _Holder, name: str) -> _Holder:
    held = {field: getattr(holder, field, None) for field in _SECRETS}
    changes: dict[str, Any] = {
        field: _reference(secret, f"{name}/{field}") for field, secret in held.items() if secret is not None
    }
    return replace(holder, **changes)


def _reference(secret: SecretRef, name: str) -> SecretRef:
    return SecretRef.vault(name) if secret.kind is SecretKind.LITERAL else secret
