"""
`deliveries holds` and `deliveries resume`: webhooks that are kept back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from webhook_engine.cli.console import complain, print_json, print_table
from webhook_engine.cli.exits import Exit
from webhook_engine.cli.inputs import AsJson
from webhook_engine.cli.loop import run
from webhook_engine.cli.operated import operated
from webhook_engine.cli.told import told
from webhook_engine.settings import Settings

if TYPE_CHECKING:
    from webhook_engine.queue import Hold


@told
def holds(settings: Settings, as_json: AsJson = False) -> None:
    """
    Webhooks whose deliveries are kept back, since when, why, and what to do.

    Example:  webhook-engine deliveries holds
    """

    from webhook_engine.performing import REASONS

    async def work() -> list[Hold]:
        async with operated(settings) as deliveries:
            return [each for each in await deliveries.holds() if each.ended is None]

    found = [(each, REASONS.get(each.reason)) for each in run(work())]
    if as_json:
        print_json(
            [
                {
                    "webhook": each.webhook,
                    "reason": each.reason,
                    "since": each.since,
                    "happened": reason and reason.happened,
                    "to_do": reason and reason.to_do,
                }
                for each, reason in found
            ]
        )
        return
    rows = [
        [
            each.webhook,
            each.reason,
            f"{each.since.astimezone():%Y-%m-%d %H:%M:%S}",
            reason.to_do if reason else "",
        ]
        for each, reason in found
    ]
    print_table(["webhook", "reason", "since", "what to do"], rows)


@told
def resume(
    settings: Settings,
    webhook: Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its name.", show_default=False)],
) -> None:
    """
    Let a webhook's deliveries go that are kept back because its target was gone. An edit of it does the same.

    Example:  webhook-engine deliveries resume "Call outcome"
    """

    from webhook_engine.performing import GONE

    async def work() -> int:
        async with operated(settings) as deliveries:
            return await deliveries.resume(webhook, reasons=(GONE,), forget=True)

    count = run(work())
    typer.echo(f"{count:,} {'delivery' if count == 1 else 'deliveries'} let go")
    if not count:
        complain(f"nothing of {webhook!r} is kept back; `webhook-engine deliveries holds` lists what is")
        raise typer.Exit(Exit.FINDINGS)
