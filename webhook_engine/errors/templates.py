"""
What is wrong with a template, or with a value in it.
"""

from __future__ import annotations

from webhook_engine.variables.errors import WebhookEngineError


class TemplateError(WebhookEngineError):
    """
    A template cannot be read or rendered.
    """


class TemplateSyntaxError(TemplateError):
    """
    A template that does not read; *line* and *column* count from 1.
    """

    def __init__(self, problem: str, *, line: int, column: int) -> None:
        super().__init__(
            f"{problem} (line {line}, column {column})" if line > 1 else f"{problem} (column {column})"
        )
        self.problem = problem
        self.line = line
        self.column = column
        self.parameter: int | None = None
        """Which parameter's value does not read, from 0; None where it is the template itself."""
        self.also: tuple[TemplateSyntaxError, ...] = ()
        """What else is wrong with the same template, in its order."""


class UnsafeValue(TemplateError):
    """
    The slot cannot carry this value, and repairing it would change its meaning.
    """

    def __init__(self, problem: str, *, slot: str, variable: str | None = None) -> None:
        super().__init__(f"{variable}: {problem}" if variable else problem)
        self.problem = problem
        self.slot = slot
        self.variable = variable


class TemplateTooLarge(TemplateError):
    """
    Rendering went over the bound on output or on loops.
    """

    def __init__(self, *, what: str, limit: int) -> None:
        super().__init__(f"the template makes more than {limit:,} {what}")
        self.what = what
        self.limit = limit


class RenderError(TemplateError):
    """
    An expression of a template failed on the values of this call.
    """


class EmptyParameter(TemplateError):
    """
    A parameter came out empty and its definition does not allow that.
    """

    def __init__(self, parameter: str, *, skips: bool) -> None:
        what_now = "so nothing is sent" if skips else "and its definition says that this must not happen"
        super().__init__(f"the parameter {parameter} is empty, {what_now}")
        self.parameter = parameter
        self.skips = skips
        """True where the definition says `when_empty = "skip"`: no error, just no request."""
