"""
The action that every installation has.
"""

from __future__ import annotations

from typing import Final

from webhook_engine.xml_api.actions import Action, action
from webhook_engine.xml_api.answers import Says


@action("DoNothing", answer=Says("Nothing Done"), deadline_s=None)
async def do_nothing() -> str:
    """
    Does nothing: for trying out whether tenant and key are right.
    """
    return "Nothing Done"


GENERAL: Final[tuple[Action, ...]] = (do_nothing,)
