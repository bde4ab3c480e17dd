"""
One board in several processes.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pops.screen import event, view
from webhook_engine.errors import StoreUnavailable
from webhook_engine.pops import PopBoard, SharedBoard, Ticket

AGENTS = ("100-E", "101-E")
BEGAN = datetime(2026, 11, 25, tzinfo=UTC)


@dataclass
class Step:
    number: int
    at: datetime
    document: bytes


class Log:
    """
    Steps in memory, in the order in which they were appended; and it can fail.
    """

    def __init__(self):
        self.steps = []
        self.fails = False
        self._told = asyncio.Event()

    async def append(self, tenant, documents):
        if self.fails:
            raise StoreUnavailable(path="memory", why="it is away")
        assert "Euphoria" == tenant
        for each in documents:
            number = len(self.steps) + 1
            # Numbers of a database may have gaps.
            self.steps.append(Step(number * 3, BEGAN + timedelta(seconds=number), each))
        told, self._told = self._told, asyncio.Event()
        told.set()

    async def after(self, tenant, number):
        assert "Euphoria" == tenant
        return [each for each in self.steps if each.number > number][:2]

    async def told(self):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._told.wait(), 0.05)


def joined(log, saved=None, after=0):
    """
    A process's board, which begins with what was saved.
    """
    saved = saved or PopBoard(epoch="e").to_json()
    return SharedBoard(log, lambda: "Euphoria", saved=saved, after=after)


def messages(board):
    """
    What every agent is told who saw nothing yet but the first message.
    """
    return {agent: board.since(agent, "e-0") for agent in AGENTS}


async def taken(*boards):
    """
    Everything that was asked of any of them has taken place on all.
    """
    for board in boards * 2:
        await board.take()


async def test_what_one_process_shows_every_process_shows():
    """
    Under the same ids, so that an agent may come back to another one.
    """
    log = Log()
    one, other = joined(log), joined(log)

    one.open_window(event("ringing"), "Contact page", "https://crm.example.com/1")
    await taken(one, other)
    seen = other.since("100-E", "e-0")
    one.note(event("ended", at=5))
    await taken(one, other)

    assert ["window"] == [each.event for each in seen]
    assert ["withdrawn"] == [each.event for each in other.since("100-E", seen[-1].id)]
    assert messages(one) == messages(other)
    assert one.to_json() == other.to_json()


async def test_a_lookup_is_begun_by_one_and_shown_by_all():
    """
    Whoever asked for it is given its ticket, and nobody else looks it up.
    """
    log = Log()
    one, other = joined(log), joined(log)

    begun = one.begin(event("ringing"), "Contact lookup")
    await taken(one, other)
    one.show(begun.result(), view("Ann"))
    await taken(one, other)

    (pop,) = other.open_pops("100-E")
    assert isinstance(begun.result(), Ticket)
    assert pop.view["rows"] == [["Ann"]]
    assert one.to_json() == other.to_json()


async def test_the_same_event_at_two_processes_is_looked_up_once():
    """
    The second is told that there is no use in looking.
    """
    log = Log()
    one, other = joined(log), joined(log)

    happened = event("ringing")
    begun = [board.begin(happened, "Contact lookup") for board in (one, other)]
    await taken(one, other)

    assert [True, False] == [each.result() is not None for each in begun]


async def test_an_agent_closes_a_pop_everywhere():
    """
    It is theirs, at whichever process they are.
    """
    log = Log()
    one, other = joined(log), joined(log)
    one.open_window(event("ringing"), "Contact page", "https://crm.example.com/1")
    await taken(one, other)
    (pop,) = other.open_pops("100-E")

    assert not other.dismiss("101-E", pop.id)
    assert other.dismiss("100-E", pop.id)
    await taken(one, other)

    assert () == one.open_pops("100-E") == other.open_pops("100-E")


ACTS = st.tuples(
    st.sampled_from(["note", "window", "begin", "show", "give-up", "dismiss"]),
    st.integers(0, 2),
    st.sampled_from(["ringing", "answered", "transferred", "ended", "disposed", "manual"]),
    st.sampled_from(AGENTS),
    st.integers(0, 20),
    st.sampled_from(["call-1", "call-2"]),
    st.booleans(),
)


@given(acts=st.lists(ACTS, max_size=30), joins_at=st.integers(0, 30))
async def test_all_processes_have_one_board(acts, joins_at):
    """
    Whatever is asked of which of them, and also one that joins later: with what was saved, and the steps since then.
    """
    log = Log()
    boards = [joined(log), joined(log)]
    begun = []
    for place, (what, who, moment, agent, at, call, at_once) in enumerate(acts):
        board = boards[who % len(boards)]
        happened = event(moment, agent, at=at, call=call)
        tickets = [each.result() for each in begun if each.done() and each.result() is not None]
        if what == "note":
            board.note(happened)
        elif what == "window":
            board.open_window(happened, "Contact page", f"https://crm.example.com/{at}")
        elif what == "begin":
            begun.append(board.begin(happened, "Contact lookup", moves=at % 2 == 0))
        elif what == "show" and tickets:
            board.show(tickets[at % len(tickets)], view(str(at)))
        elif what == "give-up" and tickets:
            board.give_up(tickets[at % len(tickets)])
        elif what == "dismiss" and (open_ones := board.open_pops(agent)):
            board.dismiss(agent, open_ones[0].id)
        if at_once:
            await board.take()
        if place == joins_at:
            await boards[0].take()
            boards.append(joined(log, boards[0].to_json(), boards[0].step))
    await taken(*boards)

    assert all(each.done() for each in begun)
    assert [boards[0].to_json()] * len(boards) == [each.to_json() for each in boards]
    assert [messages(boards[0])] * len(boards) == [messages(each) for each in boards]


async def test_steps_are_taken_while_it_is_entered():
    """
    Nobody has to ask for it.
    """
    log = Log()
    async with joined(log) as one, joined(log) as other:
        one.open_window(event("ringing"), "Contact page", "https://crm.example.com/1")

        async with asyncio.timeout(5):
            while not other.open_pops("100-E"):
                await asyncio.sleep(0.01)
        assert one.step == other.step


async def test_what_was_asked_is_written_down_at_the_end():
    """
    A process that ends has told the others what it knew.
    """
    log = Log()
    async with joined(log) as one:
        one.note(event("ringing"))

    assert 1 == len(log.steps)


async def test_where_steps_cannot_be_written_they_wait(monkeypatch):
    """
    For a while; then they are too late for an agent, and a lookup that was to begin does not.
    """
    monkeypatch.setattr("webhook_engine.pops.shared._AGAIN_S", 0.01)
    log = Log()
    async with joined(log) as one:
        log.fails = True
        one.open_window(event("ringing"), "Contact page", "https://crm.example.com/1")
        with pytest.raises(StoreUnavailable):
            await one.take()
        log.fails = False
        async with asyncio.timeout(5):
            while not one.open_pops("100-E"):
                await asyncio.sleep(0.01)

        monkeypatch.setattr("webhook_engine.pops.shared._LATE_S", 0.0)
        log.fails = True
        begun = one.begin(event("answered", at=1), "Contact lookup")
        async with asyncio.timeout(5):
            assert await begun is None
        log.fails = False


async def test_a_step_that_nobody_can_take_is_left_out(caplog):
    """
    By all processes alike, whether it is damaged or a later version's; those after it are taken.
    """
    log = Log()
    one, other = joined(log), joined(log)
    caplog.set_level("INFO")
    document = orjson.dumps({"do": "note", "by": "x", "as": 1, "event": {"moment": "no such moment"}})
    await log.append("Euphoria", [document, b"{", orjson.dumps({"do": "sing", "by": "x", "as": 2})])
    one.open_window(event("ringing"), "Contact page", "https://crm.example.com/1")
    await taken(one, other)

    assert one.to_json() == other.to_json()
    assert 1 == len(other.open_pops("100-E"))
    assert 6 == len([each for each in caplog.records if each.message.startswith("pops.step.")])


async def test_a_lookup_whose_process_ended_is_given_up(monkeypatch):
    """
    By any of the others, after longer than any lookup takes.
    """
    monkeypatch.setattr("webhook_engine.pops.shared._SAVE_S", 0.01)
    monkeypatch.setattr("webhook_engine.pops.shared._LOST_S", 0.05)
    log = Log()
    gone = joined(log)
    gone.begin(event("ringing"), "Contact lookup")
    await gone.take()

    async with joined(log) as other:
        async with asyncio.timeout(5):
            while other.open_pops("100-E"):
                await asyncio.sleep(0.01)

    assert "withdrawn" == other.since("100-E", "e-0")[-1].event


async def test_a_board_is_saved_for_those_who_come_later(monkeypatch):
    """
    As it was after a step, and only where it changed.
    """
    monkeypatch.setattr("webhook_engine.pops.shared._SAVE_S", 0.01)
    log, saved = Log(), []

    async def save(step, state):
        saved.append((step, state))

    board = SharedBoard(log, lambda: "Euphoria", saved=PopBoard(epoch="e").to_json(), after=0, save=save)
    async with board:
        await asyncio.sleep(0.05)
        assert [] == saved
        board.note(event("ringing"))
        async with asyncio.timeout(5):
            while not saved:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)

    ((step, state),) = saved
    assert (3, board.to_json()) == (step, state)
