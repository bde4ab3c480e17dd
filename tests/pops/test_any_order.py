"""
Whatever comes in whatever order, each screen shows what the board says, and each pop once.
"""

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from tests.pops.screen import Screen, event, on_the_board, view
from webhook_engine.pops import PopBoard, PopBounds

AGENTS = tuple(f"10{n}-E" for n in range(5))
WEBHOOKS = ("Contact page", "Contact lookup", "Orders")
MOMENTS = ("ringing", "answered", "transferred", "ended", "disposed", "manual")

agents = st.sampled_from(AGENTS)
webhooks = st.sampled_from(WEBHOOKS)
moments = st.sampled_from((*MOMENTS[:3], *MOMENTS))
calls = st.sampled_from(("one", "one", "two", ""))
times = st.integers(0, 20)


class Streams(RuleBasedStateMachine):
    """
    Five agents, of whom one is always connected, and a board that remembers little.
    """

    events = Bundle("events")
    tickets = Bundle("tickets")

    @initialize(
        messages=st.sampled_from((1, 3, 200)), pops=st.sampled_from((2, 50)), known=st.sampled_from((2, 50))
    )
    def begin(self, messages, pops, known):
        self.crashed = False
        self.bounds = PopBounds(
            messages_per_agent=messages, pops_per_agent=pops, calls=known, agents=max(known, 4)
        )
        self.epochs = iter(range(1000))
        self.board = PopBoard(bounds=self.bounds, epoch=f"e{next(self.epochs)}")
        self.screens = {agent: Screen(self.board, agent) for agent in AGENTS}
        self.saved = orjson.dumps(self.board.to_json())
        self._connect()

    def _connect(self):
        self.live = self.screens[AGENTS[0]]
        self.live.catch_up()
        self.board.listen(lambda message: self.live.read(message) if message.agent == AGENTS[0] else None)

    @rule(target=events, moment=moments, agent=agents, call=calls, at=times)
    def happens(self, moment, agent, call, at):
        told = event(moment, agent, call=call, at=at, caller_number="082")
        self.board.note(told)
        return told

    @rule(told=events)
    def is_told_again(self, told):
        before = len(self.board.open_pops(told.call.extension))
        self.board.note(told)
        if told.call.sip_id and self.bounds.calls >= 50 and not self.crashed:
            assert before == len(self.board.open_pops(told.call.extension))

    @rule(told=events, webhook=webhooks, moves=st.booleans(), parameter=st.sampled_from(("", "7")))
    def opens_a_window(self, told, webhook, moves, parameter):
        self.board.open_window(
            told, webhook, f"https://crm.example.com/{told.id}", parameter=parameter, moves=moves
        )

    @rule(target=tickets, told=events, webhook=webhooks, moves=st.booleans())
    def begins_a_lookup(self, told, webhook, moves):
        return self.board.begin(told, webhook, moves=moves)

    @rule(ticket=tickets, cell=st.sampled_from(("Thandi", "Conrad")))
    def shows(self, ticket, cell):
        if ticket is not None:
            self.board.show(ticket, view(cell))

    @rule(ticket=tickets)
    def gives_up(self, ticket):
        if ticket is not None:
            self.board.give_up(ticket)

    @rule(agent=agents, which=st.integers(0, 3))
    def dismisses(self, agent, which):
        if which < len(pops := self.board.open_pops(agent)):
            assert self.board.dismiss(agent, pops[which].id)

    @rule(agent=agents)
    def comes_back(self, agent):
        screen = self.screens[agent]
        screen.catch_up()
        assert on_the_board(self.board, agent) == screen.contents()
        assert [] == screen.catch_up()

    @rule(agent=agents)
    def reloads(self, agent):
        if agent != AGENTS[0]:
            self.screens[agent] = Screen(self.board, agent)
            assert ["snapshot"] == self.screens[agent].catch_up()
            assert on_the_board(self.board, agent) == self.screens[agent].contents()

    @rule()
    def is_saved(self):
        self.saved = orjson.dumps(self.board.to_json())

    @rule(crashes=st.booleans())
    def restarts(self, crashes):
        """
        After a crash, what happened since the last time it was saved is lost.
        """
        self.crashed = self.crashed or crashes
        kept = self.saved if crashes else orjson.dumps(self.board.to_json())
        self.board = PopBoard.from_json(orjson.loads(kept), bounds=self.bounds, epoch=f"e{next(self.epochs)}")
        for screen in self.screens.values():
            screen.board = self.board
        self._connect()

    @invariant()
    def who_is_connected_sees_what_there_is(self):
        assert on_the_board(self.board, AGENTS[0]) == self.live.contents()

    @invariant()
    def the_bounds_hold(self):
        for agent in AGENTS:
            assert len(self.board.open_pops(agent)) <= self.bounds.pops_per_agent
        assert len(self.board.to_json()["calls"]) <= self.bounds.calls

    def teardown(self):
        for agent in getattr(self, "screens", ()):
            self.comes_back(agent)


TestStreams = Streams.TestCase
TestStreams.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

# Of one call, each at a time of its own: (moment, agent).
happenings = st.lists(
    st.tuples(st.sampled_from(("ringing", "ringing", "answered", "ended", "disposed", "manual")), agents),
    max_size=12,
)


def opened(events):
    board = PopBoard()
    for each in events:
        for webhook in WEBHOOKS[:2]:
            board.open_window(each, webhook, "https://crm.example.com/")
    return {(agent, pop.webhook, pop.kept) for agent in AGENTS for pop in board.open_pops(agent)}


@given(happenings, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_arrival_makes_no_difference(happened, random):
    """
    Events of a call that is not transferred leave the same pops open, in whatever order they are told.
    """
    in_order = [event(moment, agent, at=at) for at, (moment, agent) in enumerate(happened)]
    shuffled = random.sample(in_order, len(in_order)) + random.sample(in_order, len(in_order) // 2)

    assert opened(in_order) == opened(shuffled)


@given(happenings)
@settings(deadline=None)
def test_an_agent_keeps_what_is_theirs(happened):
    """
    Said in another way than the board works it out: from the whole story, as it happened.
    """
    story = list(enumerate(happened))
    is_over = any(moment == "ended" for _, (moment, _) in story)
    expected = set()
    for at, (moment, agent) in story:
        later = [what for then, what in story if then > at]
        taken = any(what == "answered" and who != agent for what, who in later)
        if moment in {"ended", "disposed", "manual"}:
            expected.add((agent, True))
        elif not is_over and ("disposed", agent) not in later and not taken:
            expected.add((agent, False))
    own = {agent for agent, kept in expected if kept}
    expected = {(agent, kept) for agent, kept in expected if kept or agent not in own}

    in_order = [event(moment, agent, at=at) for at, (moment, agent) in enumerate(happened)]

    assert expected == {(agent, kept) for agent, _, kept in opened(in_order)}
