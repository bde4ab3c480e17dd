"""
`send`: one request, and what came of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from webhook_engine.cli.console import complain, print_json, print_view
from webhook_engine.cli.exits import of_view
from webhook_engine.cli.inputs import (
    AsJson,
    CallFile,
    File,
    Settings,
    UseTestValues,
    WebhookName,
    call_from,
    load,
)
from webhook_engine.cli.loop import run

if TYPE_CHECKING:
    from webhook_engine.responses import AgentView


def send(
    file: File,
    webhook: WebhookName,
    settings: Settings = [],  # noqa: B006  # typer copies its defaults
    call: CallFile = None,
    test_values: UseTestValues = False,
    as_json: AsJson = False,
) -> None:
    """
    Send a webhook's request for a call, and show the outcome and the table an agent gets.

    Example:  webhook-engine send integration.toml "Contact lookup" --call call.json
    """
    from webhook_engine.engine import Engine

    definitions = load(file)
    context = call_from(settings, call, definitions)

    async def ask() -> AgentView:
        async with Engine(definitions) as engine:
            return await engine.ask(webhook, context, test_values=test_values)

    view = run(ask())
    if as_json:
        print_json(view.to_json())
    elif view.error is not None and view.attempts == 0:
        complain(view.error)
    else:
        print_view(view)
    raise typer.Exit(of_view(view))
