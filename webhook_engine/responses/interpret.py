"""
From a response to what the agent sees: the one function the engine calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from .agent_view import AgentView
from .bounds import Bounds
from .complaint import complaint_of, is_remark_only, spoken_of
from .facts import Facts, Outcome
from .glance import DECIDED_BY, glanced
from .outcome import judge
from .reading import read_table
from .response import ResponseType
from .sniff import asks_to_log_in
from .view import Column, View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.errors import ResponseError

    from .outcome import OutcomeRule, Verdict
    from .reading import Reading
    from .response import Response
    from .table import Table
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
    view = view or View()
    if not rules and not all_columns and bounds is None and len(view.columns) > 1 and response_type in _JSON:
        found = glanced(response, view, expects_rows=expects_rows)
        if found is not None:
            return _ok(response, view, *found)
    reading = read_table(
        response,
        response_type,
        view,
        bounds or Bounds(),
        all_columns=all_columns,
        wants_tree=any(rule.reads_response for rule in rules),
    )
    expects_data = expects_rows or response_type is not ResponseType.AUTO
    facts = _facts(response, reading, expects_rows=expects_rows, expects_data=expects_data)
    verdict = judge(facts, rules, {**values, **_names(response, reading)} if rules else {})
    return _shown(response, reading, verdict, view, keeps_rows=all_columns or verdict.outcome is Outcome.OK)


_JSON = frozenset({ResponseType.AUTO, ResponseType.JSON})


def _ok(response: Response, view: View, sentence: str, table: Table) -> Interpretation:
    return Interpretation(
        status=response.status,
        outcome=Outcome.OK,
        sentence=sentence,
        decided_by=DECIDED_BY,
        columns=view.columns,
        rows=table.rows,
        table=table,
    )


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
