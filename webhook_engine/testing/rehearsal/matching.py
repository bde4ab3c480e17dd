"""
Which performance an expectation means, where several start the same webhook.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from webhook_engine.testing.rehearsal.expecting import differences

if TYPE_CHECKING:
    from webhook_engine.definitions import Expectation
    from webhook_engine.testing.rehearsal.differing import Difference
    from webhook_engine.testing.rehearsal.performance import Performance

Meant: TypeAlias = "tuple[Performance, tuple[Difference, ...]]"
"""A performance, and what about it is not as expected."""


def meant(expect: Sequence[Expectation], performances: Sequence[Performance]) -> dict[int, Meant]:
    """
    Place of an expectation -> the performance that it means; none for one that finds none, or expects none.

    As many as possible are as expected: one that says little leaves to the others what only they fit.
    """
    choice = _Choice(expect, performances)
    for place in choice.candidates:
        choice.settle(place, set())
    return dict(choice.of_all())


class _Choice:
    def __init__(self, expect: Sequence[Expectation], performances: Sequence[Performance]) -> None:
        self._performances = performances
        self.candidates = {
            place: {
                number: differences(wanted, each)
                for number, each in enumerate(performances)
                if is_about(wanted, each)
            }
            for place, wanted in enumerate(expect)
            if not wanted.absent
        }
        self._taken: dict[int, int] = {}
        """Number of a performance -> the place that has it."""

    def settle(self, place: int, asked: set[int]) -> bool:
        """
        Whether *place* gets a performance that is as it expects, be it that another place takes another one.
        """
        for number, differs in self.candidates[place].items():
            if differs or number in asked:
                continue
            asked.add(number)
            if number not in self._taken or self.settle(self._taken[number], asked):
                self._taken[number] = place
                return True
        return False

    def of_all(self) -> Iterator[tuple[int, Meant]]:
        """
        Every place with what it means: where nothing is as expected, what is nearest of the rest.
        """
        settled = {place: number for number, place in self._taken.items()}
        left = set(range(len(self._performances))) - self._taken.keys()
        for place, candidates in self.candidates.items():
            number = settled.get(place)
            if number is None:
                free = [each for each in candidates if each in left]
                if not free:
                    continue
                number = min(free, key=lambda each: len(candidates[each]))
                left.remove(number)
            yield place, (self._performances[number], candidates[number])


def is_about(wanted: Expectation, performed: Performance) -> bool:
    """
    Whether a performance is one of those that an expectation may mean.
    """
    return (
        wanted.webhook == performed.webhook
        and wanted.moment in (None, performed.moment)
        and wanted.after in (None, performed.after)
    )
