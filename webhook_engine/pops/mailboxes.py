"""
The messages of every agent's stream: numbered, and kept for a while for those who come back.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from webhook_engine.pops.news import NEWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook_engine.pops.bounds import PopBounds
    from webhook_engine.pops.news import News

EPOCHS = 16
"""Starts of the board of which ids are still understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
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

    @classmethod
    def of(cls, agent: str, number: int, message_id: str, news: News) -> Message:
        """
        A message with its text.
        """
        return cls(
            agent=agent,
            number=number,
            id=message_id,
            event=news.event,
            text=orjson.dumps(news.to_json()),
        )

    # Read from the text: hundreds of thousands of messages may be kept, and every
    # object in them that can refer to others makes the garbage collector's passes longer.
    @property
    def news(self) -> News:
        return NEWS[self.event](**orjson.loads(self.text))

    def to_json(self) -> dict[str, object]:
        """
        `{"id", "event", "data"}`.
        """
        return {"id": self.id, "event": self.event, "data": orjson.loads(self.text)}


@dataclass(slots=True)
class Mailbox:
    """
    What is kept of one agent's messages.
    """

    lost: int
    """The number of the last message that is no longer kept."""

    messages: deque[Message] = field(default_factory=deque)
    size: int = 0
    """Bytes of their texts."""

    def drop_oldest(self) -> int:
        """
        Returns:
            The bytes that were let go.
        """
        oldest = self.messages.popleft()
        self.lost = oldest.number
        self.size -= len(oldest.text)
        return len(oldest.text)


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

    def post(self, agent: str, news: News) -> Message:
        """
        Tell an agent, now and when they come back.
        """
        self.number += 1
        message = self._written(agent, news)
        self.keep(message)
        for listener in self._listeners:
            listener(message)
        return message

    def aside(self, agent: str, news: News) -> Message:
        """
        A message for one reader alone: it stands where the latest stands, and is not kept.
        """
        return self._written(agent, news)

    def _written(self, agent: str, news: News) -> Message:
        return Message.of(agent, self.number, f"{self.epoch}-{self.number}", news)

    def keep(self, message: Message) -> None:
        """
        Put a message into its agent's log, and let go of what is too much.
        """
        if (box := self.boxes.get(message.agent)) is None:
            box = self.boxes[message.agent] = Mailbox(self.forgotten)
        self.boxes.move_to_end(message.agent)
        box.messages.append(message)
        box.size += len(message.text)
        self.size += len(message.text)
        bounds = self._bounds
        while len(box.messages) > bounds.messages_per_agent or box.size > bounds.message_bytes_per_agent:
            self.size -= box.drop_oldest()
        while len(self.boxes) > bounds.agents or self.size > bounds.message_bytes:
            self._forget_quietest()

    def _forget_quietest(self) -> None:
        _, box = self.boxes.popitem(last=False)
        self.size -= box.size
        self.forgotten = max(self.forgotten, box.messages[-1].number if box.messages else box.lost)

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
        return () if box is None else tuple(each for each in box.messages if each.number > number)

    def _number(self, last_id: str) -> int | None:
        epoch, _, digits = last_id.rpartition("-")
        if not digits.isascii() or not digits.isdecimal() or len(digits) > 18:
            return None
        latest = self.number if epoch == self.epoch else self.epochs.get(epoch, -1)
        return number if (number := int(digits)) <= latest else None
