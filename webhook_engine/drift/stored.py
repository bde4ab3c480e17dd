"""
What is learnt of responses, in the store: told, and accepted for all processes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from webhook_engine.drift.sharing import accepted, findings_in
from webhook_engine.drift.watch import DriftSettings

if TYPE_CHECKING:
    from webhook_engine.drift.column import Drifted
    from webhook_engine.store import Store


async def learnt(store: Store, tenant: str) -> dict[str, Mapping[str, Any]]:
    """
    All that is known of a tenant's responses, by webhook, as `Drift.from_json` reads it.
    """
    return {name: each.document for name, each in (await store.learnt.load(tenant)).items()}


async def findings(store: Store, tenant: str) -> tuple[Drifted, ...]:
    """
    Every column of a tenant's that has drifted, by webhook.
    """
    documents = sorted((await learnt(store, tenant)).items())
    return tuple(each for name, told in documents for each in findings_in(name, told, DriftSettings()))


async def accept(
    store: Store, tenant: str, webhook: str, columns: Collection[str] | None = None
) -> tuple[Drifted, ...]:
    """
    Take what has drifted for what is right, in every process; each knows within seconds.

    Args:
        columns: Which; all that have drifted where left out.

    Returns:
        What was a finding.
    """
    found: list[Drifted] = []

    def accepting(name: str, known: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        document, findings = accepted(name, known, columns, DriftSettings())
        found.extend(findings)
        return document

    await store.learnt.change(tenant, [webhook], accepting)
    return tuple(found)
