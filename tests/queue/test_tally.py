"""
Whose turn it is.
"""

from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.queue import State
from webhook_engine.queue.sharing import Share, share_out
from webhook_engine.queue.sqlite.tally import Tally

WANTS = st.dictionaries(st.text(max_size=3), st.integers(1, 50), max_size=12)


@given(limit=st.integers(0, 200), wants=WANTS)
def test_shares_are_fair(limit, wants):
    """
    Nobody gets more than wanted, nothing is left over that somebody wants, and nobody who wants more has less
    than another by more than one.
    """
    shares = share_out(limit, wants)

    assert sum(shares.values()) == min(limit, sum(wants.values()))
    assert all(0 < share <= wants[name] for name, share in shares.items())
    most = max(shares.values(), default=0)
    short = [shares.get(name, 0) for name in wants if shares.get(name, 0) < wants[name]]
    assert all(share >= most - 1 for share in short)


def test_every_target_has_its_turn():
    """
    A hundred targets and claims of seven: nobody is served twice before everybody was served once.
    """
    tally = Tally()
    for n in range(100):
        tally.move(f"t{n}", None, State.READY, 5)

    served = [share.target for _ in range(14) for share in tally.plan(7, {}, None)]

    assert len(set(served)) == 98


def test_what_was_rolled_back_has_not_happened():
    """
    A transaction that failed leaves the counts and the turns as they were.
    """
    tally = Tally()
    tally.move("t", None, State.READY, 3)
    tally.commit()

    tally.move("t", State.READY, State.LEASED, 3)
    assert tally.plan(10, {}, None) == []
    tally.rollback()

    assert tally.plan(10, {}, None) == [Share("t", fresh=3, again=0)]
