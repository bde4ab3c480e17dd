"""
ONE TABLE of what lint looks for: stable codes, so that they can be silenced and counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Code:
    """
    One thing that reads well and goes wrong.
    """

    name: str
    title: str
    why: str

    of_responses: bool = False
    """Whether it is found in what responses were like, and not in the definitions alone."""


_ROWS = (
    Code(
        "asserts-nothing",
        "A test that asserts nothing",
        "It passes whatever the rules do. Say which webhooks it expects, or `nothing = true`.",
    ),
    Code(
        "chain-loops",
        "A chain that comes back to where it began",
        "Each webhook's response starts the next; where it would come back to one, it is refused and ends.",
    ),
    Code(
        "column-changed",
        "A selected column whose values are of another type than before",
        "The agent reads something else in it, and a rule that compares it no longer holds. Where it is meant, the "
        "next edit of the webhook takes the new type for the usual one.",
        of_responses=True,
    ),
    Code(
        "column-unknown",
        "A selected column that no response ever had",
        "The agent sees an empty column. Its path is misspelt, or the target system calls it otherwise.",
        of_responses=True,
    ),
    Code(
        "column-vanished",
        "A selected column that responses no longer have",
        "The agent sees it empty from one day to the next, and nobody is told.",
        of_responses=True,
    ),
    Code(
        "dead-link",
        "A column linked to a webhook that there is not",
        "The agent sees a cell that opens nothing.",
    ),
    Code(
        "fires-twice",
        "Two rules that always start one webhook together",
        "The target system gets the same request twice for one call.",
    ),
    Code(
        "foreign-agent",
        "An agent of another tenant",
        "An extension ends in the tenant's name, so no call of this tenant can be this agent's.",
    ),
    Code(
        "key-in-browser",
        "A key in a browser window's address",
        "It lands in the browser's history, in the target system's log and on the agent's screen. "
        "Use a key that opens nothing else.",
    ),
    Code(
        "literal-secret",
        "A secret written in the definitions",
        "Whoever reads the file has it, and so has every copy and every backup. Refer to it instead: "
        '`{ env = "…" }`, `{ file = "…" }` or `{ vault = "…" }`.',
    ),
    Code(
        "live-post",
        "A POST that a rule starts and nobody repeats",
        "A connection that breaks leaves nobody knowing whether the target system acted, so a live POST is not sent "
        "again, and what a rule started is lost unseen. Deliver it durably: it is repeated with the same "
        "`Idempotency-Key`. Where it only looks something up, say `safe = true`: it is tried a second time.",
    ),
    Code(
        "may-be-empty",
        "A parameter that can be empty, with no rule for it",
        "A withheld number or a call without a queue sends an empty value, which some target systems take "
        "for *everything*. Say what is meant with `when_empty`.",
    ),
    Code(
        "missing-ca-file",
        "A file of certificates that is not there",
        "No request of the group can prove whom it talks to, so none will be sent from this machine.",
    ),
    Code(
        "never-matches",
        "A rule that no event can match",
        "It looks as if it did something.",
    ),
    Code(
        "no-country",
        "A number's form without the tenant's country",
        "A national number has no international form until the country is known; without it only numbers "
        "that begin with + are understood.",
    ),
    Code(
        "no-members",
        "A group of level user without members",
        "Every agent is refused and nothing is ever sent.",
    ),
    Code(
        "not-known-yet",
        "A variable that is not known at a rule's moment",
        "It is empty then, so the target system gets an empty value or the condition never holds.",
    ),
    Code(
        "number-without-form",
        "A telephone number sent as the platform happens to have it",
        "0821234567, 27821234567 and +27821234567 are one caller and three strings; a look-up that is sent "
        "another form than the CRM stores finds nobody. Use `e164`, `national`, `digits` or `last`.",
    ),
    Code(
        "own-signature",
        "A header that the signature has for itself",
        "A group with `signing_secrets` signs its requests, and the signature's headers take the place of "
        "those that a webhook or a key would send by the same name.",
    ),
    Code(
        "plain-http",
        "A secret sent without encryption",
        "Everybody on the way can read it. Use https.",
    ),
    Code(
        "private-host",
        "A host that is private and not allowed",
        "Requests to private addresses are refused. If this target system is meant, add its network to "
        "the tenant's `allowed_networks`.",
    ),
    Code(
        "raw",
        "A value that is not escaped",
        "`| raw` puts what a caller says into the request as it is: it can end the value and begin another.",
    ),
    Code(
        "secret-in-template",
        "Something that looks like a secret in a webhook",
        "A URL, a header or a parameter is shown in pages and logs. A group's key is masked everywhere.",
    ),
    Code(
        "silences-nothing",
        "A code silenced where it is not found",
        "It would hide the next finding of that code.",
    ),
    Code(
        "slow-for-live",
        "A live webhook with a deadline above what an agent waits",
        "The caller hears silence for that long. Lower the deadline, or deliver it durably.",
    ),
    Code(
        "unread-cell",
        "A column linked to a webhook that does not read the cell",
        "The cell becomes the other webhook's DYNAMIC_PARAMETER; a webhook that never asks for it opens the "
        "same page from every row.",
    ),
    Code(
        "unused-group",
        "A group that no webhook uses",
        "Its secrets are kept for nothing.",
    ),
    Code(
        "unused-variable",
        "A custom variable that nothing asks for",
        "Either it can go, or what should ask for it does not.",
    ),
    Code(
        "wide-network",
        "An allowed network that opens more than a target system",
        "Webhooks could be led to anything in it, the telephone platform itself included.",
    ),
)

CODES: Mapping[str, Code] = MappingProxyType({row.name: row for row in _ROWS})
"""Every code, by its name, in the order of the alphabet."""
