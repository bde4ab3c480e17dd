"""
What an agent's screen is told. The fields of each class are the fields of its JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Json: TypeAlias = Mapping[str, object]


class Told(NamedTuple):
    """
    News, as JSON.
    """

    event: str
    """The name of the Server-Sent Event."""

    data: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    event: ClassVar[str]
    """The name of the Server-Sent Event."""

    def to_json(self) -> dict[str, Any]:
        """
        The fields by name.
        """
        return {each: getattr(self, each) for each in _NAMES[type(self)]}

    def told(self) -> Told:
        """
        The fields, with the name of the event.
        """
        return Told(self.event, self.to_json())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown(_News):
    pop: str
    """Its id; the same in every message about this pop, on whichever agent's stream."""

    webhook: str

    parameter: str
    """The DYNAMIC_PARAMETER with which it was started; often empty."""

    call: Json
    """`id`, and what is known of `CALLERID_NAME`, `CALLERID_NUMBER`, `CALL_DIR`, `CALL_QUEUE`, `CALL_SIPID`."""

    moved_from: str | None = None
    """The extension from which the call was transferred, where the pop came along with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOpened(_Shown):
    """
    A page to open.
    """

    event: ClassVar[str] = "window"

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupBegun(_Shown):
    """
    A table is on its way.
    """

    event: ClassVar[str] = "lookup"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShown(_Shown):
    """
    A table, in the place of what this pop showed before.
    """

    event: ClassVar[str] = "table"

    view: Json
    """The agent view as `send --json` has it, with each column's `link`, and `rows_left_out`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PopMoved(_News):
    """
    The call was transferred, and the pop went along.
    """

    event: ClassVar[str] = "moved"

    pop: str
    webhook: str

    to: str
    """The extension that has it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PopWithdrawn(_News):
    """
    A pop is no longer of use to this agent.
    """

    event: ClassVar[str] = "withdrawn"

    pop: str
    webhook: str

    reason: str
    """One of `Withdrawal`."""

    by: str | None = None
    """The extension that has the call now, where that is the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(_News):
    """
    Everything that is open, in the place of messages that are no longer kept.
    """

    event: ClassVar[str] = "snapshot"

    pops: Sequence[Json]
    """As `window`, `lookup` and `table` messages have them, each with its `event`; the oldest first."""


News: TypeAlias = WindowOpened | LookupBegun | TableShown | PopMoved | PopWithdrawn | Snapshot

_CLASSES: tuple[type[News], ...] = (
    WindowOpened,
    LookupBegun,
    TableShown,
    PopMoved,
    PopWithdrawn,
    Snapshot,
)
_NAMES: dict[type[_News], tuple[str, ...]] = {
    each: tuple(field.name for field in fields(each)) for each in _CLASSES
}
NEWS: dict[str, type[News]] = {each.event: each for each in _CLASSES}
"""Every kind, by the name of its event."""
