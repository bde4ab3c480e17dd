"""
The collector looks at nothing that stays, and at what was replaced before it is too much.
"""

import gc
import weakref

import pytest

from webhook_engine.process.memory import REPLACED, YOUNG, Settled, uncollected


class Ring:
    """
    Garbage that only the collector finds.
    """

    def __init__(self):
        self.itself = self


@pytest.fixture(autouse=True)
def as_before():
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()
    gc.enable()
    gc.collect()
    gc.freeze()  # as tests/conftest.py leaves it


def test_nothing_is_collected_while_much_is_made():
    """
    Afterwards it goes on.
    """
    with uncollected():
        assert not gc.isenabled()

    assert gc.isenabled()


def test_what_was_replaced_is_freed_in_the_end():
    """
    Not at every edit: at the one with which it is enough.
    """
    settled, ring = Settled(), Ring()
    gone = weakref.ref(ring)
    settled.settle()
    del ring
    gc.collect()
    assert gone() is not None

    settled.settle(replaced=REPLACED - 1)
    assert gone() is not None
    settled.settle(replaced=1)

    assert gone() is None


def test_what_is_under_way_is_not_looked_through_in_vain():
    """
    Thousands of objects come and go before the collector looks at any.
    """
    Settled().settle()
    gc.collect()
    before = gc.get_stats()[0]["collections"]

    under_way = [[] for _ in range(YOUNG - 1_000)]

    assert before == gc.get_stats()[0]["collections"]
    del under_way
