"""
`explain`: why each webhook would or would not start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from webhook_engine.cli.console import out, print_json, print_request, safe
from webhook_engine.cli.exits import Exit, of_error
from webhook_engine.cli.inputs import AsJson, CallFile, File, Settings, call_from, load, one_of
from webhook_engine.errors import EmptyParameter, WebhookDisabled, WebhookEngineError
from webhook_engine.variables import CallEvent, Moment

if TYPE_CHECKING:
    from webhook_engine.dispatch import PreparedRequest
    from webhook_engine.engine import Engine
    from webhook_engine.rules import Match, Start, WebhookTrace

MomentOption = Annotated[
    Moment,
    typer.Option(
        "--event",
        parser=one_of(Moment),
        help="What happens to the call.",
        show_default=False,
        metavar="MOMENT",
    ),
]

_STYLES = {"yes": "green", "wrong": "red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """
    A webhook that starts, and what would be sent.
    """

    start: Start

    request: PreparedRequest | None = None
    """Without its secrets."""

    error: WebhookEngineError | None = None
    """Why there is none."""

    @property
    def is_skipped(self) -> bool:
        """
        Whether nothing is sent, as its author wanted it.
        """
        if isinstance(self.error, WebhookDisabled):
            return True
        return isinstance(self.error, EmptyParameter) and self.error.skips

    def to_json(self) -> dict[str, object]:
        """
        The start, and `request` as `render` prints it or `error`.
        """
        return {
            **self.start.to_json(),
            "request": self.request.to_json() if self.request is not None else None,
            "error": str(self.error) if self.error is not None else None,
        }


def explain(
    file: File,
    event: MomentOption,
    settings: Settings = [],  # noqa: B006  # typer copies its defaults
    call: CallFile = None,
    as_json: AsJson = False,
) -> None:
    """
    Say of each rule and webhook why an event starts it or not, with the values that decide, and what would be
    sent. Sends nothing; secrets are masked.

    Example:  webhook-engine explain integration.toml --event ringing --set CALL_QUEUE=Sales
    """
    from webhook_engine.engine import Engine
    from webhook_engine.rules import RuleSet, why

    definitions = load(file)
    happened = CallEvent(event, call_from(settings, call, definitions), id="explain")
    match = RuleSet(definitions).match(happened)
    engine = Engine(definitions)
    outlooks = [_outlook(engine, start, happened) for start in match.starts]
    webhooks = [why(match.trace, each.name) for each in definitions.webhooks]
    if as_json:
        print_json(_document(match, outlooks, webhooks))
    else:
        _print(match, outlooks, [each for each in webhooks if not each.starts])
    raise typer.Exit(_exit(match, outlooks))


def _outlook(engine: Engine, start: Start, event: CallEvent) -> Outlook:
    if not engine.definitions.webhook(start.webhook).enabled:
        return Outlook(start=start, error=WebhookDisabled(start.webhook))
    try:
        return Outlook(start=start, request=engine.render(start.webhook, start.call(event)))
    except WebhookEngineError as error:
        return Outlook(start=start, error=error)


def _document(match: Match, outlooks: list[Outlook], webhooks: list[WebhookTrace]) -> dict[str, object]:
    return {
        **match.trace.to_json(),
        "starts": [each.to_json() for each in outlooks],
        "webhooks": [each.to_json() for each in webhooks],
    }


def _print(match: Match, outlooks: list[Outlook], others: list[WebhookTrace]) -> None:
    from webhook_engine.rules import explain as lines_of

    console = out()
    for line in lines_of(match.trace):
        console.print(Text(_one_line(str(line)), style=_STYLES.get(line.tone, "")))
    for outlook in outlooks:
        console.print(Text(f"\n{_one_line(outlook.start.webhook)} would send:", style="bold"))
        _print_outlook(outlook)
    if others:
        console.print(Text("\nwould not start:", style="bold"))
    for each in others:
        for because in each.because:
            console.print(Text(_one_line(f"  {each.webhook!r}: {because}")))


def _print_outlook(outlook: Outlook) -> None:
    if outlook.request is not None:
        print_request(outlook.request, indent="  ")
        if outlook.request.route.opens_in_browser:
            out().print("  (opens in the agent's browser; nothing is sent from here)")
        return
    style = "yellow" if outlook.is_skipped else "red"
    out().print(Text(f"  nothing: {_one_line(str(outlook.error))}", style=style))


def _one_line(text: str) -> str:
    return safe(text).replace("\n", " ")


def _exit(match: Match, outlooks: list[Outlook]) -> Exit:
    """
    The code of the worst that was found.
    """
    codes = [of_error(each.error) for each in outlooks if each.error is not None and not each.is_skipped]
    if any(each.because for rule in match.trace.rules for each in rule.starts if each.start is None):
        codes.append(Exit.REFUSED)
    if match.failed:
        codes.append(Exit.FINDINGS)
    return max(codes, default=Exit.OK)
