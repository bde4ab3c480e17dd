"""
A stream that was cut goes on where it was; what is no longer kept is told as a whole.
"""

import orjson
import pytest

from tests.pops.screen import Screen, event, on_the_board, view
from webhook_engine.pops import PopBoard, PopBounds

URL = "https://crm.example.com/contacts/1001"


def test_the_first_connection_gets_a_snapshot(board):
    """
    Even an empty one: it carries the id to resume from.
    """
    (message,) = board.since("100-E")

    assert {"id": "e-0", "event": "snapshot", "data": {"pops": []}} == message.to_json()
    assert b'{"pops":[]}' == message.text


def test_a_snapshot_shows_what_is_open(board):
    """
    Windows as windows, tables as tables, in the order in which they came.
    """
    window = board.open_window(event("ringing"), "Contact page", URL)
    ticket = board.begin(event("ringing"), "Contact lookup")
    board.show(ticket, view("Thandi"))
    board.begin(event("ringing"), "Orders")

    (message,) = board.since("100-E")

    pops = message.news.pops
    assert ["window", "table", "lookup"] == [each["event"] for each in pops]
    assert [window, ticket.pop] == [each["pop"] for each in pops][:2]
    assert URL == pops[0]["url"]
    assert [["Thandi"]] == pops[1]["view"]["rows"]


def test_nothing_missed_is_nothing_told(board):
    """
    Coming back with the id of the last message brings no pop a second time.
    """
    board.open_window(event("ringing"), "Contact page", URL)
    screen = Screen(board, "100-E")
    screen.catch_up()

    assert [] == screen.catch_up()


def test_what_was_missed_is_told_once(board):
    """
    Message by message, as if the stream had never been cut.
    """
    screen = Screen(board, "100-E")
    screen.catch_up()
    board.show(board.begin(event("ringing"), "Contact lookup"), view("Thandi"))
    board.note(event("ended", at=5))

    assert ["lookup", "table", "withdrawn"] == screen.catch_up()
    assert {} == screen.open


def test_ids_grow_and_belong_to_one_agent(board):
    """
    Messages of others stand between them, and are never handed out.
    """
    for n in range(3):
        for agent in ("100-E", "101-E"):
            board.open_window(event("ringing", agent, call=f"call-{n}"), "Contact page", URL)

    numbers = [message.number for message in board.since("100-E", "e-0")]

    assert [1, 3, 5] == numbers


def test_beyond_the_log_stands_a_snapshot():
    """
    More was missed than is kept, so that the screen is told as a whole.
    """
    board = PopBoard(bounds=PopBounds(messages_per_agent=2), epoch="e")
    for n in range(3):
        board.open_window(event("ringing", call=f"call-{n}"), "Contact page", URL)

    assert ["snapshot"] == [each.news.event for each in board.since("100-E", "e-0")]
    assert ["window", "window"] == [each.news.event for each in board.since("100-E", "e-1")]


@pytest.mark.parametrize(
    "last", ["", "7", "e-", "e-x", "e--1", "e-7", "e-99999999999999999999", "f-0", "e-²"]
)
def test_an_id_that_was_never_given_out_leads_to_a_snapshot(board, last):
    """
    Whatever a client makes up, it gets what is true.
    """
    assert ["snapshot"] == [each.news.event for each in board.since("100-E", last)]


def test_an_agent_that_was_forgotten_gets_a_snapshot():
    """
    The one who was told something longest ago is forgotten first, and their open pops are not.
    """
    board = PopBoard(bounds=PopBounds(agents=2), epoch="e")
    screens = {agent: Screen(board, agent) for agent in ("100-E", "101-E", "102-E")}
    for agent, screen in screens.items():
        screen.catch_up()
        board.open_window(event("ringing", agent), "Contact page", URL)

    told = {agent: screen.catch_up() for agent, screen in screens.items()}

    assert {"100-E": ["snapshot"], "101-E": ["window"], "102-E": ["window"]} == told
    assert on_the_board(board, "100-E") == screens["100-E"].contents()


class TestAcrossARestart:
    """
    A board that is saved and read again goes on.
    """

    @pytest.fixture
    def again(self, board):
        return lambda: PopBoard.from_json(orjson.loads(orjson.dumps(board.to_json())), epoch="f")

    def test_streams_resume_from_ids_of_before(self, board, again):
        """
        They get what they missed and nothing else.
        """
        screen = Screen(board, "100-E")
        screen.catch_up()
        board.open_window(event("ringing"), "Contact page", URL)
        screen.board = again()
        screen.board.open_window(event("ringing"), "Orders", URL)

        assert ["window", "window"] == screen.catch_up()
        assert "f-2" == screen.last_id
        assert on_the_board(screen.board, "100-E") == screen.contents()

    def test_a_board_saved_before_the_crash_knows_that_it_missed_something(self, board, again):
        """
        An id that was given out after the last save is not taken for one of ours.
        """
        screen = Screen(board, "100-E")
        later = again()
        board.open_window(event("ringing"), "Contact page", URL)
        screen.catch_up()
        screen.board = later
        later.open_window(event("ringing", call="other"), "Contact page", URL)

        assert ["snapshot"] == screen.catch_up()
        assert on_the_board(later, "100-E") == screen.contents()

    def test_a_lookup_that_was_running_is_withdrawn(self, board, again):
        """
        Nobody is looking any more, so no screen may go on waiting.
        """
        screen = Screen(board, "100-E")
        ticket = board.begin(event("ringing"), "Contact lookup")
        screen.catch_up()
        screen.board = again()

        assert ["withdrawn"] == screen.catch_up()
        assert not screen.board.show(ticket, view("late"))

    def test_calls_are_still_known(self, board, again):
        """
        Who has a call, which events were told, and which calls are over.
        """
        ringing = event("ringing", "100-E")
        board.open_window(ringing, "Contact page", URL)
        board.note(event("ended", call="over", at=5))
        board = again()

        assert board.open_window(ringing, "Contact page", URL) is None
        assert board.open_window(event("ringing", call="over"), "Contact page", URL) is None
        board.note(event("answered", "101-E", at=1))
        assert () == board.open_pops("100-E")

    def test_a_document_of_another_form_is_refused(self, board):
        """
        With what to do about it.
        """
        with pytest.raises(ValueError, match="form 2, and this release reads form 1: start with an empty"):
            PopBoard.from_json(board.to_json() | {"form": 2})
