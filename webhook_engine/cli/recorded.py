"""
Recorded calls, and what a process learnt of responses, out of their files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson

from webhook_engine.cli.inputs import BadInput, read_bytes

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.definitions.linting import Spot
    from webhook_engine.drift import Drift


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """
    A file of them, read once for however many definitions.
    """

    path: Path
    content: bytes

    @classmethod
    def at(cls, path: Path) -> Self:
        """
        What *path* holds now; `-` is standard input.

        Raises:
            BadInput: It cannot be read.
        """
        return cls(path, read_bytes(path))


def spots_in(file: RecordedFile, definitions: Definitions) -> tuple[Spot, ...]:
    """
    Columns that drifted: by recorded calls with their responses, or by the file of what a process learnt.

    Raises:
        BadInput: It is neither.
    """
    from webhook_engine.testing.drifting import spots_of

    path, content = file.path, file.content
    try:
        whole = orjson.loads(content)
    except orjson.JSONDecodeError:
        whole = None
    if isinstance(whole, dict) and "moment" not in whole:
        drift = _learnt(path, whole, definitions)
    else:
        from webhook_engine.cli.replaying import recorded_in
        from webhook_engine.testing.drifting import drift_of

        drift = drift_of(definitions, recorded_in(path, content))
    return tuple(spots_of(definitions, drift.findings()))


def _learnt(path: Path, document: dict[str, Any], definitions: Definitions) -> Drift:
    from webhook_engine.drift import Drift

    tenant = definitions.tenant.name
    if tenant not in document:
        others = ", ".join(map(repr, document)) or "nobody's"
        raise BadInput(f"{path} holds nothing of the tenant {tenant!r}; it has {others}")
    try:
        return Drift.from_json(document[tenant])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path} is neither recorded calls nor what a process learnt") from error
