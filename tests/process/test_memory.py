"""
The collector looks at nothing that stays, and at what was replaced before it is too much.
"""

import gc
import weakref

import pytest

from webhook_engine.process.memory import REPLACED, Settled, uncollected


class Ring:
    """
    Garbage that only the collector finds.
    """

    def __init__(self):
        self.itself = self


@pytest.fixture(autouse=True)
def as_before():
    yield
    gc.unfreeze()
    gc.enable()


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
