"""
`explain`: why each webhook would or would not start, and why a delivery became what it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from webhook_engine.cli.console import out, print_json, safe
from webhook_engine.cli.exits import Exit, of_error
from webhook_engine.cli.inputs import AsJson, BadInput, CallFile, Settings, call_from, load, one_of
from webhook_engine.variables import CallEvent, Moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from webhook_engine.explaining import Explanation

File = Annotated[
    Path | None, typer.Argument(help="A definitions file, or a folder of them.", show_default=False)
]
MomentOption = Annotated[
    Moment | None,
    typer.Option(
        "--event",
        parser=one_of(Moment),
        help="What happens to the call.",
        show_default=False,
        metavar="MOMENT",
    ),
]
DeliveryOption = Annotated[
    str | None,
    typer.Option(
        "--delivery",
        metavar="ID",
        help="Explain this delivery instead, by its record: of the running process, or in the deliveries' file.",
        show_default=False,
    ),
]
RecordedOption = Annotated[
    str | None,
    typer.Option(
        "--recorded",
        metavar="EVENT",
        help="Explain this recorded event instead, with every lookup, window and delivery that it started.",
        show_default=False,
    ),
]
SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        help="With --delivery or --recorded: the settings file.",
        show_default=False,
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database", metavar="URL", help="With --delivery or --recorded: the store.", show_default=False
    ),
]
Tenant = Annotated[
    str | None,
    typer.Option(
        "--tenant",
        metavar="NAME",
        help="With --delivery or --recorded: whose.",
        show_default=False,
    ),
]

_STYLES = {"yes": "green", "wrong": "red"}


def explain(
    file: File = None,
    event: MomentOption = None,
    settings: Settings = [],  # noqa: B006  # typer copies its defaults
    call: CallFile = None,
    delivery: DeliveryOption = None,
    recorded: RecordedOption = None,
    settings_file: SettingsFile = None,
    database: Database = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
) -> None:
    """
    Say of each rule and webhook why an event starts it or not, with the values that decide, where each variable
    comes from, and what would be sent. With --delivery the same of what was sent, with each attempt; with
    --recorded of all that a recorded event started, lookups and windows too. Sends nothing; secrets are masked.

    Example:  webhook-engine explain integration.toml --event ringing --set CALL_QUEUE=Sales

    Example:  webhook-engine explain --delivery 376330663561353200000000e3762941024f445c8026b1073dc08af1
    """
    if delivery is not None or recorded is not None:
        if delivery is not None and recorded is not None:
            raise BadInput("--delivery and --recorded: one of them")
        if event is not None or settings or call is not None:
            option = "--delivery" if delivery is not None else "--recorded"
            raise BadInput(f"{option} has its own event: leave out --event, --set and --call")
        flags = {"database": database, "tenant": tenant}
        _print_recorded(delivery, recorded, file, settings_file, flags, as_json=as_json)
        return
    if file is None or event is None:
        raise BadInput("say what to explain: a FILE and --event MOMENT, --delivery ID, or --recorded EVENT")
    explanation = _dry_run(file, event, settings, call)
    if as_json:
        print_json(explanation.to_json())
    else:
        from webhook_engine.explaining import lines_of

        _print((each.depth, each.text, each.tone) for each in lines_of(explanation))
    raise typer.Exit(_exit(explanation))


def _dry_run(file: Path, moment: Moment, settings: list[str], call: Path | None) -> Explanation:
    from webhook_engine.engine import Engine
    from webhook_engine.explaining import explain_event

    definitions = load(file)
    event = CallEvent(moment, call_from(settings, call, definitions), id="explain")
    return explain_event(Engine(definitions), event)


def _print_recorded(
    delivery: str | None,
    recorded: str | None,
    file: Path | None,
    settings_file: Path | None,
    flags: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    from webhook_engine.cli.explained import explained, recalled
    from webhook_engine.cli.loop import run
    from webhook_engine.settings import Settings as ProcessSettings

    settings = ProcessSettings.load(settings_file, flags=flags)
    given = load(file) if file is not None else None
    if delivery is not None:
        document = run(explained(settings, delivery, given))
    else:
        document = run(recalled(settings, str(recorded), given))
    lines = document.pop("lines")
    if as_json:
        print_json(document)
    else:
        _print((each["depth"], each["text"], each["tone"]) for each in lines)


def _print(lines: Iterable[tuple[int, str, str]]) -> None:
    console = out()
    for depth, text, tone in lines:
        style = "bold" if depth == 0 and text.endswith(":") else _STYLES.get(tone, "")
        console.print(Text("  " * depth + safe(text).replace("\n", " "), style=style))


def _exit(explanation: Explanation) -> Exit:
    """
    The code of the worst that was found.
    """
    starts, rules = explanation.starts, explanation.trace.rules
    codes = [of_error(each.error) for each in starts if each.error is not None and not each.is_skipped]
    if any(each.because for rule in rules for each in rule.starts if each.start is None):
        codes.append(Exit.REFUSED)
    if any(rule.error is not None for rule in rules):
        codes.append(Exit.FINDINGS)
    return max(codes, default=Exit.OK)
