"""
Sources -> a draft: every table read by its shape, every refusal reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from webhook_engine.definitions.document.refusals import explain, is_sound_without, salvage
from webhook_engine.definitions.document.shapes import KINDS, Shape, TenantShape
from webhook_engine.definitions.document.source import Report, Source
from webhook_engine.definitions.draft import Draft, Entry
from webhook_engine.definitions.places import Path
from webhook_engine.errors import did_you_mean


def read_sources(sources: Sequence[Source], report: Report) -> Draft:
    """
    One draft of all sources; what could not be read is missing from it and reported.
    """
    draft = Draft()
    for source in sources:
        for key, value in source.tree.items():
            if key == "tenant":
                _read_tenant(draft, source, value, report)
            elif key in KINDS:
                _read_kind(draft, source, key, value, report)
            else:
                meant = did_you_mean(key, ["tenant", *KINDS])
                hint = f"; did you mean {meant!r}?" if meant else f"; it has tenant, {', '.join(KINDS)}"
                report.refuse(source, (key,), f"is no key of a definitions file{hint}")
    return draft


def _read_tenant(draft: Draft, source: Source, value: object, report: Report) -> None:
    if draft.tenant_source is not None:
        first = draft.tenant_source.name
        report.refuse(source, ("tenant",), f"stands in {first} too; one tenant has one table")
        return
    draft.tenant_source = source
    shape, _ = _read_table(TenantShape, source, ("tenant",), value, report)
    if isinstance(shape, TenantShape):
        draft.tenant = shape.made()
        draft.tenant_silence = frozenset(shape.silence)
        draft.allowed_networks = tuple(shape.allowed_networks)


def _read_kind(draft: Draft, source: Source, key: str, value: object, report: Report) -> None:
    if not isinstance(value, list):
        report.refuse(source, (key,), f"must be a list of tables: write [[{key}]]")
        draft.lost.add(key)
        return
    into: list[Entry[Any]] = getattr(draft, f"{key}s")
    for index, table in enumerate(value):
        path = (key, index)
        shape, sound = _read_table(KINDS[key], source, path, table, report)
        if shape is not None:
            into.append(Entry(shape.made(), source, path, sound))
        if shape is None or report.has_refused(source, (*path, "extension" if key == "agent" else "name")):
            draft.lost.add(key)


def _read_table(
    kind: type[Shape], source: Source, path: Path, table: object, report: Report
) -> tuple[Shape | None, bool]:
    """
    The table in its shape, and whether it is what its author wrote, but for what others do not depend on.
    """
    if not isinstance(table, Mapping):
        report.refuse(source, path, "must be a table")
        return None, False
    try:
        return kind.model_validate(table), True
    except ValidationError as error:
        for each in error.errors(include_url=False):
            inside, message = explain(each, kind)
            report.refuse(source, (*path, *inside), message)
        try:
            return kind.model_validate(salvage(table, error)), is_sound_without(error)
        except ValidationError:
            return None, False
