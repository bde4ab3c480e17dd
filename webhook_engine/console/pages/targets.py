"""
Target systems as they are treated now, and webhooks whose deliveries are kept back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.performing import REASONS
from webhook_engine.queue import State

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.console.visit import Visit

_ROWS = 200


async def targets(visit: Visit) -> web.StreamResponse:
    """
    Breaker states, what waits for each target, and what is kept back.
    """
    engine = visit.console.engine
    report = engine.report()
    if report is None or engine.queue is None:
        return visit.page("no-queue.html", title="Targets")
    stats = await engine.queue.stats()
    treated = {each.target: each for each in report.targets}
    counts = stats.targets
    # What fails comes first, then what has most to do.
    names = sorted(
        {*treated, *counts},
        key=lambda name: (
            treated[name].state == "closed" if name in treated else True,
            -sum(n for state, n in counts.get(name, {}).items() if state not in (State.DONE, State.DEAD)),
            name,
        ),
    )
    return visit.page(
        "targets.html",
        report=report,
        rows=[(name, treated.get(name), counts.get(name, {})) for name in names[:_ROWS]],
        left_out=max(0, len(names) - _ROWS),
        reasons=REASONS,
    )


async def resume(visit: Visit) -> web.StreamResponse:
    """
    Let go what is kept back for a webhook.
    """
    webhook = visit.given("webhook")
    count = await visit.console.engine.resume(webhook)
    waited = "1 delivery goes" if count == 1 else f"{count:,} deliveries go"
    return visit.go("targets", say=f"{webhook} is resumed: {waited} on.")
