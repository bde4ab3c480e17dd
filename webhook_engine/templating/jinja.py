"""
Jinja's grammar, narrowed to what a template may say, with every expression wrapped for its slot.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import jinja2
from jinja2 import nodes

from webhook_engine.errors import TemplateSyntaxError, did_you_mean
from webhook_engine.templating.filters import FILTERS, METHODS, NEEDLESS, TESTS
from webhook_engine.templating.places import Place
from webhook_engine.templating.sandbox import (
    ENVIRONMENT,
    INTERNAL_JOIN,
    INTERNAL_KEPT,
    INTERNAL_STEPS,
    LOOP_FACTS,
    internal_filter,
    slot_filter,
)
from webhook_engine.templating.scan import Part, PartKind, Source
from webhook_engine.templating.slots import Slot
from webhook_engine.templating.walk import Misplaced, Walker

_LOCAL = re.compile(r"[a-z][a-z0-9_]*\Z")
_RESERVED = frozenset({"loop", "self", "super", "caller", "varargs", "kwargs"})
_STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\n""", re.DOTALL)
_OPERATORS = (
    nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div,
    nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Compare, nodes.Operand, nodes.CondExpr,
    nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Slice, nodes.Getitem,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """
    What the expressions of a template may refer to.
    """

    names: Collection[str]
    country: str | None = None
    time_zone: str | None = None

    def unknown(self, name: str) -> str:
        """
        The sentence for a name nothing has.
        """
        suggestion = did_you_mean(name, self.names)
        return f"there is no variable {name}" + (f": did you mean {suggestion}?" if suggestion else "")


@dataclass(slots=True)
class Checked:
    """
    A template that passed, ready for Jinja's compiler.
    """

    tree: nodes.Template
    places: list[Place]
    variables: set[str]
    has_raw: bool
    has_loop: bool


@dataclass(slots=True)
class Checker:
    """
    Goes over one template's tree once.
    """

    source: Source
    parts: Sequence[Part]
    scope: Scope
    walker: Walker
    problems: list[TemplateSyntaxError]
    places: list[Place] = field(default_factory=list)
    variables: set[str] = field(default_factory=set)
    locals: list[set[str]] = field(default_factory=lambda: [set()])
    has_raw: bool = False
    has_loop: bool = False
    _part: Part | None = None

    # --- Blocks ---------------------------------------------------------------

    def body(self, body: Sequence[nodes.Node]) -> list[nodes.Node]:
        """
        The same, with each expression safe in its slot.
        """
        return [self.statement(node) for node in body]

    def statement(self, node: nodes.Node) -> nodes.Node:
        """
        One block, or the text and expressions between two.
        """
        self._enter(node)
        if isinstance(node, nodes.Output):
            return nodes.Output([made for child in node.nodes for made in self._output(child)])
        if isinstance(node, nodes.If):
            return self._if(node)
        if isinstance(node, nodes.For):
            return self._for(node)
        if isinstance(node, nodes.Assign):
            return self._set(node)
        raise self._error(f"a template has no {_word(node)}: only if, for and set")

    def _output(self, node: nodes.Expr) -> list[nodes.Expr]:
        self._enter(node)
        if isinstance(node, nodes.TemplateData):
            index = node.data.strip()
            if not index:
                return []
            part = self.parts[int(index)]
            return [nodes.TemplateData(self._guard(lambda: self.walker.text(part.text, part.start), ""))]
        part = self._current
        raw = isinstance(node, nodes.Filter) and node.name == "raw"
        slot = self._guard(lambda: self.walker.place(part.start), Slot.TEXT)
        if raw:
            self.has_raw = True
        safe = self.expression(_without_last_filter(node, raw=raw, slot=slot))
        line, column = self.source.line_and_column(part.start)
        end_line, end_column = self.source.line_and_column(part.end)
        self.places.append(
            Place(
                expression=self._name_of(node) or part.text.strip(),
                slot=slot,
                line=line,
                column=column,
                end_column=end_column if end_line == line else column + 2,
                raw=raw,
            )
        )
        # A header's controls have no harmless reading, raw or not.
        end = Slot.TEXT if raw and slot is not Slot.HEADER else slot
        return [internal_filter(safe, slot_filter(end))]

    def _name_of(self, node: nodes.Expr) -> str | None:
        return node.name if self._current.kind is PartKind.TOKEN and isinstance(node, nodes.Name) else None

    def _if(self, node: nodes.If) -> nodes.Node:
        opened = self._current
        before = self.walker.state
        test = self.expression(node.test)
        body = self.body(node.body)
        ends = [self.walker.state]
        elifs = []
        for branch in node.elif_:
            self._enter(branch)
            self.walker.state = before
            elifs.append(nodes.If(self.expression(branch.test), self.body(branch.body), [], [], lineno=branch.lineno))
            ends.append(self.walker.state)
        self.walker.state = before
        otherwise = self.body(node.else_)
        ends.append(self.walker.state)
        self._join(ends, opened, "the branches of this if end in different places")
        return nodes.If(test, body, elifs, otherwise, lineno=node.lineno)

    def _for(self, node: nodes.For) -> nodes.Node:
        if node.recursive:
            raise self._error("a loop cannot be recursive")
        self.has_loop = True
        opened = self._current
        items = internal_filter(self.expression(node.iter), INTERNAL_STEPS)
        before = self.walker.state
        targets = node.target.items if isinstance(node.target, nodes.Tuple) else [node.target]
        self.locals.append({"loop", *(self._local(target) for target in targets)})
        test = self.expression(node.test) if node.test is not None else None
        body = self.body(node.body)
        self.locals.pop()
        ends = [before, self.walker.state]
        self.walker.state = before
        otherwise = self.body(node.else_)
        ends.append(self.walker.state)
        self._join(ends, opened, "a loop must end in the place where it starts")
        return nodes.For(node.target, items, body, otherwise, test, False, lineno=node.lineno)

    def _join(self, ends: Sequence[object], opened: Part, problem: str) -> None:
        state = ends[0]
        for other in ends[1:]:
            joined = self.walker.join(state, other)  # type: ignore[arg-type]  # states of this very walker
            if joined is None:
                self._part = opened
                raise self._error(problem)
            state = joined
        self.walker.state = state  # type: ignore[assignment]

    def _set(self, node: nodes.Assign) -> nodes.Node:
        value = internal_filter(self.expression(node.node), INTERNAL_KEPT)
        self.locals[-1].add(self._local(node.target))
        return nodes.Assign(node.target, value, lineno=node.lineno)

    def _local(self, target: nodes.Node) -> str:
        if not isinstance(target, nodes.Name):
            raise self._error("set gives a value to one name")
        if not _LOCAL.match(target.name) or target.name in _RESERVED or target.name in self.scope.names:
            raise self._error(f"{target.name} cannot be set: a name of your own is in small letters")
        return target.name

    # --- Expressions ----------------------------------------------------------

    def whole(self, node: nodes.Expr) -> nodes.Expr:
        """
        An expression that stands alone, not in a text.
        """
        self._part = self.parts[0]
        return self.expression(node)

    def expression(self, node: nodes.Expr) -> nodes.Expr:
        """
        The same expression, if it may be said; rebuilt where it needs a bound.
        """
        if isinstance(node, nodes.Const | nodes.TemplateData):
            return node
        if isinstance(node, nodes.Name):
            self._check_name(node)
            return node
        if isinstance(node, nodes.Getattr):
            return self._attribute(node)
        if isinstance(node, nodes.Call):
            return self.expression(self._method(node))
        if isinstance(node, nodes.Filter | nodes.Test):
            return self._filter(node)
        if isinstance(node, nodes.Concat):
            whole = nodes.List([self.expression(each) for each in node.nodes], lineno=node.lineno)
            return internal_filter(whole, INTERNAL_JOIN)
        if isinstance(node, _OPERATORS):
            return self._children(node)
        raise self._error(f"an expression has no {_word(node)}")

    def _children(self, node: nodes.Expr) -> nodes.Expr:
        for name, value in node.iter_fields():
            if isinstance(value, list):
                setattr(node, name, [self._child(each) for each in value])
            elif isinstance(value, nodes.Node):
                setattr(node, name, self._child(value))
        return node

    def _child(self, node: nodes.Node) -> nodes.Node:
        if isinstance(node, nodes.Pair | nodes.Operand):
            for name, value in node.iter_fields():
                if isinstance(value, nodes.Expr):
                    setattr(node, name, self.expression(value))
            return node
        assert isinstance(node, nodes.Expr)
        return self.expression(node)

    def _check_name(self, node: nodes.Name) -> None:
        if any(node.name in known for known in self.locals):
            return
        if node.name in self.scope.names:
            self.variables.add(node.name)
            return
        self.problems.append(self._error(self.scope.unknown(node.name)))

    def _attribute(self, node: nodes.Getattr) -> nodes.Expr:
        is_loop = isinstance(node.node, nodes.Name) and node.node.name == "loop"
        if node.attr.startswith("_") or (is_loop and node.attr not in LOOP_FACTS):
            raise self._error(f"a template cannot ask for .{node.attr}")
        node.node = self.expression(node.node)
        return node

    def _method(self, node: nodes.Call) -> nodes.Filter:
        called = node.node
        if isinstance(called, nodes.Getattr) and called.attr in METHODS and not _spreads(node):
            name = METHODS[called.attr]
            return nodes.Filter(called.node, name, node.args, node.kwargs, None, None, lineno=node.lineno)
        raise self._error("a template calls nothing: use a filter, as in {{ CALL_QUEUE | lower }}")

    def _filter(self, node: nodes.Filter | nodes.Test) -> nodes.Expr:
        known = FILTERS if isinstance(node, nodes.Filter) else TESTS
        if node.name not in known:
            raise self._error(_no_filter(node, known))
        if _spreads(node):
            raise self._error(f"{node.name} takes its arguments one by one")
        node.args = [self.expression(argument) for argument in node.args]
        for argument in node.kwargs:
            argument.value = self.expression(argument.value)
        if node.node is None:
            raise self._error("a template has no filter block: only if, for and set")
        node.node = self.expression(node.node)
        self._bind(node, known[node.name])
        return node

    def _bind(self, node: nodes.Filter | nodes.Test, function: Callable[..., object]) -> None:
        """
        Check the arguments against the filter's own, and hand it the tenant's defaults.
        """
        signature = inspect.signature(function)
        given = {argument.key for argument in node.kwargs}
        try:
            bound = signature.bind(None, *node.args, **dict.fromkeys(given))
        except TypeError as error:
            raise self._error(f"{node.name}: {error}") from None
        defaults = {"country": self.scope.country, "time_zone": self.scope.time_zone}
        for name, value in defaults.items():
            if name in signature.parameters and name not in bound.arguments and value is not None:
                node.kwargs.append(nodes.Keyword(name, nodes.Const(value)))

    # --- Places ---------------------------------------------------------------

    @property
    def _current(self) -> Part:
        assert self._part is not None
        return self._part

    def _enter(self, node: nodes.Node) -> None:
        # Every part stands on a line of its own in the text Jinja reads.
        if isinstance(node.lineno, int) and 0 < node.lineno <= len(self.parts):
            self._part = self.parts[node.lineno - 1]

    def _error(self, problem: str) -> TemplateSyntaxError:
        return self.source.error(problem, self._current.start)

    def _guard(self, walk: Callable[[], object], otherwise: object) -> object:
        try:
            return walk()
        except Misplaced as error:
            raise self.source.error(error.problem, error.at) from None


def check(
    source: Source, parts: Sequence[Part], scope: Scope, walker: Walker, problems: list[TemplateSyntaxError]
) -> Checked:
    """
    Parse *parts* with Jinja and find the slot of every expression.

    Raises:
        TemplateSyntaxError: What Jinja cannot parse or a template may not say.
    """
    checker = Checker(source, parts, scope, walker, problems)
    tree = parse(source, parts)
    body = checker.body(tree.body)
    try:
        tail = walker.end(len(source.text))
    except Misplaced as error:
        raise source.error(error.problem, error.at) from None
    if tail:
        body.append(nodes.Output([nodes.TemplateData(tail)]))
    whole = nodes.Template(body, lineno=1).set_environment(ENVIRONMENT)
    return Checked(whole, checker.places, checker.variables, checker.has_raw, checker.has_loop)


def parse(source: Source, parts: Sequence[Part]) -> nodes.Template:
    text = "\n".join(_as_line(index, part) for index, part in enumerate(parts))
    try:
        return ENVIRONMENT.parse(text)
    except jinja2.TemplateSyntaxError as error:
        part = parts[min(max(error.lineno, 1), len(parts)) - 1]
        raise source.error(_plain(error.message or "this does not read"), part.start) from None
    except RecursionError:
        raise source.error("this is nested too deep", 0) from None


def _as_line(index: int, part: Part) -> str:
    if part.kind is PartKind.TEXT:
        return str(index)
    if part.kind is PartKind.TOKEN:
        return f"{{{{ {part.text} }}}}"
    opener, closer = ("{{", "}}") if part.kind is PartKind.EXPRESSION else ("{%", "%}")
    inner = _STRING.sub(lambda found: " " if found[0] == "\n" else found[0].replace("\n", "\\n"), part.text)
    return f"{opener} {inner} {closer}"


def _plain(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")


def _without_last_filter(node: nodes.Expr, *, raw: bool, slot: Slot) -> nodes.Expr:
    # tojson where a JSON value stands says what happens anyway.
    redundant = slot is Slot.JSON_VALUE and isinstance(node, nodes.Filter) and node.name == "tojson"
    if (raw or redundant) and isinstance(node, nodes.Filter) and not node.args and node.node is not None:
        return node.node
    return node


def _spreads(node: nodes.Filter | nodes.Test | nodes.Call) -> bool:
    return node.dyn_args is not None or node.dyn_kwargs is not None


def _no_filter(node: nodes.Filter | nodes.Test, known: Collection[str]) -> str:
    if node.name == "raw":
        return "raw stands last, and in a place where something is put out"
    if node.name in NEEDLESS:
        return f"leave {node.name} out: every value is encoded for its place"
    if node.name == "safe":
        return "there is no filter safe: raw is the way round the encoding"
    kind = "filter" if isinstance(node, nodes.Filter) else "test"
    suggestion = did_you_mean(node.name, known)
    return f"there is no {kind} {node.name}" + (f": did you mean {suggestion}?" if suggestion else "")


def _word(node: nodes.Node) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).lower()
