"""
What came of the last test of each webhook, kept a while so that its columns can be chosen without sending again.
"""

from __future__ import annotations

import codecs
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from webhook_engine.dispatch import LocalSecrets
from webhook_engine.errors import DefinitionError, ResponseError
from webhook_engine.line import Lines
from webhook_engine.reading import view_of
from webhook_engine.responses import Interpretation, View, interpret, tabulate
from webhook_engine.responses import read as read_document
from webhook_engine.trying import Trial

if TYPE_CHECKING:
    from webhook_engine.definitions import CompiledWebhook, Definitions
    from webhook_engine.responses import AgentView, Cell, Response

_KEPT: Final = 50
_KEPT_BYTES: Final = 64 * 2**20

SHOWN_BYTES: Final = 64 * 1024
"""Of a raw response."""

SHOWN_ROWS: Final = 50
"""Of a response's table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """
    One test, by whom and when.
    """

    trial: Trial
    by: str
    agent: str
    at: datetime

    sample: str = ""
    """The call it was made with: a sample's name, or the key of one that happened."""

    dynamic_parameter: str = ""
    """As it was typed."""

    @property
    def response(self) -> Response | None:
        """
        What the target system answered.
        """
        return None if self.trial.attempt is None else self.trial.attempt.response

    @property
    def raw(self) -> str:
        """
        The response's body as text, as much of it as is shown.
        """
        response = self.response
        if response is None:
            return ""
        declared = (
            (response.header("content-type") or "")
            .lower()
            .partition("charset=")[2]
            .strip(' "')
            .partition(";")[0]
        )
        return response.body[:SHOWN_BYTES].decode(_known(declared), "replace")

    @property
    def left_out(self) -> int:
        """
        Bytes of the response that are not shown.
        """
        return max(0, len(self.response.body) - SHOWN_BYTES) if self.response is not None else 0


def _known(charset: str) -> str:
    try:
        return codecs.lookup(charset).name if charset else "utf-8"
    except LookupError:
        return "utf-8"


class Trials:
    """
    The last test of each webhook, the latest ones first to stay.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Tried] = OrderedDict()

    def keep(self, webhook: str, tried: Tried) -> None:
        """
        Remember what came of it, in place of the one before.
        """
        self._kept.pop(webhook, None)
        self._kept[webhook] = tried
        while len(self._kept) > _KEPT or (len(self._kept) > 1 and self._bytes() > _KEPT_BYTES):
            self._kept.popitem(last=False)

    def last(self, webhook: str) -> Tried | None:
        """
        The last test of that webhook, where it is remembered.
        """
        return self._kept.get(webhook)

    def _bytes(self) -> int:
        return sum(len(tried.response.body) for tried in self._kept.values() if tried.response is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """
    A column that may be ticked.
    """

    path: str
    label: str = ""
    link: str = ""
    is_shown: bool = False

    is_gone: bool = False
    """Whether no record of the response has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """
    A response with every column, to choose from.
    """

    interpretation: Interpretation
    records: str
    """Where the records were found."""

    columns: Sequence[Choice]
    """Those that are ticked first, in the agent's order; then all others, in the response's."""

    rows: Sequence[Sequence[Cell]]
    """Rows × columns, as many as are shown."""

    count: int
    problem: str = ""
    """Why there is no table."""


def whole_of(tried: Tried, compiled: CompiledWebhook, view: View) -> Whole | None:
    """
    The table that a response is, whatever its outcome; None where there is no response.
    """
    response = tried.response
    if response is None:
        return None
    kind = compiled.definition.response_type
    found = interpret(
        response,
        response_type=kind,
        view=View(records=view.records),
        rules=compiled.rules,
        expects_rows=compiled.expects_rows,
        values=tried.trial.values,
        all_columns=True,
    )
    present = found.table.columns
    chosen = {column.path: column for column in view.columns}
    paths = (*chosen, *(path for path in present if path not in chosen))
    rows, problem = found.table.rows, str(found.error) if found.error else ""
    if chosen and not problem:
        try:
            document = read_document(response, kind, records=view.records)
            rows = tabulate(document, view.records, paths).rows
        except (DefinitionError, ResponseError) as error:
            rows, problem = (), str(error)
    columns = [
        Choice(
            path=path,
            label=(chosen[path].label or "") if path in chosen else "",
            link=(chosen[path].link or "") if path in chosen else "",
            is_shown=path in chosen,
            is_gone=path in chosen and all(row[index] is None for row in rows),
        )
        for index, path in enumerate(paths)
    ]
    return Whole(
        interpretation=found,
        records=found.table.records,
        columns=columns,
        rows=rows[:SHOWN_ROWS],
        count=len(rows),
        problem=problem,
    )


def agent_view_of(tried: Tried, definitions: Definitions, webhook: str) -> AgentView:
    """
    What an agent would see of that response now, by the engine's own reading.
    """
    if tried.trial.attempt is None:
        return tried.trial.view
    line = Lines(definitions, LocalSecrets()).of(webhook, test_values=True)
    return view_of(line, tried.trial.attempt, tried.trial.values)
