"""
Traces as lines for people.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from webhook_engine.rules.trace import ASKED, Fate, FollowTrace, LinkReason, Reason, Trace
from webhook_engine.rules.words import shown

if TYPE_CHECKING:
    from webhook_engine.rules.trace import LinkTrace, RuleTrace, StartTrace


_NAME: Final = re.compile(r"\w+")


class Tone(StrEnum):
    """
    What a line tells.
    """

    YES = "yes"
    NO = "no"
    WRONG = "wrong"
    """Something that should have worked."""

    DETAIL = "detail"


@dataclass(frozen=True, slots=True)
class Line:
    """
    One line, without its indentation.
    """

    depth: int
    """How far it is indented, in steps."""

    text: str
    tone: Tone = Tone.DETAIL

    def __str__(self) -> str:
        return "  " * self.depth + self.text


def explain(trace: Trace | FollowTrace) -> tuple[Line, ...]:
    """
    A trace as lines: what was decided, and under it the facts that decided.
    """
    found = _of_links(trace) if isinstance(trace, FollowTrace) else _of_rules(trace)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTrace:
    """
    One webhook, beside one event.
    """

    webhook: str
    starts: bool

    because: tuple[str, ...]
    """What each rule that could start it says; that no rule starts it, where none could."""

    def to_json(self) -> dict[str, object]:
        """
        `{"webhook", "starts", "because"}`.
        """
        return {"webhook": self.webhook, "starts": self.starts, "because": list(self.because)}


def why(trace: Trace, webhook: str) -> WebhookTrace:
    """
    Why a webhook starts or does not.
    """
    found = [each for rule in trace.rules for each in rule.starts if each.webhook == webhook]
    because = tuple(each for rule in trace.rules for each in _about(rule, webhook, trace))
    return WebhookTrace(
        webhook=webhook,
        starts=any(each.fate is Fate.STARTED for each in found),
        because=because or ("no rule starts it",),
    )


def _about(rule: RuleTrace, webhook: str, trace: Trace) -> Iterator[str]:
    because = rule.because + _values(rule, trace)
    if webhook in rule.webhooks:
        refused = [each.because for each in rule.starts if each.webhook == webhook and each.because]
        yield f"rule {rule.rule!r}: {'; '.join([because, *refused])}"
    for after, chained in rule.chained:
        if chained == webhook:
            matched = rule.reason is Reason.MATCHED
            yield f"rule {rule.rule!r}: " + (f"after {after!r}" if matched else because)


def _values(rule: RuleTrace, trace: Trace) -> str:
    """
    What the part of a condition reads that does not hold.
    """
    if rule.reason is not Reason.CONDITION:
        return ""
    asked = set(_NAME.findall(rule.failing or rule.when or ""))
    read = [f"{name} is {shown(trace.values[name])}" for name in rule.reads if name in asked]
    return f": {', '.join(read)}" if read else ""


def _of_rules(trace: Trace) -> Iterator[Line]:
    matched = sum(each.reason is Reason.MATCHED for each in trace.rules)
    verb = "matches" if matched == 1 else "match"
    yield Line(0, f"{trace.moment}: {matched} of {_count(len(trace.rules), 'rule')} {verb}", Tone.DETAIL)
    for each in trace.rules:
        tone = _TONES.get(each.reason, Tone.NO)
        yield Line(0, f"rule {each.rule!r}: {each.because}", tone)
        if each.reason in ASKED:
            yield from _condition(each, trace)
        for start in each.starts:
            yield _start(start)


_TONES = {Reason.MATCHED: Tone.YES, Reason.RAISED: Tone.WRONG}


def _condition(rule: RuleTrace, trace: Trace) -> Iterator[Line]:
    if rule.when is not None:
        yield Line(1, f"when {' '.join(rule.when.split())}")
    for name in rule.reads:
        early = f", which a call need not know at {trace.moment}" if name in rule.early else ""
        yield Line(2, f"{name} is {shown(trace.values[name])}{early}")


def _start(start: StartTrace) -> Line:
    value = start.start.dynamic_parameter if start.start is not None else None
    given = "" if value is None else f" with DYNAMIC_PARAMETER {shown(value)}"
    if start.fate is Fate.STARTED and not start.enabled:
        return Line(1, f"starts {start.webhook!r}{given}, and nothing is sent: it is disabled", Tone.NO)
    if start.fate is Fate.STARTED:
        return Line(1, f"starts {start.webhook!r}{given}", Tone.YES)
    tone = Tone.WRONG if start.fate is Fate.REFUSED else Tone.NO
    return Line(1, f"does not start {start.webhook!r}{given}: {start.because}", tone)


def _of_links(trace: FollowTrace) -> Iterator[Line]:
    yield Line(0, f"{trace.webhook!r} ended {trace.outcome}: {_count(len(trace.links), 'link')} of its chain")
    for each in trace.links:
        tone = _LINK_TONES.get(each.reason, Tone.WRONG)
        yield Line(0, f"rule {each.rule!r}{_place(each)}: {each.because}", tone)
        if each.reason is not LinkReason.GONE:
            yield from _expressions(each, trace)
        for start in each.starts:
            yield _start(start)


_LINK_TONES = {
    LinkReason.FOLLOWED: Tone.YES,
    LinkReason.OUTCOME: Tone.NO,
    LinkReason.CONDITION: Tone.NO,
    LinkReason.NO_VALUE: Tone.NO,
}


def _place(link: LinkTrace) -> str:
    return f", then[{link.place}] {link.webhook!r}" if link.place else ""


def _expressions(link: LinkTrace, trace: FollowTrace) -> Iterator[Line]:
    for word, source in (("when", link.when), ("value", link.value)):
        if source is not None:
            yield Line(1, f"{word} {' '.join(source.split())}")
    for name in link.reads:
        if name in trace.values:
            yield Line(2, f"{name} is {shown(trace.values[name])}")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
