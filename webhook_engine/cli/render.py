"""
`render`: what would be sent.
"""

from __future__ import annotations

import typer

from webhook_engine.cli.console import print_json, print_request
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


def render(
    file: File,
    webhook: WebhookName,
    settings: Settings = [],  # noqa: B006  # typer copies its defaults
    call: CallFile = None,
    test_values: UseTestValues = False,
    as_json: AsJson = False,
) -> None:
    """
    Show the request that a webhook would send for a call. Sends nothing; secrets are masked.

    Example:  webhook-engine render integration.toml "Contact lookup" --call call.json
    """
    from webhook_engine.engine import Engine

    definitions = load(file)
    shown = Engine(definitions).render(
        webhook, call_from(settings, call, definitions), test_values=test_values
    )
    if as_json:
        print_json(shown.to_json())
        return
    print_request(shown)
    if shown.route.opens_in_browser:
        typer.echo("Opens in the agent's browser; nothing is sent from here.", err=True)
