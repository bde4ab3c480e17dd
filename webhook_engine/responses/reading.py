"""
The shortest way from a response to its table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_engine.errors import ResponseError

from .fast_xml import build
from .read import read, read_with
from .stream_xml import Stream
from .table import Table, tabulate

if TYPE_CHECKING:
    from .bounds import Bounds
    from .document import Document
    from .response import Response, ResponseType
    from .view import View


@dataclass(frozen=True, slots=True)
class Reading:
    """
    What could be read of a response.
    """

    document: Document | None
    """None where it could not be read at all."""

    table: Table

    error: ResponseError | None = None
    """Why it could not be read, or not be made a table."""


def read_table(
    response: Response,
    response_type: ResponseType,
    view: View,
    bounds: Bounds,
    *,
    all_columns: bool,
    wants_tree: bool,
) -> Reading:
    """
    The table of *response*, and its document.

    Args:
        all_columns: Every column, whatever the view says.

        wants_tree: Whether somebody looks at the tree. If not, that of a large
            XML document may lack records whose cells were taken already.

    Raises:
        DefinitionError: A path of *view* is none.
    """
    columns = None if all_columns or not view.columns else tuple(column.path for column in view.columns)
    document = None
    try:
        if wants_tree:
            document = read(response, response_type, records=view.records, bounds=bounds)
        elif columns is None:
            document = read_with(build, response, response_type, bounds)
        else:
            stream = Stream(view.records, columns, bounds)
            document = read_with(stream, response, response_type, bounds)
            table = stream.table(document)
            if table is not None:
                return Reading(document, table)
            if stream.is_partial:
                document = read_with(build, response, response_type, bounds)
        return Reading(document, tabulate(document, view.records, columns, bounds=bounds))
    except ResponseError as problem:
        problem.response = response
        return Reading(document, Table(), problem)
