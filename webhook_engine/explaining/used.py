"""
The variables that one request reads: their values, their sources, and what makes them safe where they land.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from jinja2 import nodes

from webhook_engine.definitions.compiled import CREDENTIALS
from webhook_engine.dispatch.mask import HIDDEN
from webhook_engine.explaining.encoders import ENCODERS, RAW
from webhook_engine.explaining.origins import Origin, Source, is_early, source_of
from webhook_engine.templating.sandbox import ENVIRONMENT
from webhook_engine.variables import values_of

if TYPE_CHECKING:
    from webhook_engine.definitions import CompiledWebhook, Definitions
    from webhook_engine.rules import Start
    from webhook_engine.templating import Place, Template
    from webhook_engine.variables import CallEvent, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedAt:
    """
    One place where a variable lands.
    """

    where: str
    """`url`, `header 'X-Tag'` or `body`, and the parameter where it stands in one."""

    written: str
    """The token's name, or the expression."""

    slot: str
    encoder: str
    """What the slot does to a value, in words."""

    def to_json(self) -> dict[str, str]:
        """
        `{"where", "written", "slot", "encoder"}`.
        """
        return {"where": self.where, "written": self.written, "slot": self.slot, "encoder": self.encoder}


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableTrace:
    """
    One variable that a webhook reads of a call.
    """

    name: str
    value: Value
    """"" where the call does not hold it; a credential is masked."""

    source: Source

    early: bool
    """Whether a call need not know it at this moment."""

    used: tuple[UsedAt, ...]
    """Where it lands; nowhere, where only a condition or an outcome reads it."""

    def to_json(self) -> dict[str, object]:
        """
        `{"name", "value", "source", "because", "early", "used"}`.
        """
        return {
            "name": self.name,
            "value": self.value,
            "source": str(self.source.origin),
            "because": self.source.because,
            "early": self.early,
            "used": [each.to_json() for each in self.used],
        }


def variables_of(
    compiled: CompiledWebhook, event: CallEvent, start: Start, definitions: Definitions
) -> tuple[VariableTrace, ...]:
    """
    Every variable that a request of the webhook reads, by name; the secrets that it carries last.
    """
    used: dict[str, list[UsedAt]] = {}
    for where, template in _templates(compiled):
        for place in template.places:
            for name in _names(place.expression) & template.variables:
                used.setdefault(name, []).append(_used_at(where, place))
    values = values_of(start.call(event), definitions.tenant, compiled.variables)
    custom = {each.name: each.known_from for each in definitions.variables}
    found = [
        VariableTrace(
            name=name,
            value=values[name],
            source=source_of(name, event, start, definitions.tenant, custom=custom.get(name)),
            early=name not in _handed(start) and is_early(name, event.moment, custom=custom.get(name)),
            used=tuple(used.get(name, ())),
        )
        for name in sorted(compiled.variables)
    ]
    secrets = [_secret(name, used.get(name, ())) for name in sorted(compiled.credentials & CREDENTIALS)]
    return (*found, *secrets)


def _templates(compiled: CompiledWebhook) -> Iterator[tuple[str, Template]]:
    yield "url", compiled.url
    for name, template in compiled.headers:
        yield f"header {name!r}", template
    if compiled.body is not None:
        yield "body", compiled.body


def _used_at(where: str, place: Place) -> UsedAt:
    inside = f"{where}, parameter {place.parameter!r}" if place.parameter is not None else where
    encoder = RAW if place.raw else ENCODERS[place.slot]
    return UsedAt(where=inside, written=place.expression, slot=str(place.slot), encoder=encoder)


def _handed(start: Start) -> tuple[str, ...]:
    return () if start.dynamic_parameter is None else ("DYNAMIC_PARAMETER",)


def _secret(name: str, used: list[UsedAt] | tuple[()]) -> VariableTrace:
    source = Source(Origin.CREDENTIALS, "the group's credentials, or the member's own; never shown")
    return VariableTrace(name=name, value=HIDDEN, source=source, early=False, used=tuple(used))


@lru_cache(maxsize=4096)
def _names(expression: str) -> frozenset[str]:
    parsed = ENVIRONMENT.parse(f"{{{{ {expression} }}}}")
    return frozenset(each.name for each in parsed.find_all(nodes.Name))
