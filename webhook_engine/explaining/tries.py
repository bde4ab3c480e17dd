"""
What the record of an attempt says, under names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from webhook_engine.queue import AttemptReport


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptTrace:
    """
    One attempt of a delivery.
    """

    number: int

    outcome: str
    """An `Outcome`, or the word for what went wrong before there was one."""

    status: int | None

    at: datetime | None = None
    took_s: float | None = None
    """Both None where only responses are recorded."""

    sentence: str = ""
    """What the outcome says to people."""

    decided_by: str = ""
    """The outcome rule that decided, or `default: …`; empty where no response was judged."""

    addresses: tuple[str, ...] = ()
    """Dialled, in order, with why where one was refused; none where an open connection was used again."""

    chosen: str | None = None
    """The address that took the connection; None where nothing was dialled or nothing answered."""

    redirects: tuple[str, ...] = ()
    error: str = ""

    settled: str = "done"
    """`done`, `retry`, `dead` or `release`."""

    why: str = ""
    """The line of the table that decided so; empty of what was accepted."""

    wait_s: float | None = None
    """Until the next attempt."""

    @classmethod
    def of(cls, report: AttemptReport) -> AttemptTrace:
        """
        The same, read from a record.
        """
        detail: Mapping[str, Any] = report.detail
        follows: Mapping[str, Any] = detail.get("follows") or {}
        error: Mapping[str, Any] = detail.get("error") or {}
        addresses = tuple(detail.get("addresses", ()))
        return cls(
            number=report.number,
            at=report.at,
            outcome=report.outcome,
            status=report.status,
            took_s=report.took_s,
            sentence=detail.get("sentence", ""),
            decided_by=detail.get("decided_by", ""),
            addresses=addresses,
            chosen=_chosen(addresses, answered=report.status is not None),
            redirects=tuple(detail.get("redirects", ())),
            error=f"{error['kind']}: {error['message']}" if error else "",
            settled=follows.get("settled", "done"),
            why=follows.get("why", ""),
            wait_s=follows.get("wait_s"),
        )

    def to_json(self) -> dict[str, object]:
        """
        Every fact under its name, JSON-ready.
        """
        return {
            "number": self.number,
            "at": self.at.isoformat() if self.at is not None else None,
            "outcome": self.outcome,
            "status": self.status,
            "took_s": self.took_s,
            "sentence": self.sentence,
            "decided_by": self.decided_by,
            "addresses": list(self.addresses),
            "address": self.chosen,
            "redirects": list(self.redirects),
            "error": self.error,
            "settled": self.settled,
            "why": self.why,
            "wait_s": self.wait_s,
        }


def _chosen(addresses: tuple[str, ...], *, answered: bool) -> str | None:
    # One that was refused has its reason behind it; an address of IPv6 holds colons, and no blank.
    dialled = [each for each in addresses if " " not in each]
    return dialled[-1] if dialled and answered else None
