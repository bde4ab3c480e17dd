"""
The pytest plugin: tests of definitions files as items, and fixtures for applications that embed the engine.

pytest loads this module in every project that has webhook_engine installed, so it imports nothing until it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from webhook_engine.engine import Engine
    from webhook_engine.testing.target import FakeTarget
    from webhook_engine.variables import CallContext

OPTION = "webhook_definitions"


def pytest_addoption(parser: pytest.Parser) -> None:
    """
    Which files hold definitions; those that look like it where left out.
    """
    parser.addini(
        OPTION,
        "definitions files, or folders of which each is read as one; every .toml file with rules and tests by itself"
        " where left out",
        type="paths",
        default=[],
    )


def pytest_configure(config: pytest.Config) -> None:
    """
    Definitions that are named are there: tests that nobody runs would look as if they passed.
    """
    named: list[Path] = config.getini(OPTION)
    for each in named:
        if not each.exists():
            raise pytest.UsageError(f"{OPTION}: there is no {each}")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """
    A definitions file with tests in it.
    """
    if file_path.suffix != ".toml":
        return None
    from webhook_engine.testing.collecting import DefinitionsFile, looks_like_definitions

    named: list[Path] = parent.config.getini(OPTION)
    whole = _named(file_path, named) if named else file_path
    if whole is None or not (named or looks_like_definitions(file_path)):
        return None
    found: DefinitionsFile = DefinitionsFile.from_parent(parent, path=file_path)
    found.whole = whole
    return found


def _named(file: Path, named: list[Path]) -> Path | None:
    """
    The file or the folder above it that is named first, be it by another way.
    """
    above = {each.resolve(): each for each in (file, *file.parents)}
    return next((above[found] for each in named if (found := each.resolve()) in above), None)


@pytest.fixture
def call() -> CallContext:
    """
    An incoming call for agent 100-Euphoria; `call.replace(…)` makes another one of it.
    """
    from webhook_engine.variables.samples import INCOMING

    return INCOMING


@pytest.fixture
def target() -> Iterator[FakeTarget]:
    """
    A real server on loopback that keeps every byte; a request that it was not told to expect fails the test.
    """
    from webhook_engine.testing.target import FakeTarget

    with FakeTarget() as server:
        yield server
    if server.unexpected:
        told = "\n".join(f"  {each}" for each in server.unexpected)
        pytest.fail(f"the target got requests that the test does not expect:\n{told}", pytrace=False)


@pytest.fixture
def engine() -> Callable[..., Engine]:
    """
    Makes an engine of definitions: a text, a path or `Definitions`; it may reach 127.0.0.1, where `target` listens.
    """
    from webhook_engine.testing.collecting import engine_of

    return engine_of
