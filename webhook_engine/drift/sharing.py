"""
What is learnt of a webhook where many processes look at its responses, as a document that all of them change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.drift.watched import Watched

if TYPE_CHECKING:
    from webhook_engine.drift.column import Drifted
    from webhook_engine.drift.watch import DriftSettings
    from webhook_engine.drift.watched import Seen

UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError)
"""What reading a document that is none raises."""


def taught(
    webhook: str, document: Mapping[str, Any] | None, seen: Seen, settings: DriftSettings
) -> tuple[dict[str, object], list[Drifted]]:
    """
    The document after some more responses, and the findings that they make.

    One of another definition, or one that cannot be read, is begun anew.
    """
    watched = _read(document, settings)
    if watched is None or watched.revision != seen.revision:
        watched = Watched(seen.revision)
    became = set()
    for look, times in seen.runs:
        for _ in range(times):
            became |= set(watched.note(look, streak=settings.streak))
    found = [each for each in watched.findings(webhook) if each.column in became]
    return watched.to_json(), found


def accepted(
    webhook: str,
    document: Mapping[str, Any] | None,
    columns: Collection[str] | None,
    settings: DriftSettings,
) -> tuple[Mapping[str, Any] | None, list[Drifted]]:
    """
    The document in which what has drifted is what is usual, and what was a finding before.

    Args:
        columns: Which; all that have drifted where left out.
    """
    watched = _read(document, settings)
    if watched is None:
        return document, []
    found = [each for each in watched.findings(webhook) if columns is None or each.column in columns]
    watched.accept([each.column for each in found])
    return watched.to_json(), found


def findings_in(webhook: str, document: Mapping[str, Any], settings: DriftSettings) -> list[Drifted]:
    """
    The columns that have drifted, by a document.
    """
    watched = _read(document, settings)
    return [] if watched is None else watched.findings(webhook)


def _read(document: Mapping[str, Any] | None, settings: DriftSettings) -> Watched | None:
    if document is None:
        return None
    try:
        return Watched.from_json(document, most=settings.columns)
    except UNREADABLE:
        return None
