"""
What a target system answered: bytes, a tree, a table, and what it means.
"""

from .agent_view import AgentView, json_cell
from .bounds import Bounds
from .document import Document
from .facts import Facts, Outcome
from .interpret import Interpretation, Interpreter, interpret, names_unread
from .outcome import OutcomeRule, Verdict, judge
from .path import read_path, write_path
from .read import read
from .response import Response, ResponseType, make_response
from .table import Table, tabulate
from .tree import Cell, Node
from .view import Column, View

__all__ = [
    "AgentView",
    "Bounds",
    "Cell",
    "Column",
    "Document",
    "Facts",
    "Interpretation",
    "Interpreter",
    "Node",
    "Outcome",
    "OutcomeRule",
    "Response",
    "ResponseType",
    "Table",
    "Verdict",
    "View",
    "interpret",
    "json_cell",
    "judge",
    "make_response",
    "names_unread",
    "read",
    "read_path",
    "tabulate",
    "write_path",
]
