"""
What agents have before them: windows and tables of their calls, each shown once, moved and withdrawn.
"""

from webhook_engine.pops.board import PopBoard, Ticket
from webhook_engine.pops.bounds import PopBounds
from webhook_engine.pops.mailboxes import Message
from webhook_engine.pops.news import (
    LookupBegun,
    News,
    PopMoved,
    PopWithdrawn,
    Snapshot,
    TableShown,
    WindowOpened,
)
from webhook_engine.pops.pop import Pop
from webhook_engine.pops.shared import SharedBoard

__all__ = [
    "LookupBegun",
    "Message",
    "News",
    "Pop",
    "PopBoard",
    "PopBounds",
    "PopMoved",
    "PopWithdrawn",
    "SharedBoard",
    "Snapshot",
    "TableShown",
    "Ticket",
    "WindowOpened",
]
