"""
`read`: a response as a table.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from webhook_engine.cli.console import print_json, print_view
from webhook_engine.cli.exits import of_view
from webhook_engine.cli.inputs import AsJson, BadInput, one_of, read_bytes
from webhook_engine.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Form(StrEnum):
    """
    How to read the bytes.
    """

    AUTO = "auto"
    JSON = "json"
    XML = "xml"
    FORM = "form"
    TEXT = "text"


def read(
    file: Annotated[Path, typer.Argument(help="A saved response; - is standard input.", show_default=False)],
    form: Annotated[
        Form,
        typer.Option(
            "--as",
            parser=one_of(Form),
            metavar="|".join(Form),
            help="How to read it; auto looks at the content.",
        ),
    ] = Form.AUTO,
    records: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Where the records are; found by itself where left out."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Show a saved response as the table that a webhook would make of it.

    Example:  curl -s https://crm.example.com/contacts | webhook-engine read - --records results
    """
    from webhook_engine.responses import Response, ResponseType, View, interpret

    response = Response(status=200, headers=(), body=read_bytes(file), took_s=0.0)
    try:
        found = interpret(response, response_type=ResponseType(form.value), view=View(records=records))
    except DefinitionError as error:
        raise BadInput(f"--records {error.problems[0].message}") from None
    if found.file:
        raise BadInput(f"{file} is neither JSON nor XML nor any text: it is {found.file}")
    if _is_binary(response.body, found.table.rows):
        raise BadInput(f"{file} is neither JSON nor XML nor any text: it holds a byte 0")
    # Nobody sent these bytes, so there is no status to show.
    view = replace(found.as_view(webhook="", attempts=0), status=None)
    if as_json:
        print_json(view.to_json())
    else:
        print_view(view)
    raise typer.Exit(of_view(view))


def _is_binary(body: bytes, rows: Sequence[Sequence[object]]) -> bool:
    """
    Whether all that could be made of a file is one text with a NUL in it; UTF-16 has them too, until it is read.
    """
    cells = [cell for row in rows for cell in row]
    return b"\0" in body and len(cells) == 1 and "\0" in str(cells[0])
