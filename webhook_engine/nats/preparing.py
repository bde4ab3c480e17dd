"""
The streams and consumers as they must be: looked at by who needs them, made and changed by `doctor --fix` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.errors import NatsError, NatsUnavailable
from webhook_engine.nats.connecting import TROUBLE
from webhook_engine.nats.counting import keepers
from webhook_engine.nats.names import EVENTS, REFUSED, consumer_of, subject_of

from nats.js import api  # isort: skip  # what is missing without the extra is told by the line above
from nats.js.errors import NotFoundError  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nats.aio.client import Client
    from nats.js import JetStreamContext

API_S: Final = 5.0

ACK_WAIT_S: Final = 10.0
"""After so long without an acknowledgement another worker is given a message: longer than a commit may take."""

_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Finding:
    """
    A stream or a consumer that was looked at.
    """

    what: str
    """`stream EVENTS`."""

    wrong: str = ""
    """How it is not as it must be; "" where it is."""

    done: str = ""
    """What was done about it."""


def _streams(replicas: int | None) -> tuple[api.StreamConfig, ...]:
    """
    Args:
        replicas: None where it does not matter how many a stream has.
    """
    return (
        api.StreamConfig(
            name=EVENTS,
            subjects=["events.*"],
            # What was taken is in the database; what was not must not make way for what comes later.
            retention=api.RetentionPolicy.WORK_QUEUE,
            discard=api.DiscardPolicy.NEW,
            storage=api.StorageType.FILE,
            num_replicas=replicas,
            duplicate_window=600,
        ),
        api.StreamConfig(
            name=REFUSED,
            subjects=["events-refused.*"],
            retention=api.RetentionPolicy.LIMITS,
            discard=api.DiscardPolicy.OLD,
            storage=api.StorageType.FILE,
            num_replicas=replicas,
            max_msgs=10_000,
            max_bytes=64 * 2**20,
            max_age=30 * _DAY_S,
        ),
    )


def _consumer(tenant: str) -> api.ConsumerConfig:
    return api.ConsumerConfig(
        durable_name=consumer_of(tenant),
        filter_subject=subject_of(tenant),
        ack_policy=api.AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_S,
        # A message that is given up stays in the stream for good; what is wrong with one is counted by us.
        max_deliver=-1,
        max_ack_pending=10_000,
    )


async def look(client: Client, tenants: Iterable[str], *, beside: Iterable[str] = ()) -> tuple[Finding, ...]:
    """
    How everything stands; what an operator set beside what must be is theirs.

    Args:
        beside: Servers of the settings: nodes that the cluster does not tell of are counted with them.

    Raises:
        NatsError: JetStream does not answer, or is not there.
    """
    return await _gone_over(client, tenants, replicas=await _replicas(client, beside), fix=False)


async def prepare(
    client: Client, tenants: Iterable[str], *, beside: Iterable[str] = ()
) -> tuple[Finding, ...]:
    """
    Makes what is missing, and changes what is not as it must be.

    Args:
        beside: As in `look`.

    Raises:
        NatsError: JetStream does not answer, or refused.
    """
    return await _gone_over(client, tenants, replicas=await _replicas(client, beside), fix=True)


async def check(client: Client, tenant: str) -> str:
    """
    What keeps a tenant's events from being taken; "" where nothing does.

    A stream with fewer replicas than there are nodes for is as good as it was before they came: doctor tells of it.
    """
    found = await _gone_over(client, [tenant], replicas=None, fix=False)
    return "; ".join(f"{each.what} {each.wrong}" for each in found if each.wrong)


async def refused_count(client: Client) -> int:
    """
    How many messages that are no events wait for somebody to look at them.
    """
    try:
        return (await client.jetstream(timeout=API_S).stream_info(REFUSED)).state.messages
    except NotFoundError:
        return 0


async def _replicas(client: Client, beside: Iterable[str]) -> int:
    return 3 if await keepers(client, beside) >= 3 else 1


async def _gone_over(
    client: Client, tenants: Iterable[str], *, replicas: int | None, fix: bool
) -> tuple[Finding, ...]:
    js = client.jetstream(timeout=API_S)
    try:
        streams = [await _stream(js, wanted, fix=fix) for wanted in _streams(replicas)]
        consumers = [await _consumers(js, _consumer(tenant), fix=fix) for tenant in tenants]
    except TROUBLE as error:
        raise _told(client, error) from error
    return (*streams, *consumers)


def _told(client: Client, error: BaseException) -> NatsError:
    place = client.connected_url.netloc.rpartition("@")[2] if client.connected_url else "NATS"
    described = getattr(error, "description", None)
    if described:
        return NatsError(f"JetStream at {place} refused: {described}")
    return NatsUnavailable(
        address=place, why=f"JetStream does not answer ({type(error).__name__}); is it switched on?"
    )


async def _stream(js: JetStreamContext, wanted: api.StreamConfig, *, fix: bool) -> Finding:
    what = f"stream {wanted.name}"
    try:
        found = (await js.stream_info(str(wanted.name))).config
    except NotFoundError:
        if fix:
            await js.add_stream(wanted)
        return Finding(what, "is not there", "made" if fix else "")
    other = _other(wanted, found)
    if other.get("num_replicas", 9) < (found.num_replicas or 1):
        del other["num_replicas"]  # a node that is away for a while changes nothing
    if other and fix:
        await js.update_stream(found.evolve(**other))
    return Finding(what, _described(other, found), "changed" if other and fix else "")


async def _consumers(js: JetStreamContext, wanted: api.ConsumerConfig, *, fix: bool) -> Finding:
    what = f"consumer {wanted.durable_name} of {EVENTS}"
    try:
        found = (await js.consumer_info(EVENTS, str(wanted.durable_name))).config
    except NotFoundError:
        if fix:
            await js.add_consumer(EVENTS, wanted)
        return Finding(what, "is not there", "made" if fix else "")
    other = _other(wanted, found)
    if other and fix:
        await js.add_consumer(EVENTS, found.evolve(**other))
    return Finding(what, _described(other, found), "changed" if other and fix else "")


_MATTERS: Final = (
    "subjects",
    "retention",
    "discard",
    "storage",
    "num_replicas",
    "duplicate_window",
    "max_age",
    "filter_subject",
    "ack_policy",
    "ack_wait",
    "max_deliver",
    "max_ack_pending",
)
"""What is compared, where it is stated; how much room a stream has is the operator's to say."""


def _other(wanted: Any, found: Any) -> dict[str, Any]:
    stated = {name: getattr(wanted, name, None) for name in _MATTERS}
    return {name: value for name, value in stated.items() if value and value != getattr(found, name)}


def _described(other: dict[str, Any], found: Any) -> str:
    return ", ".join(
        f"has {name} {_word(getattr(found, name))} where {_word(value)} is needed"
        for name, value in other.items()
    )


def _word(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    return ", ".join(value) if isinstance(value, list) else f"{value:g}" if value is not None else "none"
