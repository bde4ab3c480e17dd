"""
What recorded responses say about the columns that webhooks select.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from webhook_engine.definitions.linting import Spot
from webhook_engine.drift import Drift, DriftSettings
from webhook_engine.line import Lines
from webhook_engine.responses import Response
from webhook_engine.testing.rehearsal.props import StandIns

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.drift import Drifted
    from webhook_engine.testing.replay import Recorded


def drift_of(definitions: Definitions, recorded: Iterable[Recorded]) -> Drift:
    """
    What the responses that were recorded look like, read as the webhooks read them now.
    """
    drift = Drift(DriftSettings(every_s=0.0))
    lines = Lines(definitions, StandIns(definitions))
    selecting = {each.name for each in definitions.webhooks if each.view.columns and each.type.is_sent}
    for each in recorded:
        for webhook in selecting & each.responses.keys():
            line = lines.of(webhook)
            values: Mapping[str, Any] = lines.values(line, each.event.call)
            for answer in each.responses[webhook]:
                if answer.canned.fault is not None:
                    continue
                response = Response(status=answer.canned.status, headers=answer.headers, body=answer.body)
                view = line.interpreter.view_of(response, values, webhook=webhook, attempts=1, took_s=0.0)
                if view.rows:
                    drift.note(webhook, line.revision, view)
    return drift


def spots_of(definitions: Definitions, drifted: Iterable[Drifted]) -> Iterator[Spot]:
    """
    The same as findings of lint, each at its column; what is of webhooks or columns that are gone is left out.
    """
    for each in drifted:
        if each.webhook not in definitions.index.webhooks:
            continue
        paths = [column.path for column in definitions.webhook(each.webhook).view.columns]
        if each.column in paths:
            inside = ("view", "column", paths.index(each.column), "path")
            yield Spot(
                code=f"column-{each.way}",
                kind="webhook",
                name=each.webhook,
                message=str(each),
                inside=inside,
            )
