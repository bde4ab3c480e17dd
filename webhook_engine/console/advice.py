"""
What lint says of one definition, and what of that was silenced there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_engine.definitions.linting import CODES, lint
from webhook_engine.definitions.places import spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from webhook_engine.definitions import Definitions
    from webhook_engine.definitions.linting import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """
    One kind of finding.
    """

    code: str
    title: str
    why: str

    found: Sequence[tuple[str, str]] = ()
    """(path of the field, what is found there); nothing where it is silenced."""

    is_silenced: bool = False


class Advisor:
    """
    Lint, asked once for each revision of the definitions: it looks at all of them.
    """

    def __init__(self) -> None:
        self._linted: tuple[Definitions, tuple[Finding, ...]] | None = None

    async def of(
        self, definitions: Definitions, kind: str, name: str, silenced: Iterable[str]
    ) -> tuple[Advice, ...]:
        """
        What may not be meant in that definition, and then what is not to be said of it.

        Args:
            name: Empty for one that is not saved yet.

            silenced: As the form has it; a code that there is not is left to the check of the definitions.
        """
        if self._linted is None or self._linted[0] is not definitions:
            self._linted = (definitions, await asyncio.to_thread(lint, definitions))
        return _advice(_said(definitions, self._linted[1], kind, name), silenced)


def _advice(said: Mapping[str, list[tuple[str, str]]], silenced: Iterable[str]) -> tuple[Advice, ...]:
    told = [
        Advice(code=code, title=CODES[code].title, why=CODES[code].why, found=found)
        for code, found in said.items()
        if code not in silenced
    ]
    quiet = [
        Advice(code=code, title=CODES[code].title, why=CODES[code].why, is_silenced=True)
        for code in sorted(set(silenced) & set(CODES))
    ]
    return (*told, *quiet)


def _said(
    definitions: Definitions, findings: Iterable[Finding], kind: str, name: str
) -> Mapping[str, list[tuple[str, str]]]:
    place = definitions.index.places.get((kind, name))
    if place is None:
        return {}
    entry = spell(place[1])
    found: dict[str, list[tuple[str, str]]] = {}
    for finding in findings:
        if finding.path == entry or finding.path.startswith(f"{entry}."):
            found.setdefault(finding.code, []).append((finding.path[len(entry) + 1 :], finding.message))
    return found
