"""
What `doctor` says of the deliveries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from webhook_engine.cli.store_health import Diagnosis, rights
from webhook_engine.errors import QueueError
from webhook_engine.queue import Examination, Hold, State, examine
from webhook_engine.queue.delivery import OPEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook_engine.settings import Settings

_SUBJECT: Final = "deliveries"

_LONG_S: Final = 3600.0
"""What may go and has waited longer is worth a note: nobody sends it."""

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


async def look_at_deliveries(settings: Settings, *, fix: bool) -> tuple[Diagnosis, ...]:
    """
    The delivery queue's size, what waits in it and why, and whether its file is whole; whoever has it.

    Args:
        fix: Whether to close the files to other users.
    """
    found = [] if settings.is_shared else [*_rights(settings, fix=fix)]
    name = settings.database_name if settings.is_shared else str(settings.deliveries_path)
    try:
        examination = await examine(settings.deliveries)
    except QueueError as error:
        return (*found, Diagnosis("wrong", _SUBJECT, str(error)))
    if examination is None:
        found.append(Diagnosis("note", _SUBJECT, f"there are none yet in {name}; the first process makes it"))
        return tuple(found)
    return (*found, *_told(examination, name, is_file=not settings.is_shared))


def _rights(settings: Settings, *, fix: bool) -> Iterator[Diagnosis]:
    path = settings.deliveries_path
    for each in (path, path.with_name(f"{path.name}-wal")):
        yield from rights(each, _SUBJECT, fix=fix)


def _told(examination: Examination, name: str, *, is_file: bool) -> Iterator[Diagnosis]:
    stats = examination.stats
    size = _megabytes(stats.file_bytes)
    if stats.wal_bytes:
        size += f" and {_megabytes(stats.wal_bytes)} in its write-ahead log"
    waiting = sum(stats.states.get(each, 0) for each in OPEN)
    dead, done = stats.states.get(State.DEAD, 0), stats.states.get(State.DONE, 0)
    counts = f"{waiting:,} waiting, {dead:,} dead, {done:,} done"
    yield Diagnosis("ok", _SUBJECT, f"{name}: schema {examination.schema}, {size}; {counts}")
    if stats.oldest_ready_s >= 1:
        yield Diagnosis(
            "note" if stats.oldest_ready_s > _LONG_S else "ok",
            _SUBJECT,
            f"the oldest that may go was put {_length(stats.oldest_ready_s)} ago",
        )
    if dead:
        advice = "`webhook-engine deliveries list --state dead` tells why"
        yield Diagnosis("note", _SUBJECT, f"{dead:,} dead; {advice}")
    yield from (_held(each) for each in examination.holds if each.ended is None)
    if is_file:
        yield _whole(examination, name)


def _held(hold: Hold) -> Diagnosis:
    # It brings the wire along, which commands that only read pay nothing for.
    from webhook_engine.performing import REASONS

    reason = REASONS.get(hold.reason)
    why = f"{reason.happened} {reason.to_do}" if reason else ""
    since = f"{hold.since.astimezone():%Y-%m-%d %H:%M:%S}"
    return Diagnosis(
        "note", f"webhook {hold.webhook}", f"is kept back since {since}: {hold.reason}. {why}".rstrip()
    )


def _whole(examination: Examination, name: str) -> Diagnosis:
    if examination.damage is not None:
        detail = (
            f"{name} is damaged: {examination.damage}; stop its process, move the file away, and put a copy back "
            "or let a new one be made"
        )
        return Diagnosis("wrong", _SUBJECT, detail)
    if not examination.is_whole:
        return Diagnosis("ok", _SUBJECT, f"nothing is damaged in the part of {name} that was looked through")
    return Diagnosis("ok", _SUBJECT, "nothing in the file is damaged")


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"


def _length(seconds: float) -> str:
    size, unit = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    return f"{seconds / size:.0f} {unit}"
