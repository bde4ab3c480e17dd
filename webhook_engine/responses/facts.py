"""
What an outcome is judged by.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """
    What became of a request.
    """

    OK = "ok"
    NO_MATCH = "no-match"
    REFUSED = "refused"
    TARGET_FAILED = "target-failed"
    CREDENTIALS_EXPIRED = "credentials-expired"

    SKIPPED = "skipped"
    """Nothing was sent because nothing was to be sent; never judged from a response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    What there is to know of a response.
    """

    status: int

    rows: int = 0
    """Records found."""

    expects_rows: bool = True
    """Whether this was a lookup: without rows it found nobody."""

    expects_data: bool = True
    """Whether a page for a browser, or a file, cannot be what was wanted."""

    complaint: str | None = None
    """The words of a response that is an error and nothing else."""

    is_remark: bool = False
    """Whether it tells something about itself and nothing else, so that a record of it is none."""

    words: str = ""
    """What it says of itself, error or not."""

    is_page: bool = False
    asks_to_log_in: bool = False

    file: str = ""
    """What kind of file came in place of data; "" for none."""

    location: str = ""
    """Where a redirect leads."""

    problem: str = ""
    """Why it could not be read; "" where it could."""
