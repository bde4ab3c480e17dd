"""
The line of one webhook: everything about it that no call changes, and the request that a call makes of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from webhook_engine.aside import Aside
from webhook_engine.definitions.tree import tree_of
from webhook_engine.dispatch import EgressPolicy, Preparation, admit, credentials_for
from webhook_engine.errors import WebhookDisabled
from webhook_engine.responses import Interpreter
from webhook_engine.variables import values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webhook_engine.definitions import CompiledWebhook, Definitions, Webhook
    from webhook_engine.dispatch import Credentials, PreparedRequest, SecretStore
    from webhook_engine.dispatch.freezing import Freezer
    from webhook_engine.variables import CallContext, Value

PATIENCE_S: Final = 15.0
"""How long a durable request waits for its group's limits, once it is its turn in the queue."""


class Lines:
    """
    The webhooks of one tenant, each made ready when it is first asked for.
    """

    def __init__(self, definitions: Definitions, secrets: SecretStore, aside: Aside | None = None) -> None:
        """
        Args:
            aside: Where responses are read that cost much; threads of their own where left out.
        """
        self._aside = aside or Aside()
        self.definitions = definitions
        self.secrets = secrets
        self.policy = EgressPolicy(definitions.allowed_networks)
        self._agents = frozenset(agent.extension for agent in definitions.agents)
        self._lines: dict[tuple[str, bool], Line] = {}

    def of(self, webhook: str, *, test_values: bool = False) -> Line:
        """
        The line of that webhook.

        Raises:
            NotFound: No webhook has that name.
        """
        key = (webhook, test_values)
        line = self._lines.get(key)
        if line is None:
            compiled = self.definitions.compiled(webhook, test=test_values)
            preparation = Preparation(compiled, policy=self.policy)
            stale_s = 0.0 if test_values else compiled.definition.stale_s
            line = self._lines[key] = Line(
                compiled, preparation, _interpreter(compiled), self._aside, stale_s
            )
        return line

    def revision(self, webhook: str) -> str | None:
        """
        That of the webhook's definition; None where there is none of that name.
        """
        return self.of(webhook).revision if webhook in self.definitions.index.webhooks else None

    def check_enabled(self, line: Line) -> None:
        """
        Raises:
            WebhookDisabled: Nothing of this webhook is sent or opened at present.
        """
        if not line.compiled.definition.enabled:
            raise WebhookDisabled(line.name)

    def values(self, line: Line, call: CallContext) -> Mapping[str, Value]:
        """
        What the webhook reads of a call.
        """
        return values_of(call, self.definitions.tenant, line.compiled.variables)

    def credentials(self, line: Line, extension: str) -> Credentials:
        """
        What a request of that agent shows to its target system.

        Raises:
            AgentRefused: The extension may not use the webhook, or has no credentials of its own.
            SecretMissing: One of them is not where its reference says.
        """
        admit(extension, self._agents, webhook=line.name)
        return credentials_for(line.compiled.group, extension, self.secrets)

    def prepared(self, line: Line, call: CallContext, values: Mapping[str, Value]) -> PreparedRequest:
        """
        The request for a call; nothing is sent.

        Raises:
            WebhookEngineError: What keeps it from being made.
        """
        return line.preparation.prepare(values, self.credentials(line, call.extension))


@dataclass(frozen=True)
class Line:
    """
    One webhook, with everything about it that no call changes.
    """

    compiled: CompiledWebhook
    preparation: Preparation
    interpreter: Interpreter
    aside: Aside

    stale_s: float = 0.0
    """How old an answer may be that stands in for one that fails."""

    @cached_property
    def name(self) -> str:
        """
        The webhook's.
        """
        return self.compiled.definition.name

    @cached_property
    def revision(self) -> str:
        """
        Another one after each edit of the webhook, and the same in every process.
        """
        return revision_of(self.compiled.definition)

    @cached_property
    def is_sent(self) -> bool:
        """
        Whether the request is sent from here, rather than by the agent's browser.
        """
        return self.compiled.definition.type.is_sent

    @cached_property
    def freezer(self) -> Freezer:
        """
        Keeps its requests, and brings them back.
        """
        from webhook_engine.dispatch.freezing import Freezer

        return Freezer(self.compiled, self.preparation.route)


def revision_of(webhook: Webhook) -> str:
    """
    A webhook's definition in 16 hexadecimal digits.
    """
    told = json.dumps(tree_of(webhook), sort_keys=True, ensure_ascii=True)
    return blake2b(told.encode(), digest_size=8).hexdigest()


def _interpreter(compiled: CompiledWebhook) -> Interpreter:
    return Interpreter(
        response_type=compiled.definition.response_type,
        view=compiled.view,
        rules=compiled.rules,
        expects_rows=compiled.expects_rows,
    )
