"""
Definitions files as pytest sees them.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from webhook_engine.definitions import Definitions, read, read_text
from webhook_engine.engine import Engine
from webhook_engine.errors import DefinitionError
from webhook_engine.testing.rehearsal import Rehearsal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook_engine.definitions import TestCase

_LOOPBACK: Final = "127.0.0.1/32"

_READ: Final = pytest.StashKey[dict[Path, Rehearsal]]()
"""Files and folders that were read in this session."""

_TESTS = re.compile(rb"^\s*\[\[\s*test\s*\]\]", re.MULTILINE)
_RULES = re.compile(rb"^\s*\[\[\s*(?:webhook|rule)\s*\]\]", re.MULTILINE)
"""Other tools have files with [[test]] too; none of them has these beside it."""


def looks_like_definitions(path: Path) -> bool:
    """
    Whether a file holds webhooks or rules, and tests of them.
    """
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return _TESTS.search(content) is not None and _RULES.search(content) is not None


class DefinitionsFile(pytest.File):
    """
    A definitions file, or one of a folder of them.
    """

    whole: Path
    """What is read: the file, or a folder above it."""

    def collect(self) -> Iterator[pytest.Item]:
        """
        The tests that stand in this file.
        """
        known = self.session.stash.setdefault(_READ, {})
        if self.whole not in known:
            try:
                known[self.whole] = Rehearsal(read(self.whole))
            except DefinitionError as error:
                told = "\n".join(map(str, error.problems))
                raise self.CollectError(f"{self.whole} cannot be read:\n{told}") from None
        rehearsal = known[self.whole]
        for case in rehearsal.definitions.tests:
            source, line = rehearsal.place(case)
            if Path(source) == self.path:
                item: RuleSetTest = RuleSetTest.from_parent(self, name=case.name)
                item.case, item.line, item.rehearsal = case, line, rehearsal
                yield item


class RuleSetFailed(Exception):  # what pytest is told
    """
    A test of a rule set that did not pass.
    """


class RuleSetTest(pytest.Item):
    """
    One `[[test]]`.
    """

    case: TestCase
    line: int
    rehearsal: Rehearsal

    def runtest(self) -> None:
        """
        Plays it; nothing is sent.
        """
        failures: list[object] = []

        async def played() -> None:
            failures.extend((await self.rehearsal.play(self.case)).failures)

        asyncio.run(played())
        if failures:
            raise RuleSetFailed("\n".join(map(str, failures)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """
        What the test expected and what came; of anything else the traceback.
        """
        if isinstance(excinfo.value, RuleSetFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """
        Where it stands.
        """
        return self.path, self.line - 1, self.name


def engine_of(definitions: Definitions | Path | str, **options: Any) -> Engine:
    """
    An engine that may reach 127.0.0.1.

    Args:
        definitions: Themselves, the path of a file or a folder, or a text of TOML.

        options: As for `Engine`.

    Raises:
        DefinitionError: Every problem in them.
    """
    if isinstance(definitions, Path):
        definitions = read(definitions)
    elif isinstance(definitions, str):
        definitions = read_text(definitions)
    allowed = (*definitions.allowed_networks, _LOOPBACK)
    return Engine(replace(definitions, allowed_networks=allowed), **options)
