"""
`call`: one action of an XML API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from webhook_engine.cli.console import out, print_json, print_table, safe
from webhook_engine.cli.inputs import AsJson
from webhook_engine.cli.loop import run
from webhook_engine.cli.reaching import (
    URL,
    Authorities,
    InsecureHttp,
    KeyFile,
    Tenant,
    Url,
    client,
    fields_of,
)

if TYPE_CHECKING:
    from webhook_engine.xml_api import Reply


def call(
    action: Annotated[str, typer.Argument(help="The action's name, in its case.", show_default=False)],
    tenant: Tenant,
    field: Annotated[
        list[str],
        typer.Option(
            "--field", metavar="NAME=VALUE", help="An input; may be given again.", show_default=False
        ),
    ] = [],  # noqa: B006  # typer copies its defaults
    url: Url = URL,
    api_key_file: KeyFile = None,
    ca_file: Authorities = None,
    insecure_http: InsecureHttp = False,
    as_json: AsJson = False,
) -> None:
    """
    Have an action of an XML API done, and show what it answers.

    Example:  webhook-engine call GetExtensions --tenant Euphoria
    """
    asked = client(url, tenant, key_file=api_key_file, authorities=ca_file, insecure_http=insecure_http)
    inputs = fields_of(iter(field))

    async def work() -> Reply:
        async with asked as opened:
            return await opened.call(action, inputs)

    _show(run(work()), as_json=as_json)


def _show(reply: Reply, *, as_json: bool) -> None:
    if as_json:
        print_json({"text": reply.text, "status": reply.status, "rows": reply.rows})
    elif reply.rows:
        headings = list(dict.fromkeys(name for row in reply.rows for name in row))
        print_table(headings, [[row.get(name) for name in headings] for row in reply.rows])
    elif reply.status:
        print_table(list(reply.status), [list(reply.status.values())])
    else:
        out().print(safe(reply.text or "nothing found"), markup=False)
