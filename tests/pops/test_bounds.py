"""
However long it runs and whatever comes in, a board remembers no more than it may.
"""

import gc
import json
import tracemalloc
from dataclasses import replace

import pytest

from tests.pops.screen import event, view
from webhook_engine.pops import PopBoard, PopBounds
from webhook_engine.responses import Column

URL = "https://crm.example.com/contacts/1001"


def rows_of(board, agent="100-E"):
    shown = board.open_pops(agent)[-1].view
    return len(shown["rows"]), shown["rows_left_out"]


def test_the_oldest_pop_of_an_agent_gives_way():
    """
    It is withdrawn, not left on the screen with nobody knowing of it.
    """
    board = PopBoard(bounds=PopBounds(pops_per_agent=2), epoch="e")
    pops = [board.open_window(event("manual", at=n), f"Page {n}", URL) for n in range(3)]

    assert pops[1:] == [each.id for each in board.open_pops("100-E")]
    withdrawn = board.since("100-E", "e-0")[-1].news
    assert (pops[0], "forgotten") == (withdrawn.pop, withdrawn.reason)


def test_a_long_table_is_cut_and_says_so(board):
    """
    An agent reads the first rows; how many more there are is told.
    """
    board.show(board.begin(event("ringing"), "Contact lookup"), view(*range(250)))

    assert (200, 50) == rows_of(board)


def test_a_wide_table_is_cut_to_fit():
    """
    Rows that would fill the line to the agent's screen are left out.
    """
    board = PopBoard(bounds=PopBounds(table_bytes=1000))
    board.show(board.begin(event("ringing"), "Contact lookup"), view(*["x" * 300] * 10))

    assert (3, 7) == rows_of(board)


def test_names_of_columns_are_part_of_a_table():
    """
    They are what the target system says where nobody chose columns: the longer they are, the fewer rows; in the end none.
    """
    board = PopBoard(bounds=PopBounds(table_bytes=1000))
    for length, expected in ((100, (2, 8)), (400, (0, 10)), (2**20, (0, 10))):
        columns = (Column(path="k" * length),)
        table = replace(view(*["x" * 300] * 10), columns=columns)
        board.show(board.begin(event("ringing", call=f"call-{length}"), "Contact lookup"), table)

        assert expected == rows_of(board)
        assert len(json.dumps(board.open_pops("100-E")[-1].view)) < 1_500


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (-(2**53), "-9007199254740992"),
        (True, True),
        (0.1, 0.1),
        (None, None),
    ],
)
def test_a_number_is_shown_exactly(board, cell, shown):
    """
    A browser rounds integers beyond 2⁵³, so they travel as text.
    """
    board.show(board.begin(event("ringing"), "Contact lookup"), view(cell))

    assert [[shown]] == board.open_pops("100-E")[0].view["rows"]


def test_calls_that_ended_are_forgotten_first():
    """
    A call that goes on keeps its pops.
    """
    board = PopBoard(bounds=PopBounds(calls=2))
    going_on = board.open_window(event("ringing", call="going on"), "Contact page", URL)
    form = board.open_window(event("ended", call="over", at=1), "Wrap-up form", URL)
    assert [going_on, form] == [each.id for each in board.open_pops("100-E")]

    board.note(event("ringing", call="new"))

    assert [going_on] == [each.id for each in board.open_pops("100-E")]


def test_a_call_whose_end_was_never_told_is_forgotten():
    """
    After a long time without any event of it.
    """
    now = [0.0]
    board = PopBoard(bounds=PopBounds(call_age_s=60), clock=lambda: now[0], epoch="e")
    board.open_window(event("ringing", call="lost"), "Contact page", URL)
    now[0] = 61.0

    board.note(event("ringing", call="new"))

    assert () == board.open_pops("100-E")
    assert "forgotten" == board.since("100-E", "e-0")[-1].news.reason


def test_big_pops_of_a_tenant_give_way_to_each_other():
    """
    Those of calls that are over first.
    """
    board = PopBoard(bounds=PopBounds(pop_bytes=2500))
    table = view("x" * 800)
    board.show(board.begin(event("ringing", "100-E", call="going on"), "Contact lookup"), table)
    board.show(board.begin(event("ended", "101-E", call="over"), "Contact lookup"), table)

    board.show(board.begin(event("ringing", "102-E", call="new"), "Contact lookup"), table)

    assert [1, 0, 1] == [len(board.open_pops(agent)) for agent in ("100-E", "101-E", "102-E")]


@pytest.mark.no_cover
def test_memory_does_not_grow_with_the_calls():
    """
    Ten thousand calls later it is what it was after the first thousand.
    """
    bounds = PopBounds(calls=200, agents=20, messages_per_agent=20, message_bytes=200_000)
    board = PopBoard(bounds=bounds)

    def work(first, last):
        for n in range(first, last):
            told = event("ringing", f"{n % 500}-E", call=f"call-{n}")
            board.show(board.begin(told, "Contact lookup"), view("x" * 100))
            board.open_window(told, "Contact page", URL)
            if n % 3:
                board.note(event("ended", call=f"call-{n}", at=9))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        after_one = work(0, 1_000)
        after_ten = work(1_000, 10_000)
    finally:
        tracemalloc.stop()

    assert after_ten < 1.2 * after_one + 100_000


@pytest.mark.no_cover
def test_one_call_does_not_grow_for_ever():
    """
    However many agents say that they are done with it, and however long what it starts is.
    """
    bounds = PopBounds(events_per_call=20, pops_per_agent=5)
    board = PopBoard(bounds=bounds)

    def work(first, last):
        for n in range(first, last):
            board.note(event("disposed", f"{n}-E"))
            board.open_window(event("manual", "100-E"), "Contact page", URL, parameter=f"{n:4000}")
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    work(0, 300)  # the agent's messages are as many as are kept
    tracemalloc.start()
    try:
        after_some = work(300, 600)
        after_many = work(600, 3_000)
    finally:
        tracemalloc.stop()

    assert after_many < after_some + 100_000
    (call,) = board.to_json()["calls"]
    assert len(call["done"]) <= 20
    assert max(map(len, call["told"])) <= 300


def test_kept_messages_do_not_slow_the_garbage_collector():
    """
    Two hundred thousand may be kept, and a full collection would look at each of them.
    """
    board = PopBoard()
    for n in range(20):
        board.open_window(event("ringing", call=f"call-{n}"), "Contact page", URL)

    gc.collect()

    kept = board._desk.mail.boxes["100-E"].messages
    assert 20 == len(kept)
    assert not any(map(gc.is_tracked, kept))
