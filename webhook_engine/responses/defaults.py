"""
ONE TABLE: the outcome where no rule of the webhook decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from .facts import Facts, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SENTENCES: Final[Mapping[Outcome, str]] = {
    Outcome.OK: "The target system answered.",
    Outcome.NO_MATCH: "The target system found nothing.",
    Outcome.REFUSED: "The target system refused the request.",
    Outcome.TARGET_FAILED: "The target system could not answer.",
    Outcome.CREDENTIALS_EXPIRED: "The target system does not accept these credentials any more.",
    Outcome.SKIPPED: "Nothing was sent.",
}
"""For the agent, where nobody said anything better."""

UNASKED: Final = (
    "The target system answered, but what it says cannot be judged: "
    "a rule of this webhook does not fit the response. Please tell an administrator."
)
"""For the agent, where a rule that could have told a failure could not be asked."""


@dataclass(frozen=True, slots=True)
class Default:
    """
    One line of the table.
    """

    name: str
    holds: Callable[[Facts], bool]
    outcome: Outcome
    say: Callable[[Facts], str]


# RFC 9110, 15.5: Python knew these by their older names until 3.13.
_RENAMED: Final[Mapping[int, str]] = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


def _named(status: int) -> str:
    try:
        return f"{status} {_RENAMED.get(status) or HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _with_reason(sentence: str, reason: str | None) -> str:
    return f"{sentence}: {reason}" if reason else f"{sentence}."


@lru_cache(maxsize=256)
def answered(rows: int, *, expects_rows: bool) -> str:
    """
    The sentence of a response that is ok.
    """
    if not expects_rows:
        return "The target system accepted the request."
    return "Found 1 record." if rows == 1 else f"Found {rows:,} records."


# 408 and 425 ask to come back, 407 is the proxy's, 429 is a limit: none of them is about this request.
_NOT_ABOUT_THE_REQUEST = frozenset({407, 408, 425, 429})


def _found_none(facts: Facts) -> bool:
    return facts.expects_rows and (not facts.rows or facts.is_remark or facts.complaint is not None)


ANSWERED: Final = "answered"

DEFAULTS: Final = (
    Default(
        "unauthorised",
        lambda it: it.status == 401,
        Outcome.CREDENTIALS_EXPIRED,
        lambda it: _with_reason("The target system does not accept the credentials (401)", it.words),
    ),
    Default(
        "redirect",
        lambda it: it.status < 200 or 300 <= it.status < 400,
        Outcome.TARGET_FAILED,
        lambda it: (
            f"The target system sent the request elsewhere ({it.status}), to {it.location}, "
            "which this webhook does not follow."
            if it.location
            else f"The target system gave no answer of its own ({_named(it.status)})."
        ),
    ),
    Default(
        "not found",
        lambda it: _found_none(it) and it.status in {404, 410},
        Outcome.NO_MATCH,
        lambda it: _with_reason(f"The target system found nothing ({it.status})", it.complaint),
    ),
    Default(
        "target failed",
        lambda it: it.status >= 500 or it.status in _NOT_ABOUT_THE_REQUEST,
        Outcome.TARGET_FAILED,
        lambda it: _with_reason(f"The target system failed ({_named(it.status)})", it.words),
    ),
    Default(
        "refused",
        lambda it: it.status >= 400 and not (it.status in {404, 410} and it.expects_rows),
        Outcome.REFUSED,
        lambda it: _with_reason(f"The target system refused the request ({_named(it.status)})", it.words),
    ),
    Default(
        "unreadable",
        lambda it: bool(it.problem),
        Outcome.TARGET_FAILED,
        lambda it: f"The target system answered, but {it.problem}.",
    ),
    Default(
        "error in the content",
        lambda it: it.complaint is not None,
        Outcome.REFUSED,
        lambda it: _with_reason("The target system refused the request", it.complaint),
    ),
    Default(
        "log-in page",
        lambda it: it.is_page and it.asks_to_log_in,
        Outcome.CREDENTIALS_EXPIRED,
        lambda _: (
            "The target system answered with its log-in page: the credentials are not accepted any more."
        ),
    ),
    Default(
        "page instead of data",
        lambda it: it.is_page and it.expects_data,
        Outcome.TARGET_FAILED,
        lambda _: "The target system answered with a web page where data was expected.",
    ),
    Default(
        "file instead of data",
        lambda it: bool(it.file) and it.expects_data,
        Outcome.TARGET_FAILED,
        lambda it: f"The target system answered with {it.file} where data was expected.",
    ),
    Default(
        "nothing found",
        lambda it: it.expects_rows and not it.rows,
        Outcome.NO_MATCH,
        lambda _: SENTENCES[Outcome.NO_MATCH],
    ),
    Default(
        ANSWERED,
        lambda _: True,
        Outcome.OK,
        lambda it: answered(it.rows, expects_rows=it.expects_rows),
    ),
)
"""The first line that holds decides; the last one always does."""
