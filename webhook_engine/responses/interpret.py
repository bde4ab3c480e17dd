"""
From a response to what the agent sees: the one place the engine asks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from .accepted import ACCEPTED, is_accepted
from .agent_view import AgentView, make_view
from .bounds import Bounds
from .complaint import complaint_of, is_remark_only, spoken_of
from .facts import Facts, Outcome
from .glance import DECIDED_BY, Glance
from .outcome import Verdict, judge
from .reading import Reading, read_table
from .response import ResponseType
from .sniff import asks_to_log_in
from .table import Table
from .view import Column, View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.errors import ResponseError

    from .outcome import OutcomeRule
    from .response import Response
    from .tree import Cell

NO_VALUES: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpretation:
    """
    What a response means.
    """

    status: int
    """HTTP status."""

    outcome: Outcome

    sentence: str
    """One plain line for the agent."""

    decided_by: str
    """The rule, or the line of the table of defaults."""

    columns: tuple[Column, ...] = ()
    """The chosen ones, or all of the response."""

    rows: tuple[tuple[Cell, ...], ...] = ()
    """Rows × columns; none unless the outcome is ok."""

    table: Table
    """The response as it was read, whatever its outcome."""

    findings: tuple[str, ...] = ()
    """What an administrator should know."""

    error: ResponseError | None = None
    """Why the response could not be read."""

    file: str = ""
    """What kind of file came in place of data, in words; "" for none."""

    @property
    def verdict(self) -> Verdict:
        """
        What it comes to, without its rows.
        """
        return Verdict(
            outcome=self.outcome,
            sentence=self.sentence,
            decided_by=self.decided_by,
            findings=self.findings,
        )

    def as_view(self, *, webhook: str, attempts: int = 1, took_s: float = 0.0) -> AgentView:
        """
        The same for the agent who asked *webhook* and waited *took_s* seconds.
        """
        return AgentView(
            webhook=webhook,
            outcome=self.outcome,
            sentence=self.sentence,
            status=self.status,
            columns=self.columns,
            rows=self.rows,
            attempts=attempts,
            findings=self.findings,
            took_s=took_s,
            error=self.error,
        )


def interpret(
    response: Response,
    *,
    response_type: ResponseType = ResponseType.AUTO,
    view: View | None = None,
    rules: Sequence[OutcomeRule] = (),
    bounds: Bounds | None = None,
    all_columns: bool = False,
    expects_rows: bool = True,
    values: Mapping[str, object] = NO_VALUES,
) -> Interpretation:
    """
    What *response* means: its outcome, a sentence, and rows where it is ok.

    A response that cannot be read is an outcome too; its error is kept.

    Args:
        response_type: What it should be.

        view: Where its records are and which columns are shown; everything,
            found by itself, where left out.

        rules: What the webhook says about its responses, before the defaults.

        bounds: What reading it may cost.

        all_columns: Every column whatever the view says, and rows whatever
            the outcome is: what an administrator chooses from.

        expects_rows: Whether this is a lookup, which without rows found nothing.

        values: The call's variables, which the rules may ask for too.

    Raises:
        DefinitionError: A path of *view* is none.
    """
    return Interpreter(
        response_type=response_type,
        view=view,
        rules=rules,
        bounds=bounds,
        all_columns=all_columns,
        expects_rows=expects_rows,
    ).interpret(response, values)


class Interpreter:
    """
    `interpret` for the responses of one webhook, with everything that no response changes worked out.
    """

    def __init__(
        self,
        *,
        response_type: ResponseType = ResponseType.AUTO,
        view: View | None = None,
        rules: Sequence[OutcomeRule] = (),
        bounds: Bounds | None = None,
        all_columns: bool = False,
        expects_rows: bool = True,
    ) -> None:
        self._type = response_type
        self._view = view or View()
        self._rules = rules
        self._bounds = bounds or Bounds()
        self._all_columns = all_columns
        self._expects_rows = expects_rows
        self._wants_tree = any(rule.reads_response for rule in rules)
        # Rules, bounds of the caller's own and the choice of columns are reasons to ask every question.
        may_glance = not rules and bounds is None and not all_columns and response_type in _JSON
        self._may_accept = may_glance and not expects_rows and self._view == View()
        self._glance = Glance.over(self._view, expects_rows=expects_rows) if may_glance else None

    def interpret(
        self, response: Response, values: Mapping[str, object] = NO_VALUES, *, until: float = math.inf
    ) -> Interpretation:
        """
        What *response* means.

        Args:
            until: On `time.monotonic`'s clock: how long it may take. A response that is understood
                at a glance is, however late it is.

        Raises:
            TimeoutError: It would have taken longer.
        """
        seen = self._glance.look(response) if self._glance is not None else None
        if seen is None:
            return self._long(response, values, until)
        sentence, path, rows = seen
        return Interpretation(
            status=response.status,
            outcome=Outcome.OK,
            sentence=sentence,
            decided_by=DECIDED_BY,
            columns=self._view.columns,
            rows=rows,
            table=Table(columns=self._view.paths, rows=rows, records=path),
        )

    def judge(
        self, response: Response, values: Mapping[str, object] = NO_VALUES, *, until: float = math.inf
    ) -> tuple[Verdict, ResponseError | None]:
        """
        What *response* means where nobody looks at its rows, and why it could not be read; as `interpret`.
        """
        if self._may_accept and is_accepted(response):
            return ACCEPTED, None
        found = self.interpret(response, values, until=until)
        return found.verdict, found.error

    def view_of(
        self,
        response: Response,
        values: Mapping[str, object],
        *,
        webhook: str,
        attempts: int,
        took_s: float,
        until: float = math.inf,
    ) -> AgentView:
        """
        The same for the agent who asked *webhook* and waited *took_s* seconds.

        Args:
            until: As for `interpret`.

        Raises:
            TimeoutError: It would have taken longer.
        """
        seen = self._glance.look(response) if self._glance is not None else None
        if seen is None:
            found = self._long(response, values, until)
            return found.as_view(webhook=webhook, attempts=attempts, took_s=took_s)
        return make_view(
            outcome=Outcome.OK,
            sentence=seen[0],
            webhook=webhook,
            status=response.status,
            columns=self._view.columns,
            rows=seen[2],
            attempts=attempts,
            took_s=took_s,
        )

    def names_of(self, response: Response, *, until: float = math.inf) -> Mapping[str, object]:
        """
        What the rules of a chain may ask of *response*: `response`, `status`, `headers`, `rows` and `text`.

        Raises:
            TimeoutError: It would have taken longer than *until*.
        """
        reading = read_table(
            response, self._type, self._view, self._until(until), all_columns=False, wants_tree=True
        )
        return _names(response, reading)

    def unread(
        self, response: Response, problem: ResponseError, values: Mapping[str, object] = NO_VALUES
    ) -> Interpretation:
        """
        What *response* means where *problem* keeps it from being read: its status still speaks.
        """
        return self._judged(response, Reading(None, Table(), problem), values)

    def _until(self, until: float) -> Bounds:
        return self._bounds if until == math.inf else replace(self._bounds, until=until)

    def _long(self, response: Response, values: Mapping[str, object], until: float) -> Interpretation:
        bounds = self._until(until)
        bounds.check_time()
        reading = read_table(
            response,
            self._type,
            self._view,
            bounds,
            all_columns=self._all_columns,
            wants_tree=self._wants_tree,
        )
        bounds.check_time()
        return self._judged(response, reading, values)

    def _judged(self, response: Response, reading: Reading, values: Mapping[str, object]) -> Interpretation:
        facts = _facts(
            response,
            reading,
            expects_rows=self._expects_rows,
            expects_data=self._expects_rows or self._type is not ResponseType.AUTO,
        )
        rules = self._rules
        verdict = judge(facts, rules, {**values, **_names(response, reading)} if rules else {})
        keeps_rows = self._all_columns or verdict.outcome is Outcome.OK
        return _shown(response, reading, verdict, self._view, keeps_rows=keeps_rows)


def names_unread(response: Response) -> Mapping[str, object]:
    """
    What the rules of a chain may ask of a response that could not be read.
    """
    return _names(response, Reading(None, Table()))


_JSON = frozenset({ResponseType.AUTO, ResponseType.JSON})


def _facts(response: Response, reading: Reading, *, expects_rows: bool, expects_data: bool) -> Facts:
    document = reading.document
    tree = document.tree if document else None
    is_page = document is not None and document.is_page
    return Facts(
        status=response.status,
        rows=len(reading.table.rows),
        expects_rows=expects_rows,
        expects_data=expects_data,
        complaint=complaint_of(tree),
        is_remark=is_remark_only(tree, root=document.root if document else None),
        words=spoken_of(tree) if response.status >= 400 else "",
        is_page=is_page,
        asks_to_log_in=document is not None and is_page and asks_to_log_in(document.source),
        file=document.file if document else "",
        location=response.header("location") or "",
        problem=str(reading.error) if reading.error else "",
    )


def _names(response: Response, reading: Reading) -> Mapping[str, object]:
    document = reading.document
    return {
        "response": document.tree if document else None,
        "status": response.status,
        "headers": {name.lower(): response.header(name) for name, _ in response.headers},
        "rows": len(reading.table.rows),
        "text": document.text if document else response.body.decode("utf-8", "replace"),
    }


def _shown(
    response: Response, reading: Reading, verdict: Verdict, view: View, *, keeps_rows: bool
) -> Interpretation:
    table = reading.table
    defined = {column.path: column for column in view.columns}
    names = table.columns or tuple(defined)
    return Interpretation(
        status=response.status,
        outcome=verdict.outcome,
        sentence=verdict.sentence,
        decided_by=verdict.decided_by,
        columns=tuple(defined.get(name) or Column(path=name) for name in names),
        rows=table.rows if keeps_rows else (),
        table=table,
        findings=(*_found(response, reading, verdict, keeps_rows=keeps_rows), *verdict.findings),
        error=reading.error,
        file=reading.document.file if reading.document else "",
    )


def _found(response: Response, reading: Reading, verdict: Verdict, *, keeps_rows: bool) -> tuple[str, ...]:
    """
    What of the reading an administrator should know, given what came of it.
    """
    document = reading.document
    if document is None:
        return ()
    if document.is_page and verdict.outcome is Outcome.NO_MATCH:
        return (*document.findings, f"{response.status} came with a web page: the address may be wrong")
    # That columns are not in a refusal or records not in a "not found" is no news.
    is_news = keeps_rows or (verdict.outcome is Outcome.NO_MATCH and response.status < 300)
    return reading.table.findings if is_news and reading.error is None else document.findings
