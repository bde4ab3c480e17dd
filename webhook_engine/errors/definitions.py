"""
What is wrong with definitions, and with what is asked of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_engine.variables.errors import WebhookEngineError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """
    One thing that is wrong in a definitions file.
    """

    path: str
    """Where in the document: `webhook[3].parameter[1].value`. Counts from 1."""

    message: str
    """What is wrong and what to do."""

    line: int | None = None
    """Line of the file, from 1, where TOML gives it."""

    column: int | None = None
    """Column inside the template at *path*, from 1."""

    source: str | None = None
    """The file's name."""

    def __str__(self) -> str:
        place = self.path or "the document"
        if self.column is not None:
            place += f", column {self.column}"
        prefix = f"{self.source}:" if self.source else ""
        if self.line is not None:
            prefix += f"{self.line}:"
        return f"{prefix + ' ' if prefix else ''}{place}: {self.message}"


class DefinitionError(WebhookEngineError):
    """
    A document that does not define what it should: all its problems at once.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class DefinitionInUse(DefinitionError):
    """
    Something still refers to what was to be deleted.
    """

    def __init__(self, what: str, *, used_by: Sequence[str]) -> None:
        super().__init__([Problem(path=what, message=f"cannot be deleted: in use by {', '.join(used_by)}")])
        self.what = what
        self.used_by = tuple(used_by)


class NotFound(WebhookEngineError):
    """
    Nothing of that name is defined.
    """

    def __init__(self, kind: str, name: str, *, known: Iterable[str] = ()) -> None:
        suggestion = did_you_mean(name, known)
        hint = f": did you mean {suggestion!r}?" if suggestion else ""
        super().__init__(f"there is no {kind} {name!r}{hint}")
        self.kind = kind
        self.name = name


class WrongType(WebhookEngineError):
    """
    A page was asked, or a request opened.
    """

    def __init__(self, webhook: str, *, is_sent: bool) -> None:
        use = (
            "it is sent from here and not opened: ask for it, or render it to see the request"
            if is_sent
            else "it opens in the agent's browser and is not sent: open it, or render it to see its address"
        )
        super().__init__(f"the webhook {webhook!r}: {use}")
        self.webhook = webhook
        self.is_sent = is_sent


class WebhookDisabled(WebhookEngineError):
    """
    The webhook's definition says `enabled = false`.
    """

    def __init__(self, webhook: str) -> None:
        super().__init__(
            f"the webhook {webhook!r} is disabled; nothing was sent. "
            "Set enabled = true in its definition to use it again"
        )
        self.webhook = webhook
