"""
Success judged by content: one outcome and one plain sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_engine.errors import WebhookEngineError

from .defaults import DEFAULTS, SENTENCES, UNASKED
from .facts import Outcome
from .lines import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRule:
    """
    One line of what a webhook says about its own responses.
    """

    when: Callable[[Mapping[str, object]], object]
    """
    Whether it decides, from `response` (the tree; of XML what the outermost
    element holds), `status`, `headers` (names in lower case), `rows` (how
    many) and `text`.
    """

    outcome: Outcome

    say: Callable[[Mapping[str, object]], str] | None = None
    """The sentence for the agent; the outcome's own where left out."""

    reads_response: bool = True
    """Whether it looks at `response` or `text`, so that they must be made."""

    label: str = ""
    """What the trace calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    What became of a request, and who says so.
    """

    outcome: Outcome

    sentence: str
    """One plain line for the agent; never markup."""

    decided_by: str
    """The label of the rule, or `default: …` with the line of the table."""

    findings: tuple[str, ...] = ()
    """Rules that could not be asked."""


def judge(facts: Facts, rules: Sequence[OutcomeRule], names: Mapping[str, object]) -> Verdict:
    """
    The verdict of the first rule that matches, or else of the table of defaults.

    A rule that cannot be asked about this response, because a condition on a
    member that is not there fails, does not match, and a finding says so. But
    what it was to tell from ok must not pass for ok: then the verdict is that
    nobody can tell, as a refusal, which is shown and not tried again.

    Args:
        names: What the rules may ask for.
    """
    findings: list[str] = []
    unasked = ""
    for number, rule in enumerate(rules, start=1):
        label = rule.label or f"outcome {number}"
        try:
            if rule.when(names):
                outcome, sentence = rule.outcome, _said(rule, names, label, findings)
                break
        except WebhookEngineError as problem:
            findings.append(f"the rule {label} could not be asked: {problem}")
            if rule.outcome is not Outcome.OK:
                unasked = unasked or label
    else:
        default = next(line for line in DEFAULTS if line.holds(facts))
        outcome, sentence, label = default.outcome, default.say(facts), f"default: {default.name}"
    if unasked and outcome is Outcome.OK:
        outcome, sentence, label = Outcome.REFUSED, UNASKED, unasked
    return Verdict(outcome=outcome, sentence=sentence, decided_by=label, findings=tuple(findings))


def _said(rule: OutcomeRule, names: Mapping[str, object], label: str, findings: list[str]) -> str:
    if rule.say is None:
        return SENTENCES[rule.outcome]
    try:
        return one_line(rule.say(names)) or SENTENCES[rule.outcome]
    except WebhookEngineError as problem:
        findings.append(f"the sentence of {label} could not be made: {problem}")
        return SENTENCES[rule.outcome]
