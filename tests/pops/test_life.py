"""
A pop has a life: shown once, updated, moved with the call, withdrawn.
"""

import pytest

from tests.pops.screen import event, view
from webhook_engine.pops import PopBoard

URL = "https://crm.example.com/contacts/1001"


def events(told, agent):
    return [(kind, data.get("reason") or data.get("to")) for who, kind, data in told if who == agent]


def test_a_window_is_opened_for_the_agent_of_the_event(board, told):
    """
    With what the screen needs to head it: which call, which webhook, which address.
    """
    ringing = event("ringing", caller_name="Thandi Mokoena", caller_number="0821234567", call_queue="Sales")

    pop = board.open_window(ringing, "Contact page", URL)

    call = {
        "id": "sip:call-1",
        "CALLERID_NAME": "Thandi Mokoena",
        "CALLERID_NUMBER": "0821234567",
        "CALL_QUEUE": "Sales",
        "CALL_SIPID": "call-1",
    }
    data = {"pop": pop, "webhook": "Contact page", "parameter": "", "call": call, "moved_from": None}
    assert [("100-E", "window", {**data, "url": URL})] == told


def test_a_lookup_is_announced_and_then_shown_in_its_place(board, told):
    """
    The agent knows at once that a table is on its way; both messages are about one pop.
    """
    ticket = board.begin(event("ringing"), "Contact lookup")

    assert board.show(ticket, view("Thandi"))

    assert ["lookup", "table"] == [kind for _, kind, _ in told]
    assert 1 == len({data["pop"] for _, _, data in told})
    shown = told[-1][2]["view"]
    assert [["Thandi"]] == shown["rows"]
    assert [{"path": "name", "label": "Customer", "link": "Contact page"}] == shown["columns"]


def test_the_same_event_twice_is_one_pop(board, told):
    """
    A dialer may tell an event again; nothing opens and nothing is looked up again.
    """
    ringing = event("ringing")
    board.open_window(ringing, "Contact page", URL)
    board.begin(ringing, "Contact lookup")

    assert board.open_window(ringing, "Contact page", URL) is None
    assert board.begin(ringing, "Contact lookup") is None
    assert ["window", "lookup"] == [kind for _, kind, _ in told]


def test_a_second_event_of_the_call_opens_no_second_window(board, told):
    """
    One webhook, one call, one agent: one pop, though rules start it on ringing and on answered.
    """
    first = board.open_window(event("ringing"), "Contact page", URL)

    second = board.open_window(event("answered", at=1), "Contact page", URL + "?answered")

    assert first == second
    assert ["window"] == [kind for _, kind, _ in told]


def test_a_second_lookup_updates_the_first_ones_table(board, told):
    """
    And an older lookup that is late never replaces what a newer one showed.
    """
    slow = board.begin(event("ringing"), "Contact lookup")
    fast = board.begin(event("answered", at=1), "Contact lookup")

    assert board.show(fast, view("new"))
    assert not board.show(slow, view("old"))

    assert ["lookup", "table"] == [kind for _, kind, _ in told]
    assert [["new"]] == board.open_pops("100-E")[0].view["rows"]


def test_an_equal_table_is_not_told_again(board, told):
    """
    What the agent has before them already is no news.
    """
    first = board.begin(event("ringing"), "Contact lookup")
    second = board.begin(event("answered", at=1), "Contact lookup")

    assert board.show(first, view("Thandi"))
    assert board.show(second, view("Thandi"))

    assert ["lookup", "table"] == [kind for _, kind, _ in told]


def test_each_value_of_a_chain_has_a_pop(board, told):
    """
    A list that starts a webhook for each of its items opens a window for each.
    """
    ringing = event("ringing")

    pops = {board.open_window(ringing, "Contact page", f"{URL}/{n}", parameter=str(n)) for n in range(3)}

    assert 3 == len(pops)
    assert ["0", "1", "2"] == [data["parameter"] for _, _, data in told]


def test_asked_by_hand_a_window_opens_again(board, told):
    """
    An agent who presses the button once more wants to see it once more.
    """
    first = board.open_window(event("manual"), "Contact page", URL)

    second = board.open_window(event("manual", at=9), "Contact page", URL)

    assert first != second
    assert [("window", None), ("withdrawn", "asked-again"), ("window", None)] == events(told, "100-E")


