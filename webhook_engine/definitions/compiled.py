"""
A webhook and a rule ready for calls: every template read, every expression checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from webhook_engine.definitions.groups import Group
from webhook_engine.definitions.rules import Rule, Then
from webhook_engine.definitions.webhooks import Webhook
from webhook_engine.responses import OutcomeRule, View
from webhook_engine.templating import Expression, Template

CREDENTIAL_KEY: Final = "CREDENTIAL_KEY"
CREDENTIAL_USERNAME: Final = "CREDENTIAL_USERNAME"
CREDENTIAL_PASSWORD: Final = "CREDENTIAL_PASSWORD"  # noqa: S105  # a variable's name
CREDENTIALS: Final = frozenset({CREDENTIAL_KEY, CREDENTIAL_USERNAME, CREDENTIAL_PASSWORD})
"""
Variables that only a group's own parts of a request read: the secret lands in its slot by the slot's escaper.

No template of an author can name them.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class CompiledWebhook:
    """
    A webhook as it is performed.
    """

    definition: Webhook
    group: Group | None

    method: str

    url: Template
    """With its query, and with a secret that travels there."""

    headers: tuple[tuple[str, Template], ...]
    """With the Content-Type, and with an API key that travels in a header."""

    body: Template | None
    """None where there is no body."""

    variables: frozenset[str]
    """The call's variables that the request or its outcome reads."""

    credentials: frozenset[str]
    """Which of `CREDENTIALS` the templates read beside those."""

    rules: tuple[OutcomeRule, ...]
    """The webhook's own outcomes, in the file's order; they read the response and the call's values."""

    view: View

    deadline_s: float
    """Seconds for everything."""

    ca_file: str | None
    """Where the group's certificates are, from the definitions' folder."""

    expects_rows: bool
    """Whether the agent asked for something, so that an empty answer means no match."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompiledThen:
    """
    One link of a rule's chain.
    """

    definition: Then
    after: str
    when: Expression | None
    value: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class CompiledRule:
    """
    A rule as it is matched.
    """

    definition: Rule

    when: Expression | None
    """None where it always holds."""

    then: tuple[CompiledThen, ...]
