"""
Messages that are no events: set aside where a person can look at them, and given out no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from webhook_engine import log
from webhook_engine.nats.connecting import TROUBLE
from webhook_engine.nats.names import refused_subject_of
from webhook_engine.nats.preparing import API_S

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

WHY: Final = "Webhook-Engine-Why"
CUT: Final = "Webhook-Engine-Cut"

_MOST_BYTES: Final = 256 * 2**10
"""Kept of a message."""

_MOST_OF_WHY: Final = 2_000

_AGAIN_S: Final = 5.0


async def refuse(client: Client, tenant: str, message: Msg, *, why: str, where: str) -> bool:
    """
    Whether it is set aside now. Where it could not be kept it stays where it was, and comes again.
    """
    sequence = message.metadata.sequence.stream
    headers = {
        WHY: _as_header(why),
        "Nats-Msg-Id": f"{sequence}-{message.metadata.timestamp.timestamp():.6f}",
    }
    if len(message.data) > _MOST_BYTES:
        headers[CUT] = f"{len(message.data)} bytes"
    try:
        kept = message.data[:_MOST_BYTES]
        await client.jetstream(timeout=API_S).publish(refused_subject_of(tenant), kept, headers=headers)
        await message.term()
    except TROUBLE as error:
        log.event("event.unrefused", subject=message.subject, sequence=sequence, why=type(error).__name__)
        await give_back(message, delay_s=_AGAIN_S)
        return False
    log.event("event.refused", subject=message.subject, sequence=sequence, where=where)
    return True


async def give_back(message: Msg, *, delay_s: float = 0.0) -> None:
    """
    Have it given out again, to whichever process asks; without a connection that happens by itself.
    """
    try:
        await message.nak(delay=delay_s or None)
    except TROUBLE:
        return  # nobody acknowledged it, so it comes again


def _as_header(text: str) -> str:
    line = " ".join(text.split())[:_MOST_OF_WHY]
    return line.encode("ascii", "backslashreplace").decode()
