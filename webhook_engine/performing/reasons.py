"""
ONE TABLE: why a delivery is dead or kept back, for people: what happened, and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from webhook_engine.performing.crashes import POISON
from webhook_engine.performing.holds import DISABLED, GONE
from webhook_engine.performing.settle import EXHAUSTED

EXPIRED: Final = "expired"
"""As the queue says it."""

DROPPED: Final = "dropped"

SUSPECT: Final = "suspect"


@dataclass(frozen=True, slots=True)
class Reason:
    """
    One reason.
    """

    name: str
    """As the queue keeps it."""

    happened: str
    to_do: str


_ROWS = (
    Reason(
        "agent-refused",
        "The call's extension is no agent any more, or has no credentials of its own in the group.",
        "Add the agent or its credentials, then replay.",
    ),
    Reason(
        EXHAUSTED,
        "Every attempt that counts was made, and none was accepted.",
        "See the last attempts; once the target works, replay. `max_attempts` allows more.",
    ),
    Reason(
        "changed",
        "The webhook leads to another target, group or authentication than when the request was made, "
        "and the new secrets are not for the old target.",
        "Send the event again: the request is made anew.",
    ),
    Reason(
        "credentials-expired",
        "The target or its token URL does not accept the credentials.",
        "Renew them, then replay; nothing of the request has to change.",
    ),
    Reason(
        "deleted",
        "The webhook was deleted, or became a page for the browser.",
        "Nothing, or define it again under its name and replay.",
    ),
    Reason(DROPPED, "An operator gave it up.", "Nothing; it can be replayed."),
    Reason(
        "egress",
        "The address is one that this tenant may not reach.",
        "Where the target is meant, add its network to `allowed_networks`, then replay.",
    ),
    Reason(
        EXPIRED,
        "Its life was over before it could be delivered.",
        "See what it waited for; `expires_s` gives it longer, and a replay another life.",
    ),
    Reason(
        "forbidden",
        "The target answered 403: it knows who asks, and does not allow this.",
        "Have it allowed there, then replay. Where that passes by itself, put 403 into `retry_on`.",
    ),
    Reason(
        "gone",
        "The target answered 410: what the webhook asks for is gone for good.",
        "Edit the webhook; what is kept back then goes there. Replay this one after it, or send its event again.",
    ),
    Reason(
        "not-found",
        "The target answered 404.",
        "Correct the address or the value in it. Where a record only comes later, put 404 into `retry_on`.",
    ),
    Reason(
        POISON,
        "It brought down whatever touched it, three times in a row.",
        "That is a fault of this program: keep the delivery's record and report it.",
    ),
    Reason(
        "redirected",
        "The target answered 301 or 308: it has moved for good.",
        "Put the new address into the webhook, and send the event again.",
    ),
    Reason(
        "refused",
        "The target understood the request and does not want it, by its status, its content or a rule of the webhook.",
        "Read the response in the attempt's record; what is wrong is in the request, so trying again does not help.",
    ),
    Reason(
        SUSPECT,
        "It was in hand at two ends of the process in a row, so it waits for its turn alone.",
        "Nothing: it goes by itself, and is sent once more under the same `Idempotency-Key`.",
    ),
    Reason(
        "template",
        "The request could not be made: a value does not fit where it stands, or an expression failed.",
        "Correct the webhook by the error in the record, and send the event again.",
    ),
    Reason(
        "unusable",
        "The target accepted the request three times, and each time its response could not be used.",
        "It may have acted. See the response; an outcome rule can say what it means.",
    ),
    Reason(
        DISABLED,
        "Its webhook says `enabled = false`.",
        "Enable the webhook; what waits then goes.",
    ),
    Reason(
        GONE,
        "Its webhook's target answered 410 to an earlier delivery.",
        "Edit the webhook, or resume it where the target is back as it was.",
    ),
)

REASONS: Final[Mapping[str, Reason]] = MappingProxyType({row.name: row for row in _ROWS})
"""Every reason by its name; an operator may drop deliveries for another of their own."""
