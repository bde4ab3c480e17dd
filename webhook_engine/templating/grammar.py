"""
What an expression may say: a narrow part of Jinja's grammar.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from jinja2 import nodes

from webhook_engine.errors import TemplateSyntaxError, did_you_mean
from webhook_engine.templating.filters import FILTERS, METHODS, NEEDLESS, TESTS
from webhook_engine.templating.sandbox import INTERNAL_JOIN, INTERNAL_PAID, LOOP_FACTS, passed_through
from webhook_engine.templating.scope import Scope

_HARMLESS: tuple[type[nodes.Node], ...] = (
    nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div,
    nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Compare, nodes.Operand, nodes.CondExpr,
    nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Slice, nodes.Getitem,
)  # fmt: skip
"""Nodes that are allowed as they are; the sandbox bounds what operators make."""

_LOCAL_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_MOST_PROBLEMS = 100
"""Of one template: to find a name like one that is unknown, and its place, takes a while each."""

_RESERVED = frozenset({"loop", "self", "super", "caller", "varargs", "kwargs"})


@dataclass(slots=True)
class Grammar:
    """
    Checks expressions, and rebuilds what the sandbox must bound.
    """

    scope: Scope
    error: Callable[[str, str], TemplateSyntaxError]
    """A problem, and the word it is with in what is being checked."""

    problems: list[TemplateSyntaxError]
    """Names nobody knows are gathered here: an author wants to see them all."""

    variables: set[str] = field(default_factory=set)
    locals: list[set[str]] = field(default_factory=lambda: [set()])
    """Names of the template's own: by `set`, and by each loop that is open."""

    def checked(self, node: nodes.Node) -> nodes.Expr:
        """
        The expression, if it may be said.

        Raises:
            TemplateSyntaxError: It may not.
        """
        if isinstance(node, nodes.Const):
            return node
        if isinstance(node, nodes.Name):
            self._name(node)
            return node
        if isinstance(node, nodes.Getattr):
            return self._item(node)
        if isinstance(node, nodes.Call):
            return self.checked(self._method(node))
        if isinstance(node, nodes.Filter | nodes.Test):
            return self._filter(node)
        if isinstance(node, nodes.Concat):
            texts = nodes.List([self.checked(each) for each in node.nodes], lineno=node.lineno)
            return passed_through(texts, INTERNAL_JOIN)
        if isinstance(node, nodes.Expr) and isinstance(node, _HARMLESS):
            self._children(node)
            if len(self.locals) > 1:
                _pay_for(node)
            return node
        raise self.error(f"an expression has no {words_of(node)}", "")

    def declare(self, target: nodes.Node) -> str:
        """
        The name that `set` or a loop gives a value to.

        Raises:
            TemplateSyntaxError: It is no single name, or one that stands for something already.
        """
        if not isinstance(target, nodes.Name):
            raise self.error("a value is given to one name", "")
        name = target.name
        if not _LOCAL_NAME.match(name) or name in _RESERVED or name in self.scope.names:
            raise self.error(f"{name} cannot be given a value: names of your own are in small letters", name)
        return name

    def _children(self, node: nodes.Node) -> None:
        for name, value in node.iter_fields():
            if isinstance(value, list):
                setattr(node, name, [self._child(each) for each in value])
            elif isinstance(value, nodes.Node):
                setattr(node, name, self._child(value))

    def _child(self, node: nodes.Node) -> nodes.Node:
        if isinstance(node, nodes.Expr):
            return self.checked(node)
        self._children(node)
        return node

    def _name(self, node: nodes.Name) -> None:
        if any(node.name in known for known in self.locals):
            return
        self.variables.add(node.name)
        if node.name not in self.scope.names and len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(self.error(self.scope.unknown(node.name), node.name))

    def _item(self, node: nodes.Getattr) -> nodes.Expr:
        is_loop = isinstance(node.node, nodes.Name) and node.node.name == "loop"
        if node.attr.startswith("__") or (is_loop and node.attr not in LOOP_FACTS):
            raise self.error(f"a template cannot ask for .{node.attr}", f".{node.attr}")
        node.node = self.checked(node.node)
        return node

    def _method(self, node: nodes.Call) -> nodes.Filter:
        called = node.node
        if isinstance(called, nodes.Getattr) and called.attr in METHODS and not _spreads(node):
            name = METHODS[called.attr]
            return nodes.Filter(called.node, name, node.args, node.kwargs, None, None, lineno=node.lineno)
        raise self.error("a template calls nothing; write a filter, as in {{ CALL_QUEUE | lower }}", "")

    def _filter(self, node: nodes.Filter | nodes.Test) -> nodes.Expr:
        known = FILTERS if isinstance(node, nodes.Filter) else TESTS
        if node.node is None:
            raise self.error("a template has no filter block: only if, for and set", "")
        node.node = self.checked(node.node)
        if node.name not in known:
            raise self.error(_no_such(node, known), node.name)
        if _spreads(node):
            raise self.error(f"{node.name} takes its arguments one by one", node.name)
        node.args = [self.checked(argument) for argument in node.args]
        for argument in node.kwargs:
            argument.value = self.checked(argument.value)
        self._bind(node, inspect.signature(known[node.name]))
        return node

    def _bind(self, node: nodes.Filter | nodes.Test, signature: inspect.Signature) -> None:
        """
        Hold the arguments against the filter's own, and hand it the tenant's defaults.
        """
        given: dict[str, None] = dict.fromkeys(str(argument.key) for argument in node.kwargs)
        try:
            bound = signature.bind(None, *node.args, **given)
        except TypeError as error:
            raise self.error(f"{node.name}: {error}", node.name) from None
        for name, value in self.scope.defaults().items():
            if name in signature.parameters and name not in bound.arguments:
                # Jinja types these as pairs and makes them keywords.
                node.kwargs.append(nodes.Keyword(name, nodes.Const(value)))  # type: ignore[arg-type]


def _pay_for(node: nodes.Expr) -> None:
    """
    Charge what Python does by itself and the sandbox does not see; only a loop can make it much.
    """
    if isinstance(node, nodes.Compare):
        node.expr = passed_through(node.expr, INTERNAL_PAID)
        for operand in node.ops:
            operand.expr = passed_through(operand.expr, INTERNAL_PAID)
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
        node.node = passed_through(node.node, INTERNAL_PAID)


def words_of(node: nodes.Node) -> str:
    """
    What a node is, for an error message.
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).lower()


def _spreads(node: nodes.Filter | nodes.Test | nodes.Call) -> bool:
    return node.dyn_args is not None or node.dyn_kwargs is not None


def _no_such(node: nodes.Filter | nodes.Test, known: Mapping[str, object] | Collection[str]) -> str:
    if node.name == "raw":
        return "raw stands last, where a value is put out"
    if node.name == "safe":
        return "there is no filter safe; raw is the way round the encoding"
    if node.name in NEEDLESS:
        return f"leave {node.name} out: every value is encoded for its place"
    suggestion = did_you_mean(node.name, known)
    hint = f": did you mean {suggestion}?" if suggestion else ""
    return f"there is no {words_of(node)} {node.name}{hint}"
