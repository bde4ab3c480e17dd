"""
What a file may say and its author probably does not mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from webhook_engine.definitions.compiling.tools import Tools
from webhook_engine.definitions.definitions import Definitions
from webhook_engine.definitions.linting.codes import CODES, Code
from webhook_engine.definitions.linting.finding import Finding, Spot, Spots
from webhook_engine.definitions.linting.groups import lint_group, lint_tenant
from webhook_engine.definitions.linting.rules import lint_rules, lint_tests
from webhook_engine.definitions.linting.webhooks import lint_webhook
from webhook_engine.definitions.places import spell
from webhook_engine.definitions.uses import used_by

__all__ = ["CODES", "Code", "Finding", "Spot", "lint"]


def lint(definitions: Definitions, of_responses: Iterable[Spot] | None = None) -> tuple[Finding, ...]:
    """
    Every finding that is not silenced, in the order of the files.

    Args:
        of_responses: What was found in responses; None where none were looked at.
    """
    silenced = set(_silenced(definitions))
    used: set[tuple[str, str, str]] = set()
    kept: list[Spot] = []
    for spot in (*_spots(definitions), *(of_responses or ())):
        hiding = {("tenant", "", spot.code), (spot.kind, spot.name, spot.code)} & silenced
        used |= hiding
        if not hiding:
            kept.append(spot)
    for kind, name, code in sorted(silenced - used):
        if CODES[code].of_responses and of_responses is None:
            continue
        message = f"{code} is not found here"
        kept.append(Spot(code="silences-nothing", kind=kind, name=name, inside=("silence",), message=message))
    return tuple(sorted((_placed(definitions, spot) for spot in kept), key=_in_files(definitions)))


def _spots(definitions: Definitions) -> Spots:
    yield from lint_tenant(definitions)
    for group in definitions.groups:
        yield from lint_group(definitions, group)
    tools = Tools.of(definitions.tenant, definitions.variables)
    for webhook in definitions.webhooks:
        yield from lint_webhook(definitions, definitions.compiled(webhook.name), tools)
    yield from lint_rules(definitions)
    yield from lint_tests(definitions)
    for variable in definitions.variables:
        if not used_by(definitions, "variable", variable.name):
            message = "is asked for nowhere"
            yield Spot(code="unused-variable", kind="variable", name=variable.name, message=message)


def _silenced(definitions: Definitions) -> Iterator[tuple[str, str, str]]:
    """
    (kind, name, code) for everything that is silenced somewhere.
    """
    for code in definitions.silence:
        yield "tenant", "", code
    for kind, items in (
        ("group", definitions.groups),
        ("webhook", definitions.webhooks),
        ("rule", definitions.rules),
        ("test", definitions.tests),
    ):
        for item in items:
            for code in item.silence:
                yield kind, item.name, code


def _placed(definitions: Definitions, spot: Spot) -> Finding:
    source, path = definitions.index.places[(spot.kind, spot.name)]
    path = (*path, *spot.inside)
    return Finding(
        code=spot.code,
        path=spell(path),
        message=spot.message,
        line=source.places.line(path, inner=spot.inner),
        column=spot.column,
        source=source.name or None,
    )


def _in_files(definitions: Definitions) -> Callable[[Finding], tuple[int, int]]:
    files: dict[str | None, int] = {}
    for source, _ in definitions.index.places.values():
        files.setdefault(source.name or None, len(files))
    return lambda finding: (files[finding.source], finding.line or 0)
