"""
`deliveries`: seen, replayed, dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.text import Text

from webhook_engine.cli.choosing import Choice
from webhook_engine.cli.console import out, print_json, print_table, safe
from webhook_engine.cli.exits import Exit
from webhook_engine.cli.inputs import AsJson, BadInput
from webhook_engine.cli.loop import run
from webhook_engine.cli.operated import operated
from webhook_engine.cli.told import told
from webhook_engine.queue import State
from webhook_engine.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from webhook_engine.cli.operated import Operated
    from webhook_engine.queue import DeliveryReport

    Deed = Callable[["Operated", Sequence[str]], Awaitable[int]]

app = typer.Typer(
    help="See deliveries, replay those that failed, drop those that wait.\n\n"
    "Example:  webhook-engine deliveries list --state dead",
    no_args_is_help=True,
)

_AT_ONCE: Final = 500

Webhook = Annotated[str | None, typer.Option(metavar="NAME", help="Of this webhook.", show_default=False)]
Target = Annotated[
    str | None, typer.Option(metavar="HOST:PORT", help="For this target system.", show_default=False)
]
InState = Annotated[
    str | None,
    typer.Option("--state", metavar="STATE", help=f"One of {', '.join(State)}.", show_default=False),
]
Event = Annotated[str | None, typer.Option(metavar="ID", help="Of this event.", show_default=False)]
Since = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Put then or later: a time, or 30m, 2h, 3d ago.", show_default=False),
]
Until = Annotated[
    str | None, typer.Option(metavar="TIME", help="Put before; as --since.", show_default=False)
]
Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="These.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="Every one, where no filter is given.")]


@app.command("list")
@told
def list_(
    settings: Settings,
    webhook: Webhook = None,
    target: Target = None,
    state: InState = None,
    event: Event = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(metavar="NUMBER", min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """
    Deliveries, the newest first; with --state, those that came into it last first.

    Example:  webhook-engine deliveries list --webhook "Call outcome" --state dead --since 2h
    """
    choice = Choice.of(webhook=webhook, target=target, state=state, event=event, since=since, until=until)
    found = run(_listed(settings, choice, limit))
    if as_json:
        from webhook_engine.service.deliveries import document_of

        print_json([document_of(each) for each in found[:limit]])
        return
    rows = [
        [
            each.id,
            each.state,
            each.webhook,
            each.target,
            f"{each.put_at.astimezone():%Y-%m-%d %H:%M:%S}",
            each.attempts,
            each.reason,
        ]
        for each in found[:limit]
    ]
    print_table(["delivery", "state", "webhook", "target", "put", "attempts", "reason"], rows)
    if len(found) > limit:
        typer.echo(f"There are more than {limit}: --limit shows more of them, filters fewer.", err=True)


async def _listed(settings: Settings, choice: Choice, limit: int) -> list[DeliveryReport]:
    found: list[DeliveryReport] = []
    async with operated(settings) as deliveries:
        async for page in choice.pages(deliveries, choice.state):
            found += page
            if len(found) > limit:
                break
    return found


@app.command()
@told
def show(
    settings: Settings,
    delivery: Annotated[str, typer.Argument(metavar="ID", help="The delivery's.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """
    One delivery with each of its attempts: what was sent and what came back, secrets masked.

    Example:  webhook-engine deliveries show 376330663561353200000000e3762941024f445c8026b1073dc08af1
    """

    async def work() -> DeliveryReport:
        async with operated(settings) as deliveries:
            return await deliveries.show(delivery)

    report = run(work())
    from webhook_engine.service.deliveries import document_of

    document = document_of(report) | {
        "call": _event_of(report).get("call"),
        "records": [
            {
                "number": each.number,
                "at": each.at,
                "outcome": each.outcome,
                "status": each.status,
                "took_s": each.took_s,
                "detail": each.detail,
            }
            for each in report.records
        ],
    }
    if as_json:
        print_json(document)
    else:
        _print(report)


@app.command()
@told
def replay(
    settings: Settings,
    ids: Ids = None,
    webhook: Webhook = None,
    target: Target = None,
    state: InState = None,
    event: Event = None,
    since: Since = None,
    until: Until = None,
    everything: All = False,
) -> None:
    """
    Offer deliveries again that are dead, or done where --state says so; each with the Idempotency-Key it had.

    Example:  webhook-engine deliveries replay --target crm.example.com:443 --since 2h
    """
    choice = Choice.of(webhook=webhook, target=target, state=state, event=event, since=since, until=until)
    if choice.state not in {None, State.DEAD, State.DONE}:
        raise BadInput(f"--state {choice.state}: only what is dead or done can be replayed")
    states = (choice.state or State.DEAD,)
    count = run(
        _in_bulk(settings, ids or [], choice, states, lambda queue, these: queue.revive(these), everything)
    )
    _tell(count, "offered again")


@app.command()
@told
def drop(
    settings: Settings,
    ids: Ids = None,
    webhook: Webhook = None,
    target: Target = None,
    state: InState = None,
    event: Event = None,
    since: Since = None,
    until: Until = None,
    everything: All = False,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, for whoever looks at them later.")
    ] = "dropped",
) -> None:
    """
    Give up deliveries that wait. They are dead then, and can be replayed.

    Example:  webhook-engine deliveries drop --webhook "Call outcome" --until 1d --reason "the CRM was moved"
    """
    choice = Choice.of(webhook=webhook, target=target, state=state, event=event, since=since, until=until)
    if choice.state in {State.LEASED, State.DONE, State.DEAD}:
        raise BadInput(f"--state {choice.state}: only what waits can be dropped")
    # What is held first: it would move on with the first of its call that is dropped.
    waiting = (State.HELD, State.WAITING, State.AGAIN, State.READY)
    states = waiting if choice.state is None else (choice.state,)

    def deed(queue: Operated, these: Sequence[str]) -> Awaitable[int]:
        return queue.drop(these, reason=reason)

    _tell(run(_in_bulk(settings, ids or [], choice, states, deed, everything)), "dropped")


async def _in_bulk(
    settings: Settings, ids: list[str], choice: Choice, states: Sequence[State], deed: Deed, everything: bool
) -> int:
    """
    How many it was done for.
    """
    if bool(ids) + everything + (not choice.is_everything) != 1:
        raise BadInput("say which: either by their ids, or by filters, or --all of them")
    done = 0
    async with operated(settings) as deliveries:
        with Console(stderr=True).status("") as status:
            if ids:
                return sum([await deed(deliveries, some) for some in _parts(ids)])
            for state in states:
                async for page in choice.pages(deliveries, state):
                    for some in _parts([each.id for each in page]):
                        done += await deed(deliveries, some)
                        status.update(f"{done:,} deliveries")
    return done


def _parts(ids: list[str]) -> list[list[str]]:
    return [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]


def _tell(count: int, what: str) -> None:
    typer.echo(f"{count:,} {'delivery' if count == 1 else 'deliveries'} {what}")
    if not count:
        raise typer.Exit(Exit.FINDINGS)


# --- As it is shown ----------------------------------------------------------------------------------


def _event_of(report: DeliveryReport) -> dict[str, Any]:
    event = report.reference.get("event")
    return event if isinstance(event, dict) else {}


def _print(report: DeliveryReport) -> None:
    from webhook_engine.service.deliveries import document_of

    console = out()
    for name, value in document_of(report).items():
        if value not in ("", None):
            console.print(Text.assemble((f"{name:<10}", "cyan"), safe(str(value))))
    for each in report.records:
        status = "" if each.status is None else f" (status {each.status})"
        took = f"{each.at.astimezone():%H:%M:%S}, {each.took_s:.3f} s"
        console.print(Text.assemble((f"attempt {each.number}  ", "bold"), f"{each.outcome}{status}  {took}"))
        for line in _told_of(each.detail):
            console.print(Text(f"  {safe(line)}"))


def _told_of(detail: Any) -> list[str]:
    request, response, error = (detail.get(name) or {} for name in ("request", "response", "error"))
    lines = [detail["sentence"]] if detail.get("sentence") else []
    if request:
        lines += [f"{request['method']} {request['url']}", *str(request.get("body", "")).splitlines()]
    if response:
        lines += [f"<- {response['status']}", *str(response.get("body", "")).splitlines()[:20]]
    if error:
        lines.append(f"{error['kind']}: {error['message']}")
    return lines
