"""
What somebody else saved while a page was looked at, told before anything is done to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from webhook_engine.console import forms
from webhook_engine.console.rendering import spelled

if TYPE_CHECKING:
    from webhook_engine.console.saving import Conflict
    from webhook_engine.console.visit import Visit

_NAMED: Final = 5
"""Fields that are named; the message travels in a cookie."""


def seen_in(visit: Visit) -> int:
    """
    The revision that the page with this form showed; 0 where the form does not say.
    """
    stated = forms.whole(visit.given("based_on"))
    return stated if isinstance(stated, int) else 0


def why_not(name: str, conflict: Conflict) -> str:
    """
    Why *name* was left as it is, where the page it was to be deleted from is not true any more.
    """
    entry = conflict.entry
    if conflict.is_gone:
        return f"{name} was deleted or renamed already."
    changed = [spelled(each.path) for each in conflict.differences]
    more = "" if len(changed) <= _NAMED else f" and {len(changed) - _NAMED} more"
    return (
        f"{name} was not deleted: {entry.saved_by} changed it meanwhile (revision {entry.number}): "
        f"{', '.join(changed[:_NAMED])}{more}. This is how it is now."
    )