def test_those_who_did_not_answer_lose_their_pops(board, told):
    """
    Five phones ring, one agent answers; the other four are told who did.
    """
    agents = [f"10{n}-E" for n in range(5)]
    for agent in agents:
        board.open_window(event("ringing", agent), "Contact page", URL)

    board.note(event("answered", "103-E", at=4))

    assert ["103-E"] == [agent for agent in agents if board.open_pops(agent)]
    withdrawn = [(agent, data["reason"], data["by"]) for agent, kind, data in told if kind == "withdrawn"]
    assert [(agent, "answered-elsewhere", "103-E") for agent in agents if agent != "103-E"] == withdrawn


def test_a_lookup_that_arrives_after_somebody_else_answered_is_dropped(board, told):
    """
    A table must not pop up about a call that is not the agent's any more.
    """
    ticket = board.begin(event("ringing"), "Contact lookup")
    board.note(event("answered", "101-E", at=1))

    assert not board.show(ticket, view("late"))

    assert [("lookup", None), ("withdrawn", "answered-elsewhere")] == events(told, "100-E")


def test_a_pop_goes_along_with_a_transfer(board, told):
    """
    The table leaves one screen and stands on the other, with what it shows, under the same id.
    """
    ticket = board.begin(event("answered"), "Contact lookup")
    board.show(ticket, view("Thandi"))

    board.note(event("transferred", "200-E", at=60))

    assert [("lookup", None), ("table", None), ("moved", "200-E")] == events(told, "100-E")
    (_, kind, data) = told[-1]
    assert ("table", "100-E", ticket.pop) == (kind, data["moved_from"], data["pop"])
    assert [["Thandi"]] == data["view"]["rows"]


def test_a_lookup_follows_the_call(board, told):
    """
    What was begun for one agent is shown to the one who has the call when it arrives.
    """
    ticket = board.begin(event("answered"), "Contact lookup")
    board.note(event("transferred", "200-E", at=60))

    assert board.show(ticket, view("Thandi"))

    assert ["lookup", "moved", "lookup", "table"] == [kind for _, kind, _ in told]
    assert ["100-E", "100-E", "200-E", "200-E"] == [agent for agent, _, _ in told]


def test_what_only_one_agent_may_see_does_not_move(board, told):
    """
    Looked up with an agent's own key, or opened at an address that holds it.
    """
    board.open_window(event("answered"), "Contact page", URL, moves=False)

    board.note(event("transferred", "200-E", at=60))

    assert [("window", None), ("withdrawn", "transferred")] == events(told, "100-E")
    assert [] == events(told, "200-E")


def test_a_pop_that_is_there_already_is_not_doubled_by_a_transfer(board, told):
    """
    The second agent's phone rang before the transfer, so they have one of their own.
    """
    board.open_window(event("answered", "100-E"), "Contact page", URL)
    board.open_window(event("ringing", "200-E", at=50), "Contact page", URL)

    board.note(event("transferred", "200-E", at=60))

    assert [("window", None)] == events(told, "200-E")
    assert [("window", None), ("withdrawn", "transferred")] == events(told, "100-E")


def test_there_and_back_again(board, told):
    """
    The first agent gets the call back, and the pop with it.
    """
    pop = board.open_window(event("answered"), "Contact page", URL)

    board.note(event("transferred", "200-E", at=60))
    board.note(event("transferred", "100-E", at=90))

    assert [pop] == [each.id for each in board.open_pops("100-E")]
    assert [("window", None), ("moved", "200-E"), ("window", None)] == events(told, "100-E")
    assert [("window", None), ("moved", "100-E")] == events(told, "200-E")


def test_a_transfer_told_twice_moves_once(board, told):
    """
    Even where the dialer gives all events of a call the same time.
    """
    board.open_window(event("answered"), "Contact page", URL)
    there, onward = event("transferred", "200-E"), event("transferred", "300-E")
    board.note(there)
    board.note(onward)

    board.note(there)

    assert [1] == [len(board.open_pops("300-E"))]


def test_the_end_of_the_call_withdraws_everything(board, told):
    """
    On every screen, and what is looked up then is dropped.
    """
    board.open_window(event("ringing", "100-E"), "Contact page", URL)
    ticket = board.begin(event("ringing", "101-E"), "Contact lookup")

    board.note(event("ended", at=5))

    assert ("withdrawn", "call-ended") == events(told, "100-E")[-1]
    assert ("withdrawn", "call-ended") == events(told, "101-E")[-1]
    assert not board.show(ticket, view("late"))


