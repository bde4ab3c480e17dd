"""
What somebody else than the agent may see of a desktop: everything but the agent's secrets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from webhook_engine.pops import Snapshot, WindowOpened

if TYPE_CHECKING:
    from webhook_engine.pops import Message


def as_looked_at(message: Message) -> Message:
    """
    The message with the addresses of windows up to their query: an agent's own key may travel in there.
    """
    if message.event not in (WindowOpened.event, Snapshot.event):
        return message
    data: dict[str, Any] = orjson.loads(message.text)
    for pop in data.get("pops", [data]):
        if pop.get("url"):
            pop["url"] = _without_query(pop["url"])
    return message._replace(text=orjson.dumps(data))


def _without_query(url: str) -> str:
    start = min((place for place in map(url.find, "?#") if place >= 0), default=len(url))
    return url if start == len(url) else f"{url[:start]}?…"
