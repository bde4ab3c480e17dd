"""
Rules: which call events start which webhooks; and the variables that they may ask for besides ours.
"""

from __future__ import annotations

from dataclasses import dataclass

from webhook_engine.responses import Outcome
from webhook_engine.variables import Direction, Disposition, Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """
    A webhook that another one's response leads to.
    """

    webhook: str

    after: str | None = None
    """The webhook whose response leads here; the rule's only one where left out."""

    on: tuple[Outcome, ...] = (Outcome.OK,)
    """The outcomes after which it goes on."""

    when: str | None = None
    """An expression over the response, as in an outcome, that must hold too."""

    value: str | None = None
    """An expression over the response: the next webhook's DYNAMIC_PARAMETER. A list starts one each."""

    at_most: int = 10
    """How many a list may start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    When these events happen to such a call, these webhooks start.
    """

    name: str
    on: tuple[Moment, ...]
    webhooks: tuple[str, ...] = ()

    when: str | None = None
    """An expression over the call's variables; always true where left out."""

    priority: int = 0
    """Higher first; rules of one priority in the file's order."""

    stop: bool = False
    """Whether rules after this one are left out once it matched."""

    call_queues: tuple[str, ...] = ()
    """Only calls of these telephone queues; all where empty."""

    directions: tuple[Direction, ...] = ()
    dispositions: tuple[Disposition, ...] = ()
    then: tuple[Then, ...] = ()

    silence: frozenset[str] = frozenset()
    """Lint codes that are not reported here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomVariable:
    """
    A variable that the embedding application adds to its calls.
    """

    name: str
    """Capitals, digits and `_`."""

    meaning: str = ""
    example: str = ""
    known_from: Moment = Moment.RINGING