@pytest.mark.parametrize("moment", ["ended", "disposed", "manual"])
def test_what_starts_after_the_call_stays(board, moment):
    """
    A form for the wrap-up, or what the agent asked for by hand: until they close it.
    """
    pop = board.open_window(event(moment, at=9), "Wrap-up form", URL)
    board.note(event("ended", at=10))
    board.note(event("disposed", at=20))

    assert [pop] == [each.id for each in board.open_pops("100-E")]
    assert board.dismiss("100-E", pop)
    assert () == board.open_pops("100-E")


def test_an_agent_who_chose_a_disposition_is_done_with_the_call(board, told):
    """
    It may go on at another agent, whose pops stay.
    """
    board.open_window(event("answered", "100-E"), "Contact page", URL, moves=False)
    board.note(event("transferred", "200-E", at=60))
    board.open_window(event("ringing", "100-E", at=61), "Contact page", URL)
    board.open_window(event("transferred", "200-E", at=60), "Contact page", URL)

    board.note(event("disposed", "100-E", at=70))

    assert ("withdrawn", "disposed") == events(told, "100-E")[-1]
    assert 1 == len(board.open_pops("200-E"))


def test_nobody_dismisses_another_agents_pop(board):
    """
    An id alone is no right to it.
    """
    pop = board.open_window(event("ringing"), "Contact page", URL)

    assert not board.dismiss("101-E", pop)
    assert 1 == len(board.open_pops("100-E"))


def test_a_lookup_with_nothing_to_show_leaves(board, told):
    """
    Nothing was sent for want of a number, say: the agent's screen does not wait for ever.
    """
    ticket = board.begin(event("ringing"), "Contact lookup")

    assert board.give_up(ticket)

    assert [("lookup", None), ("withdrawn", "nothing-to-show")] == events(told, "100-E")


def test_giving_up_leaves_a_table_that_is_shown(board):
    """
    The second lookup came to nothing; what the first one found stays.
    """
    board.show(board.begin(event("ringing"), "Contact lookup"), view("Thandi"))

    assert not board.give_up(board.begin(event("answered", at=1), "Contact lookup"))

    assert [["Thandi"]] == board.open_pops("100-E")[0].view["rows"]


def test_another_call_is_another_matter(board):
    """
    Ending one call leaves the pops of the other.
    """
    board.open_window(event("ringing", call="one"), "Contact page", URL)
    kept = board.open_window(event("ringing", call="two"), "Contact page", URL)

    board.note(event("ended", call="one", at=5))

    assert [kept] == [each.id for each in board.open_pops("100-E")]


def test_without_an_agent_nothing_is_shown(board, told):
    """
    An event without EXTENSION still ends the call.
    """
    assert board.open_window(event("ringing", ""), "Contact page", URL) is None
    board.open_window(event("ringing"), "Contact page", URL)

    board.note(event("ended", "", at=5))

    assert [("window", None), ("withdrawn", "call-ended")] == events(told, "100-E")


class TestWithoutSipId:
    """
    A call without CALL_SIPID is known at its agent alone, by the contact's number.
    """

    def test_its_end_withdraws_its_pop(self, board):
        """
        Same agent, same number: the same call, as long as it lasts.
        """
        board.open_window(event("ringing", call="", caller_number="082"), "Contact page", URL)
        board.open_window(event("answered", call="", caller_number="082", at=1), "Contact page", URL)
        assert 1 == len(board.open_pops("100-E"))

        board.note(event("ended", call="", caller_number="082", at=5))

        assert () == board.open_pops("100-E")

    def test_the_contact_calls_again(self, board):
        """
        After the end it is a new call; a late copy of the first one's events changes nothing.
        """
        first = event("ringing", call="", caller_number="082")
        end = event("ended", call="", caller_number="082", at=5)
        board.open_window(first, "Contact page", URL)
        board.note(end)

        pop = board.open_window(event("ringing", call="", caller_number="082", at=60), "Contact page", URL)
        board.note(end)
        board.note(first)

        assert [pop] == [each.id for each in board.open_pops("100-E")]

    def test_what_belongs_to_the_first_call_stays(self, board):
        """
        The wrap-up form of one call is not taken for the second one's.
        """
        board.note(event("ringing", call="", caller_number="082"))
        form = board.open_window(event("ended", call="", caller_number="082", at=5), "Form", URL)

        other = board.open_window(event("ringing", call="", caller_number="082", at=60), "Form", URL)

        assert [form, other] == [each.id for each in board.open_pops("100-E")]

    def test_another_agents_events_say_nothing_of_it(self, board):
        """
        Two contacts who withhold their numbers are not one: better a pop too many than one withdrawn wrongly.
        """
        board.open_window(event("ringing", "100-E", call=""), "Contact page", URL)

        board.note(event("answered", "101-E", call="", at=1))

        assert 1 == len(board.open_pops("100-E"))


