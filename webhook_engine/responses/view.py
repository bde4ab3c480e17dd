"""
What an administrator ticked: which columns of a response the agent sees.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """
    One column of the agent view.
    """

    path: str
    """Where its value stands in a record: `properties.name`, `phones[label=work].value`."""

    label: str | None = None
    """What the agent reads above it; the path where left out."""

    link: str | None = None
    """The webhook that a cell of this column opens, as its DYNAMIC_PARAMETER."""

    @property
    def heading(self) -> str:
        """
        The label, or the path where there is none.
        """
        return self.path if self.label is None else self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """
    Where the records of a response are, and which of their columns are shown.
    """

    records: str | None = None
    """The path to the records; found by itself where left out."""

    columns: tuple[Column, ...] = ()
    """In the agent's order; every column of the response where there are none."""

    paths: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """Those of the columns; worked out once, and asked for with every response."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "paths", tuple(column.path for column in self.columns))
