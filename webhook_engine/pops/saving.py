"""
A board as a JSON document, for a store that keeps it across a restart.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, cast

from webhook_engine.definitions import Withdrawal
from webhook_engine.pops.calls import Call, When
from webhook_engine.pops.mailboxes import EPOCHS, Kept, Mailbox, Message, text_of
from webhook_engine.pops.news import NEWS
from webhook_engine.pops.pop import Pop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webhook_engine.pops.desk import Desk
    from webhook_engine.pops.mailboxes import Mailboxes

FORM = 1
"""Of the document; another one is not read."""

_NOT_SAVED = frozenset({"told", "pops", "context", "context_at"})
"""Of a call: written in another form, made anew from its pops, or too much to keep."""

_POP = tuple(field.name for field in fields(Pop))
_CALL = tuple(field.name for field in fields(Call) if field.name not in _NOT_SAVED)


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What stood on a desk at one moment; the desk goes on and this stays, so that any thread may write it down.
    """

    calls: tuple[Call, ...]
    pops: tuple[tuple[Pop, int], ...]
    """Each with its size."""
    epoch: str
    number: int
    epochs: Mapping[str, int]
    forgotten: int
    boxes: tuple[tuple[str, int, tuple[Kept, ...]], ...]
    """Of each agent: the number of the last message that is lost, and those that are kept."""

    @classmethod
    def of(cls, desk: Desk) -> Seen:
        """
        Calls, open pops and messages, each oldest first.
        """
        mail = desk.mail
        return cls(
            calls=tuple(
                replace(call, done=dict(call.done), told=dict(call.told), facts=dict(call.facts))
                for call in desk.calls
            ),
            pops=tuple((pop, desk.pile.size_of(pop)) for pop in desk.pile),
            epoch=mail.epoch,
            number=mail.number,
            epochs=dict(mail.epochs),
            forgotten=mail.forgotten,
            boxes=tuple((agent, box.lost, tuple(box.messages)) for agent, box in mail.boxes.items()),
        )

    def to_json(self) -> dict[str, object]:
        """
        JSON-ready values for `restore`.
        """
        return {
            "form": FORM,
            "calls": [_of_call(call) for call in self.calls],
            "pops": [_of_pop(pop) | {"size": size} for pop, size in self.pops],
            "mail": {
                "epoch": self.epoch,
                "number": self.number,
                "epochs": dict(self.epochs),
                "forgotten": self.forgotten,
                "boxes": [_of_box(*each) for each in self.boxes],
            },
        }


def _of_call(call: Call) -> dict[str, object]:
    document = {name: _plain(getattr(call, name)) for name in _CALL}
    done = {agent: list(when) for agent, when in call.done.items()}
    return document | {"done": done, "facts": dict(call.facts), "told": list(call.told)}


def _of_pop(pop: Pop) -> dict[str, object]:
    return {name: _plain(getattr(pop, name)) for name in _POP}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, When) else value


def _of_box(agent: str, lost: int, messages: tuple[Kept, ...]) -> dict[str, object]:
    kept = [{"number": each[1], **Message(*each).to_json()} for each in messages]
    return {"agent": agent, "lost": lost, "messages": kept}


def restore(document: Mapping[str, object], desk: Desk, *, is_exact: bool = False) -> None:
    """
    Fill an empty desk with what was saved; lookups that were running are withdrawn, unless it has to be exact.

    Raises:
        ValueError: The document is in another form.
    """
    if document.get("form") != FORM:
        raise ValueError(
            f"these pops were saved in form {document.get('form')!r}, and this release reads form {FORM}: "
            "start with an empty board"
        )
    known = cast("dict[str, Any]", document)
    for each in known["calls"]:
        desk.calls.add(_call(each))
    for each in known["pops"]:
        pop = Pop(**{name: each[name] for name in _POP} | {"when": When(*each["when"])})
        desk.pile.put(pop, each["size"])
        desk.calls[pop.call].pops[pop.key] = pop.id
    _restore_mail(known["mail"], desk.mail)
    for pop in [each for each in desk.pile if each.is_waiting and not is_exact]:
        desk.withdraw(desk.calls[pop.call], pop, Withdrawal.RESTARTED)


def restore_exactly(document: Mapping[str, object], desk: Desk) -> None:
    """
    Fill an empty desk with what was saved, for a process that goes on where others are: lookups go on, and ids too.

    Raises:
        ValueError: The document is in another form.
    """
    desk.mail.epoch = cast("dict[str, Any]", document).get("mail", {}).get("epoch", "")
    restore(document, desk, is_exact=True)


def _call(document: dict[str, Any]) -> Call:
    whens = {
        name: None if document[name] is None else When(*document[name]) for name in ("owner_since", "ended")
    }
    done = {agent: When(*when) for agent, when in document["done"].items()}
    return Call(**document | whens | {"done": done, "told": dict.fromkeys(document["told"])})


def _restore_mail(document: dict[str, Any], mail: Mailboxes) -> None:
    mail.number = document["number"]
    mail.forgotten = document["forgotten"]
    own = {} if document["epoch"] == mail.epoch else {document["epoch"]: document["number"]}
    earlier = document["epochs"] | own
    mail.epochs = dict(list(earlier.items())[-EPOCHS:])
    for box in document["boxes"]:
        mail.boxes[box["agent"]] = Mailbox(box["lost"])
        for each in box["messages"]:
            mail.keep(_message(box["agent"], each))


def _message(agent: str, document: dict[str, Any]) -> Message:
    news = NEWS[document["event"]](**document["data"]).told()
    return Message(agent, document["number"], document["id"], news.event, text_of(news.data))
