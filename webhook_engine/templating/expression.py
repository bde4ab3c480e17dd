"""
A condition, in the same language and the same sandbox as a template.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from jinja2 import nodes

from webhook_engine.errors import RenderError, TemplateError
from webhook_engine.templating.bounds import Bounds
from webhook_engine.templating.jinja import Checker, Scope, parse
from webhook_engine.templating.sandbox import ENVIRONMENT, Run
from webhook_engine.templating.scan import Part, PartKind, Source
from webhook_engine.templating.slots import Slot
from webhook_engine.templating.walk import Uniform

_RESULT = "result"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Expression:
    """
    An expression that is known to read.
    """

    source: str

    variables: frozenset[str]
    """The names it asks for."""

    evaluate: Callable[[Mapping[str, object]], object]
    """
    What it comes to.

    Raises:
        RenderError: It fails on these values, such as a text compared with a number.
        TemplateTooLarge: It goes over the bounds.
    """


def compile_expression(
    source: str,
    *,
    names: Collection[str],
    country: str | None = None,
    time_zone: ZoneInfo | None = None,
    bounds: Bounds | None = None,
) -> Expression:
    """
    Read an expression such as `CALL_DIR == 'incoming' and CALL_QUEUE in ['Sales', 'Support']`.

    A `{TOKEN}` or `<TOKEN>` is no part of it: names stand bare.

    Raises:
        TemplateSyntaxError: It does not read, or asks for what is not in *names*.
    """
    limits = bounds or Bounds()
    where = Source(source)
    scope = Scope(names, country, None if time_zone is None else str(time_zone))
    parts = [Part(PartKind.EXPRESSION, source, 0, len(source))]
    checker = Checker(where, parts, scope, Uniform(Slot.TEXT), [])
    tree = parse(where, parts)
    if len(source) > limits.source_chars or len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        raise where.error("this is not one expression", 0)
    checked = checker.whole(tree.body[0].nodes[0])
    if checker.problems:
        first, *others = checker.problems
        first.also = tuple(others)
        raise first
    return Expression(
        source=source, variables=frozenset(checker.variables), evaluate=evaluator(checked, limits)
    )


def evaluator(checked: nodes.Expr, bounds: Bounds) -> Callable[[Mapping[str, object]], object]:
    body: list[nodes.Node] = [nodes.Assign(nodes.Name(_RESULT, "store"), checked, lineno=1)]
    whole = nodes.Template(body, lineno=1).set_environment(ENVIRONMENT)
    root = ENVIRONMENT.from_string(whole).root_render_func  # type: ignore[arg-type]  # it takes a tree as well

    def evaluate(values: Mapping[str, object]) -> object:
        run = Run(values, bounds)
        try:
            for _ in root(run):
                pass
        except TemplateError:
            raise
        except Exception as error:
            raise RenderError(str(error)) from error
        return run.vars[_RESULT]

    return evaluate
