"""
What of the rules' chains no test reaches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from webhook_engine.rules import LinkReason, follow
from webhook_engine.rules.words import either
from webhook_engine.testing.rehearsal.gap import Gap

if TYPE_CHECKING:
    from webhook_engine.rules import LinkTrace, RuleSet
    from webhook_engine.rules.link import Link
    from webhook_engine.testing.rehearsal.performance import Performance

_WENT_ON: Final = frozenset({LinkReason.FOLLOWED, LinkReason.LOOP, LinkReason.DEPTH, LinkReason.NO_VALUE})


class Followed:
    """
    What the responses of the tests led to, link by link.
    """

    def __init__(self, rules: RuleSet, performances: Sequence[Performance]) -> None:
        self._links = rules.links
        self._led: set[tuple[str, int, str]] = set()
        """(rule, place, outcome) of each link that was followed."""
        self._kept: set[tuple[str, int]] = set()
        """(rule, place) of each whose condition kept a response back."""
        for each in performances:
            if each.outcome is not None and not each.is_unanswered:
                for link in _links_of(rules, each):
                    self._note(link, str(each.outcome))

    def _note(self, link: LinkTrace, outcome: str) -> None:
        if link.reason is LinkReason.CONDITION:
            self._kept.add((link.rule, link.place))
        elif link.reason in _WENT_ON and link.starts:
            self._led.add((link.rule, link.place, outcome))

    def gaps(self, rule: str) -> Iterator[Gap]:
        """
        The links of a rule that nothing leads to, or not after each of their outcomes, and conditions that
        never keep anything back.
        """
        for link in self._links[rule]:
            yield from self._of(link)

    def _of(self, link: Link) -> Iterator[Gap]:
        where, then = f"rule {link.rule!r}", link.then
        missed = [str(each) for each in then.on if (link.rule, link.place, str(each)) not in self._led]
        leads = f"no response of {link.compiled.after!r} leads to {then.webhook!r}"
        if len(missed) == len(then.on):
            yield Gap(kind="then", where=where, what=leads)
            return
        if missed:
            yield Gap(kind="then", where=where, what=f"{leads} with on = {either(map(repr, missed))}")
        if then.when is not None and (link.rule, link.place) not in self._kept:
            what = f"the condition of then[{link.place}] {then.webhook!r} holds in every test that asks it"
            yield Gap(kind="condition", where=where, what=what)


def _links_of(rules: RuleSet, performed: Performance) -> Sequence[LinkTrace]:
    assert performed.outcome is not None  # the caller has seen it
    if not any(map(rules.links.get, performed.start.rules)):
        return ()
    response = performed.response
    names = performed.line.interpreter.names_of(response) if response is not None else {}
    found = follow(rules, performed.start, performed.event, outcome=performed.outcome, names=names)
    return found.trace.links
