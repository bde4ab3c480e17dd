"""
A template with expressions -> a function that Jinja renders with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from traceback import walk_tb
from typing import Final

import jinja2
from jinja2 import nodes

from webhook_engine.errors import (
    RenderError,
    TemplateError,
    TemplateSyntaxError,
    TemplateTooLarge,
    UnsafeValue,
)
from webhook_engine.templating.bounds import Bounds
from webhook_engine.templating.checking import Checked
from webhook_engine.templating.effort import weight_of
from webhook_engine.templating.faults import too_large
from webhook_engine.templating.sandbox import ENVIRONMENT, Run
from webhook_engine.templating.scan import Part

Values = Mapping[str, object]
Check = Callable[[str], None]
_RESULT = "result"


MOST_NESTED: Final = 100
"""Expressions inside each other, each step of a chain of filters or operators counted."""


MOST_TOLD: Final = 300
"""Characters of what an error says: it may quote a value, and values may be long."""


def _depth(tree: nodes.Node) -> int:
    level: list[nodes.Node] = [tree]
    depth = 0
    while level and depth <= MOST_NESTED:
        level = [child for node in level for child in node.iter_child_nodes()]
        depth += 1
    return depth


@dataclass(frozen=True, slots=True)
class Compiled:
    """
    What Jinja made of a tree.
    """

    template: jinja2.Template
    parts: Sequence[Part]

    @classmethod
    def of(cls, tree: nodes.Template, parts: Sequence[Part]) -> Compiled:
        """
        Compile a checked tree.
        """
        if _depth(tree) > MOST_NESTED:
            # Jinja's compiler takes minutes over what nobody writes by hand.
            raise TemplateSyntaxError("this is nested too deep", line=1, column=1)
        try:
            return cls(ENVIRONMENT.from_string(tree), parts)
        except (SyntaxError, RecursionError, MemoryError):
            # Python's own compiler bounds brackets, blocks and indentation.
            raise TemplateSyntaxError("this is nested too deep", line=1, column=1) from None

    def told(self, error: Exception) -> TemplateError:
        """
        The error to raise for *error*, naming the expression it comes from.
        """
        expression = self._expression(error)
        if isinstance(error, UnsafeValue):
            return UnsafeValue(error.problem, slot=error.slot, variable=error.variable or expression)
        if isinstance(error, TemplateError) and not isinstance(error, RenderError):
            return error
        problem = str(error)
        if len(problem) > MOST_TOLD:
            problem = f"{problem[:MOST_TOLD]} …"
        return RenderError(f"{expression}: {problem}" if expression else problem)

    def _expression(self, error: Exception) -> str | None:
        """
        The expression that was being rendered; every part has a line of its own.
        """
        root = self.template.root_render_func.__code__.co_filename
        for frame, line in walk_tb(error.__traceback__):
            if frame.f_code.co_filename == root:
                number = self.template.get_corresponding_lineno(line)
                return self.parts[number - 1].text.strip() if 0 < number <= len(self.parts) else None
        return None


def interpreted(checked: Checked, bounds: Bounds, checks: Sequence[Check] = ()) -> Callable[[Values], str]:
    """
    The function that renders a checked template.

    Args:
        checks: Each refuses what shows only in the whole text.
    """
    compiled = Compiled.of(checked.tree, checked.parts)
    root = compiled.template.root_render_func
    join = _bounded_join(bounds.output_chars) if checked.has_loop else "".join
    limit = bounds.output_chars
    weight = weight_of(checked.tree)

    def render(values: Values) -> str:
        try:
            run = Run(values, bounds)
            run.effort.spend(weight)
            made = join(root(run))
        except Exception as error:  # whatever an expression raises is the template's fault, not ours
            raise compiled.told(error) from None
        if len(made) > limit:
            raise too_large(limit)
        for check in checks:
            check(made)
        return made

    return render


def evaluated(expression: nodes.Expr, parts: Sequence[Part], bounds: Bounds) -> Callable[[Values], object]:
    """
    The function that evaluates a checked expression; what is not there is Jinja's Undefined.
    """
    keep = nodes.Assign(nodes.Name(_RESULT, "store"), expression, lineno=1)
    tree = nodes.Template([keep], lineno=1)
    tree.set_environment(ENVIRONMENT)
    compiled = Compiled.of(tree, parts)
    root = compiled.template.root_render_func
    weight = weight_of(tree)

    def evaluate(values: Values) -> object:
        run = Run(values, bounds)
        try:
            run.effort.spend(weight)
            for _ in root(run):
                pass
        except Exception as error:  # whatever an expression raises is its author's fault, not ours
            raise compiled.told(error) from None
        return run.vars[_RESULT]

    return evaluate


def _bounded_join(limit: int) -> Callable[[Iterable[str]], str]:
    def join(pieces: Iterable[str]) -> str:
        return "".join(_within(pieces, limit))

    return join


def _within(pieces: Iterable[str], limit: int) -> Iterator[str]:
    room = limit
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            raise TemplateTooLarge(what="characters", limit=limit)
        yield piece
