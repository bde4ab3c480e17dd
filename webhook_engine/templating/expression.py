"""
A condition, in the same language and the same sandbox as a template.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from jinja2 import Undefined, nodes

from webhook_engine.errors import RenderError, TemplateSyntaxError
from webhook_engine.templating.bounds import Bounds
from webhook_engine.templating.grammar import Grammar
from webhook_engine.templating.interpret import evaluated
from webhook_engine.templating.parsing import parse
from webhook_engine.templating.reading import together
from webhook_engine.templating.scan import Part, PartKind, Source
from webhook_engine.templating.scope import Scope

_Evaluate = Callable[[Mapping[str, object]], object]


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
        RenderError: It fails on these values, such as a text compared with a number,
            or asks for what is not there.
        TemplateTooLarge: It goes over the bounds.
    """

    holds: Callable[[Mapping[str, object]], bool]
    """
    Whether it is true; what is not there is not.

    Raises:
        RenderError: It fails on these values.
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

    Names stand bare, without the braces of a token.

    Raises:
        TemplateSyntaxError: It does not read, or asks for what is not in *names*;
            `also` holds what else is wrong with it.
    """
    bounds = bounds or Bounds()
    where = Source(source)
    if len(source) > bounds.source_chars:
        raise where.error(
            f"an expression has at most {bounds.source_chars:,} characters", bounds.source_chars
        )
    parts = (Part(PartKind.EXPRESSION, source, 0, len(source)),)
    problems: list[TemplateSyntaxError] = []
    grammar = Grammar(Scope(names, country, time_zone), partial(_at_word, where), problems)
    try:
        checked = grammar.checked(_only(where, parse(where, parts)))
    except RecursionError:
        raise where.error("this is nested too deep", 0) from None
    if problems:
        raise together(problems)
    evaluate = evaluated(checked, parts, bounds)
    return Expression(
        source=source,
        variables=frozenset(grammar.variables),
        evaluate=partial(_something, evaluate),
        holds=partial(_holds, evaluate),
    )


def _something(evaluate: _Evaluate, values: Mapping[str, object]) -> object:
    found = evaluate(values)
    if isinstance(found, Undefined):
        raise RenderError(found._undefined_message)
    return found


def _holds(evaluate: _Evaluate, values: Mapping[str, object]) -> bool:
    found = evaluate(values)
    return not isinstance(found, Undefined) and bool(found)


def _at_word(where: Source, problem: str, word: str) -> TemplateSyntaxError:
    return where.error(problem, where.find(word, 0, len(where.text)))


def _only(where: Source, tree: nodes.Template) -> nodes.Expr:
    """
    The one expression of a tree: a source could close the delimiters around it and open others.
    """
    body = tree.body
    if len(body) == 1 and isinstance(body[0], nodes.Output) and len(body[0].nodes) == 1:
        return body[0].nodes[0]
    raise where.error("this is not one expression", 0)
