"""
The root of every error of this project, and what can be wrong with a call.
"""

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class WebhookEngineError(Exception):
    """
    Anything this project raises on purpose.
    """

    def __reduce__(self) -> tuple[object, ...]:
        # Errors take keywords, which an exception would not hand to its copy or to another process.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(
    kind: "type[WebhookEngineError]", args: tuple[object, ...], facts: dict[str, object]
) -> "WebhookEngineError":
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error


class VariableError(WebhookEngineError):
    """
    A call or a variable is not what it should be.
    """


class UnknownVariable(VariableError):
    """
    A name that no variable has.
    """

    def __init__(self, name: str, *, known: "Iterable[str]") -> None:
        self.name = name
        self.suggestion = did_you_mean(name, known)
        hint = f": did you mean {self.suggestion}?" if self.suggestion else ""
        super().__init__(f"there is no variable {name}{hint}")


class InvalidCall(VariableError):
    """
    A fact of a call that cannot be right; *field* names it.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field
        self.problem = problem


def did_you_mean(name: str, known: "Iterable[str]") -> str | None:
    """
    The known name that *name* was most likely meant to be, or None.
    """
    candidates = {each.casefold(): each for each in known}
    close = get_close_matches(name.casefold(), candidates, n=1, cutoff=0.6)
    return candidates[close[0]] if close else None