class TestOutOfOrder:
    """
    What counts is when events happened, not when they arrived.
    """

    def test_ringing_after_somebody_else_answered(self, board, told):
        """
        The pop is never shown, and nothing needs to be looked up.
        """
        board.note(event("answered", "101-E", at=4))

        assert board.begin(event("ringing", "100-E"), "Contact lookup") is None
        assert [] == told

    def test_ringing_after_the_end(self, board, told):
        """
        A call that is over shows nothing more.
        """
        board.note(event("ended", at=5))

        assert board.open_window(event("ringing"), "Contact page", URL) is None

    def test_ringing_again_for_a_transfer(self, board):
        """
        The phone of a second agent rings while the first one talks: later than the answer, so it is shown.
        """
        board.note(event("answered", "101-E", at=4))

        assert board.open_window(event("ringing", "100-E", at=60), "Contact page", URL)

    def test_an_answer_told_after_the_transfer(self, board):
        """
        The call stays with the agent who has it.
        """
        board.note(event("transferred", "200-E", at=60))
        board.open_window(event("transferred", "200-E", at=60), "Contact page", URL)

        board.note(event("answered", "100-E", at=4))

        assert 1 == len(board.open_pops("200-E"))

    def test_the_transfer_is_the_first_that_is_told(self, board):
        """
        Who answered was never told; one of the pops that rang goes along.
        """
        for agent in ("100-E", "101-E"):
            board.open_window(event("ringing", agent), "Contact page", URL)

        board.note(event("transferred", "200-E", at=60))

        assert [0, 0, 1] == [len(board.open_pops(agent)) for agent in ("100-E", "101-E", "200-E")]


def test_two_boards_know_nothing_of_each_other():
    """
    One tenant, one board.
    """
    one, two = PopBoard(), PopBoard()

    one.open_window(event("ringing"), "Contact page", URL)

    assert () == two.open_pops("100-E")
    assert one.since("100-E")[0].id.split("-")[0] != two.since("100-E")[0].id.split("-")[0]


def test_what_is_known_of_a_call_is_told_to_those_who_have_it(board):
    """
    Everything its latest event said, for whoever has it or sees something of it, and nobody else.
    """
    board.begin(event("manual", "102-E", at=3, crm_tag="C-1001"), "Orders")
    board.note(event("answered", at=2, crm_tag="an older one"))

    assert "C-1001" == board.call_at("100-E", "sip:call-1").crm_tag
    assert ("102-E", "C-1001") == (board.call_at("102-E").extension, board.call_at("102-E").crm_tag)
    assert None is board.call_at("101-E", "sip:call-1")
    assert None is board.call_at("101-E")
    assert None is board.call_at("100-E", "sip:another")


def test_the_call_that_goes_on_counts_before_one_that_has_ended(board):
    """
    What an agent starts by hand is for the call that they are on.
    """
    board.note(event("answered", call="on", at=1))
    board.note(event("answered", call="over", at=2))
    board.note(event("ended", call="over", at=3))

    assert "on" == board.call_at("100-E").sip_id


def test_after_a_restart_the_facts_of_a_call_are_known(board):
    """
    As many as screens are told; the rest comes with the next event.
    """
    board.note(event("answered", caller_number="0821234567", crm_tag="C-1001"))
    again = PopBoard.from_json(board.to_json())
    known = again.call_at("100-E")

    assert ("0821234567", "call-1", "") == (known.caller_number, known.sip_id, known.crm_tag)
