"""
Definitions, and all that is made of them before any call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from webhook_engine.dispatch.allowance import GroupLimit
from webhook_engine.dispatch.prepare import NO_GROUP
from webhook_engine.dispatch.request import target_of
from webhook_engine.line import Lines, revision_of
from webhook_engine.performing.holds import Standing
from webhook_engine.rules import RuleSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from webhook_engine.aside import Aside
    from webhook_engine.definitions import Definitions, Webhook
    from webhook_engine.dispatch import SecretStore


class Ready(NamedTuple):
    """
    Definitions, and what an engine works with instead of them.
    """

    definitions: Definitions
    lines: Lines
    rules: RuleSet

    rooms: Mapping[str, int]
    """Target -> how many requests it may have under way."""

    groups: Mapping[str, tuple[GroupLimit, ...]]
    """Target -> what limits the requests of each group that asks it."""

    standing: Mapping[str, Standing]
    """Durable webhook -> how it stands."""

    @classmethod
    def of(cls, definitions: Definitions, secrets: SecretStore, aside: Aside) -> Self:
        """
        Made of *definitions*; it takes a while where there are many.

        Args:
            aside: Where responses are read that cost much.
        """
        return cls(
            definitions,
            Lines(definitions, secrets, aside),
            RuleSet(definitions),
            rooms_of(definitions),
            group_limits_of(definitions),
            {
                each.name: Standing(revision_of(each), each.enabled)
                for each in definitions.webhooks
                if each.is_durable
            },
        )


def rooms_of(definitions: Definitions) -> Mapping[str, int]:
    """
    Target, as `host:port` -> how many requests its groups allow together; those without a group are one.
    """
    allowed: dict[str, dict[str, int]] = {}
    for webhook in definitions.webhooks:
        group = definitions.group(webhook.group) if webhook.group else NO_GROUP
        for target in _targets(webhook):
            allowed.setdefault(target, {})[group.name] = group.max_in_flight
    return {target: sum(groups.values()) for target, groups in allowed.items()}


def group_limits_of(definitions: Definitions) -> Mapping[str, tuple[GroupLimit, ...]]:
    """
    Target -> what limits the requests of each group that asks it; a webhook without a group is one for itself.
    """
    found: dict[str, dict[str, GroupLimit]] = {}
    for webhook in definitions.webhooks:
        group = definitions.group(webhook.group) if webhook.group else NO_GROUP
        name = group.name or webhook.name
        limit = GroupLimit(name, definitions.tenant.name, group.max_in_flight, group.max_per_second)
        for target in _targets(webhook):
            found.setdefault(target, {})[name] = limit
    return {target: tuple(limits.values()) for target, limits in found.items()}


def _targets(webhook: Webhook) -> Iterable[str]:
    if not webhook.type.is_sent:
        return ()
    if not webhook.hosts:
        return (target_of(webhook.url),)
    scheme = webhook.url.partition("://")[0]
    return tuple(target_of(f"{scheme}://{host}/") for host in webhook.hosts)
