"""
The messages of every agent's stream: numbered, and kept for a while for those who come back.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import orjson

from webhook_engine.pops.news import NEWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook_engine.pops.bounds import PopBounds
    from webhook_engine.pops.news import Json, News, Told

EPOCHS = 16
"""Starts of the board of which ids are still understood."""


class Message(NamedTuple):
    """
    Something one agent's stream is told.
    """

    agent: str
    """The extension."""

    number: int
    """Grows from message to message of an agent, by one or more."""

    id: str
    """`EPOCH-NUMBER`: what a stream that resumes names as the last one it has seen."""

    event: str
    """The kind of news: `window`, `table`, …"""

    text: bytes
    """The news as JSON, on one line."""

    @property
    def news(self) -> News:
        """
        What it says.
        """
        return NEWS[self.event](**orjson.loads(self.text))

    def to_json(self) -> dict[str, object]:
        """
        `{"id", "event", "data"}`.
        """
        return {"id": self.id, "event": self.event, "data": orjson.loads(self.text)}


Kept: TypeAlias = tuple[str, int, str, str, bytes]
"""
A message that is kept, as a bare tuple.

Hundreds of thousands may be, and the garbage collector passes over bare tuples
of texts and numbers: it would look at each object of a class again and again.
"""


def text_of(data: Json) -> bytes:
    """
    News as JSON, in no more memory than it is long.
    """
    # orjson gives out its buffer as it is: 4 kB for a message of 400 bytes, for as long as that is kept.
    return bytes(memoryview(orjson.dumps(data)))


@dataclass(slots=True)
class Mailbox:
    """
    What is kept of one agent's messages.
    """

    lost: int
    """The number of the last message that is no longer kept."""

    messages: deque[Kept] = field(default_factory=deque)
    size: int = 0
    """Bytes of their texts."""

    def drop_oldest(self) -> int:
        """
        Returns:
            The bytes that were let go.
        """
        _, self.lost, _, _, text = self.messages.popleft()
        self.size -= len(text)
        return len(text)


class Mailboxes:
    """
    One counter for the tenant, one bounded log for each agent.
    """

    def __init__(self, bounds: PopBounds, epoch: str) -> None:
        self.epoch = epoch
        """Names this start of the board: what an earlier one numbered but did not save is not ours."""
        self.number = 0
        """Of the latest message."""
        self.epochs: dict[str, int] = {}
        """Earlier ones, with the last number of each that was saved."""
        self.boxes: OrderedDict[str, Mailbox] = OrderedDict()
        """Of every agent that is remembered; whoever was told something last is last."""
        self.forgotten = 0
        """No agent without a mailbox was told anything after this number."""
        self.size = 0
        self._bounds = bounds
        self._listeners: list[Callable[[Message], None]] = []

    def listen(self, listener: Callable[[Message], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def next_id(self) -> str:
        """
        The id that the next message will have.
        """
        return f"{self.epoch}-{self.number + 1}"

    def post(self, agent: str, told: Told) -> Message:
        """
        Tell an agent, now and when they come back.
        """
        self.number += 1
        message = self._written(agent, told)
        self.keep(message)
        for listener in self._listeners:
            listener(message)
        return message

    def aside(self, agent: str, told: Told) -> Message:
        """
        A message for one reader alone: it stands where the latest stands, and is not kept.
        """
        return self._written(agent, told)

    def _written(self, agent: str, told: Told) -> Message:
        number = self.number
        return Message(agent, number, f"{self.epoch}-{number}", told.event, text_of(told.data))

    def keep(self, message: Message) -> None:
        """
        Put a message into its agent's log, and let go of what is too much.
        """
        if (box := self.boxes.get(message.agent)) is None:
            box = self.boxes[message.agent] = Mailbox(self.forgotten)
        self.boxes.move_to_end(message.agent)
        agent, number, ident, event, text = message
        box.messages.append((agent, number, ident, event, text))
        size = len(text)
        box.size += size
        self.size += size
        bounds = self._bounds
        while len(box.messages) > bounds.messages_per_agent or box.size > bounds.message_bytes_per_agent:
            self.size -= box.drop_oldest()
        while len(self.boxes) > bounds.agents or self.size > bounds.message_bytes:
            self._forget_quietest()

    def _forget_quietest(self) -> None:
        _, box = self.boxes.popitem(last=False)
        self.size -= box.size
        self.forgotten = max(self.forgotten, box.messages[-1][1] if box.messages else box.lost)

    def missed(self, agent: str, last_id: str) -> tuple[Message, ...] | None:
        """
        What came after the message of that id.

        Returns:
            None where that cannot be told: the id is none of ours, or the log begins later.
        """
        number = self._number(last_id)
        if number is None:
            return None
        box = self.boxes.get(agent)
        if number < (self.forgotten if box is None else box.lost):
            return None
        return () if box is None else tuple(Message(*each) for each in box.messages if each[1] > number)

    def _number(self, last_id: str) -> int | None:
        epoch, _, digits = last_id.rpartition("-")
        if not digits.isascii() or not digits.isdecimal() or len(digits) > 18:
            return None
        latest = self.number if epoch == self.epoch else self.epochs.get(epoch, -1)
        return number if (number := int(digits)) <= latest else None
