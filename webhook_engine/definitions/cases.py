"""
The tests that stand beside rules: calls, what target systems answer, and what must come of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Final, TypeAlias

from webhook_engine.definitions.words import CannedFault, PopState, SettledAs, Withdrawal
from webhook_engine.responses import Outcome
from webhook_engine.variables import Moment, Value

Wanted: TypeAlias = str | int | float | bool | Mapping[str, object]
"""A value, or one of `MATCHERS` in a table: `{ matches = "\\\\+27.*" }`, `{ present = true }`."""

MATCHERS: Final[Mapping[str, type]] = MappingProxyType(
    {"matches": str, "present": bool, "absent": bool, "null": bool}
)
"""What a table with one key asks of a value in place of being equal, and the kind of what stands there."""

_NONE: Mapping[str, Value] = MappingProxyType({})


def matcher_of(wanted: object) -> tuple[str, object] | None:
    """
    The matcher that a value is, with what it holds; None for every other value.
    """
    if not isinstance(wanted, Mapping) or len(wanted) != 1:
        return None
    [(word, asked)] = wanted.items()
    kind = MATCHERS.get(word)
    return (word, asked) if kind is not None and type(asked) is kind else None


def matcher_problem(wanted: object) -> str | None:
    """
    What is wrong with a matcher; None where nothing is.
    """
    found = matcher_of(wanted)
    if found is None:
        return None
    word, asked = found
    if asked is False:
        return f"{word} = false says nothing; write another word, or leave it out"
    if word == "matches":
        try:
            re.compile(str(asked))
        except (re.error, OverflowError, RecursionError) as error:
            return f"matches is no pattern: {error}"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """
    One moment of a call that a test plays.
    """

    event: Moment

    given: Mapping[str, Value] = field(default_factory=lambda: _NONE)
    """Variables that are other than before; they hold for the moments that follow too."""

    after_s: float = 1.0
    """Seconds since the moment before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned:
    """
    What a target system answers in a test.
    """

    webhook: str

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    body: object = None
    """Text as it stands, or a tree that is sent as JSON."""

    file: str | None = None
    """A file that holds the body, from the definitions' folder."""

    fault: CannedFault | None = None
    """What goes wrong in place of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """
    A webhook a test expects, and what becomes of it; what is left out may be anything.
    """

    webhook: str

    moment: int | None = None
    """Which moment of the call starts it, from 1."""

    after: str | None = None
    """The webhook whose response leads to it."""

    absent: bool = False
    """Whether it must not start."""

    method: str | None = None
    url: Wanted | None = None
    headers: Mapping[str, Wanted] = field(default_factory=lambda: MappingProxyType({}))

    body: object = None
    """Text for the whole body, or a tree of those parts of it that matter, by path."""

    outcome: Outcome | None = None
    sentence: Wanted | None = None
    columns: tuple[str, ...] | None = None
    """The headings of the agent's view."""

    rows: tuple[tuple[Wanted, ...], ...] | None = None

    attempts: int | None = None
    ends: SettledAs | None = None
    """What becomes of a durable delivery."""

    pop: PopState | None = None
    """What agents see of it when the test is over."""

    because: Withdrawal | None = None
    """Why its pop was withdrawn."""

    seen_by: str | None = None
    """The extension that has its pop when the test is over, or had it last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCase:
    """
    A call event, or several of one call, and what they should lead to.
    """

    __test__: ClassVar[bool] = False  # pytest would take the name for one of its own

    name: str
    event: Moment | None = None
    """The only moment; None where `moments` tells several."""

    given: Mapping[str, Value] = field(default_factory=lambda: _NONE)
    """Variables of the call, documented and custom ones."""

    moments: tuple[Happening, ...] = ()
    responses: tuple[Canned, ...] = ()
    """For each webhook in the order in which it asks; the last one holds for all that follow."""

    expect: tuple[Expectation, ...] = ()

    nothing: bool = False
    """Whether the test is that no webhook starts."""

    in_order: bool = False
    """Whether the webhooks start in the order in which they are expected."""

    others: bool = False
    """Whether webhooks may start that are not expected."""

    silence: frozenset[str] = frozenset()
    """Lint codes that are not reported here."""

    @property
    def call(self) -> tuple[Happening, ...]:
        """
        The moments it plays, however they are written.
        """
        return self.moments if self.event is None else (Happening(event=self.event, after_s=0.0),)
