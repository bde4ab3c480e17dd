"""
ONE TABLE of exit codes.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from webhook_engine.errors import (
    ActionRefused,
    AgentRefused,
    EgressRefused,
    LimitExceeded,
    ResponseError,
    SecretMissing,
    TemplateError,
    TransportError,
    WebhookEngineError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webhook_engine.responses import AgentView


class Exit(IntEnum):
    """
    What a command's exit code says.
    """

    OK = 0
    """Done; for `send`, the target system did what was asked."""

    FINDINGS = 1
    """`check` or `doctor` found something, or a test failed; `replay-draft` found a difference; `send` found no
    match; `explain` a condition that fails; `emit` wrong lines; `deliveries` none to replay or drop;
    `calls` none to forget."""

    UNREADABLE = 2
    """A file, an option or a value could not be read; nothing was done."""

    REFUSED = 3
    """We or the target system said no: an agent, an address, a value, a key."""

    TARGET_FAILED = 4
    """The target system gave no answer that could be used."""

    BROKEN = 70
    """A mistake of this program, not of its user."""

    UNWRITABLE = 74
    """The output could not be written; what the command does may be done all the same."""

    INTERRUPTED = 130
    """Stopped from the keyboard."""


OF_OUTCOME: Mapping[str, Exit] = {
    "ok": Exit.OK,
    "no-match": Exit.FINDINGS,
    "skipped": Exit.FINDINGS,
    "refused": Exit.REFUSED,
    "credentials-expired": Exit.REFUSED,
    "target-failed": Exit.TARGET_FAILED,
}

# The first class that an error is one of decides.
_OF_ERROR: tuple[tuple[type[WebhookEngineError], Exit], ...] = (
    (AgentRefused, Exit.REFUSED),
    (EgressRefused, Exit.REFUSED),
    (SecretMissing, Exit.REFUSED),
    (LimitExceeded, Exit.REFUSED),
    (TemplateError, Exit.REFUSED),
    (ActionRefused, Exit.REFUSED),
    (TransportError, Exit.TARGET_FAILED),
    (ResponseError, Exit.TARGET_FAILED),
)


def of_error(error: WebhookEngineError) -> Exit:
    """
    The exit code of a command that ended with this error.
    """
    return next((code for kind, code in _OF_ERROR if isinstance(error, kind)), Exit.UNREADABLE)


def of_view(view: AgentView) -> Exit:
    """
    The exit code of a command that shows this view.
    """
    return OF_OUTCOME[view.outcome]
