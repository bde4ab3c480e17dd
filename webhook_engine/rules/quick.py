"""
Plain conditions as Python: comparisons of variables with each other and with constants.

Such a condition is what most rules have, and as Python it takes a tenth of the
time it takes as a template's expression. Whatever is more than that, and
whatever fails, is left to the expression itself.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Final

from jinja2 import nodes

from webhook_engine.templating.parsing import parse
from webhook_engine.templating.scan import Part, PartKind, Source

Holds = Callable[[Mapping[str, object]], object]
_Read = Callable[[str], ast.expr]

_OPERATORS: Final[Mapping[str, type[ast.cmpop]]] = {
    "eq": ast.Eq,
    "ne": ast.NotEq,
    "lt": ast.Lt,
    "lteq": ast.LtE,
    "gt": ast.Gt,
    "gteq": ast.GtE,
    "in": ast.In,
    "notin": ast.NotIn,
}


_REMEMBERED: Final = 4_096
"""Conditions: the same one stands in many rules, and definitions are read again with every change."""


class _NotPlain(Exception):
    """
    A part that Python would not evaluate as the sandbox does.
    """


@dataclass(frozen=True, slots=True)
class Conjunct:
    """
    One of the conditions that `and` joins.
    """

    text: str
    holds: Holds


@lru_cache(_REMEMBERED)
def quick(source: str) -> Holds | None:
    """
    The condition as a Python function of the values; None where it is not plain.

    It takes only sources that compiled as an expression, and values for every
    name; where it raises TypeError, so does the expression.
    """
    try:
        return _function(_tree(source))
    except _NotPlain:
        return None


@lru_cache(_REMEMBERED)
def beginning(source: str) -> Holds | None:
    """
    The conditions that `and` joins before the first that is not plain, as one function; None where there is none.

    Where it does not hold, neither does the whole, whatever comes after; it raises as `quick` does.
    """
    parts = list(_plain(_joined(_tree(source))))
    return _made(reduce(_both, (each for _, each in parts))) if parts else None


@lru_cache(_REMEMBERED)
def conjuncts(source: str) -> tuple[Conjunct, ...]:
    """
    The conditions that `and` joins, from the first to the last before one that is not plain.
    """
    parts = _plain(_joined(_tree(source)))
    return tuple(Conjunct(ast.unparse(_python(part, _by_name)), _made(each)) for part, each in parts)


def _plain(parts: Iterator[nodes.Expr]) -> Iterator[tuple[nodes.Expr, ast.expr]]:
    for part in parts:
        try:
            yield part, _python(part, _by_value)
        except _NotPlain:
            return


def _both(left: ast.expr, right: ast.expr) -> ast.expr:
    return ast.BoolOp(ast.And(), [left, right])


def _joined(node: nodes.Expr) -> Iterator[nodes.Expr]:
    if isinstance(node, nodes.And):
        yield from _joined(node.left)
        yield from _joined(node.right)
    else:
        yield node


def _tree(source: str) -> nodes.Expr:
    where = Source(source)
    [output] = parse(where, (Part(PartKind.EXPRESSION, source, 0, len(source)),)).body
    assert isinstance(output, nodes.Output)  # noqa: S101  # it compiled as one expression
    return output.nodes[0]


def _function(node: nodes.Expr) -> Holds:
    return _made(_python(node, _by_value))


def _made(tree: ast.expr) -> Holds:
    made = ast.Expression(ast.Lambda(_ARGUMENTS, tree))
    code = compile(ast.fix_missing_locations(made), "<condition>", "eval")
    found: Holds = eval(code, {"__builtins__": {}})  # noqa: S307  # names, constants and operators alone
    return found


_ARGUMENTS: Final = ast.arguments(
    posonlyargs=[], args=[ast.arg("values")], kwonlyargs=[], kw_defaults=[], defaults=[]
)


def _by_value(name: str) -> ast.expr:
    return ast.Subscript(ast.Name("values", ast.Load()), ast.Constant(name), ast.Load())


def _by_name(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _python(node: nodes.Node, read: _Read) -> ast.expr:
    match node:
        case nodes.Name():
            return read(node.name)
        case nodes.Const():
            return ast.Constant(node.value)
        case nodes.List() | nodes.Tuple():
            return ast.List([_python(each, read) for each in node.items], ast.Load())
        case nodes.Not():
            return ast.UnaryOp(ast.Not(), _python(node.node, read))
        case nodes.Neg():
            return ast.UnaryOp(ast.USub(), _python(node.node, read))
        case nodes.And() | nodes.Or():
            operator = ast.And() if isinstance(node, nodes.And) else ast.Or()
            return ast.BoolOp(operator, [_python(node.left, read), _python(node.right, read)])
        case nodes.Compare():
            return ast.Compare(
                _python(node.expr, read),
                [_OPERATORS[each.op]() for each in node.ops],
                [_python(each.expr, read) for each in node.ops],
            )
        case _:
            raise _NotPlain
