"""
The collector of cyclic garbage, kept from standing in the way of calls.

A full collection looks at every object of the process while nothing else runs: a second where there are a thousand
webhooks. What stays for the life of the process need not be looked at.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

REPLACED: Final = 2_000
"""Webhooks that may be replaced before what was frozen of them is looked for: some tens of megabytes."""

YOUNG: Final = 10_000
"""Objects that are made before the collector looks for those nobody needs. Batches of events on their way to the disk
are some thousands, which it would look through again and again; that it waits costs a megabyte or two."""


@contextmanager
def uncollected() -> Iterator[None]:
    """
    Within this, much is made that stays, and the collector does not look through it again and again.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Settled:
    """
    Freezes what stays, and frees now and then what was frozen and is not needed any more; what comes and goes is
    looked through in large portions.
    """

    def __init__(self) -> None:
        self._replaced = 0

    def settle(self, *, replaced: int = 0) -> None:
        """
        What is there now stays.

        Args:
            replaced: Webhooks that others took the place of.
        """
        _, *older = gc.get_threshold()
        gc.set_threshold(YOUNG, *older)
        self._replaced += replaced
        if self._replaced >= REPLACED:
            self._replaced = 0
            gc.unfreeze()
            gc.collect()
        gc.freeze()
