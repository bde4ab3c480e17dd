"""
A template with expressions or blocks: every expression in its slot, every branch in one structure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

from webhook_engine.errors import TemplateSyntaxError
from webhook_engine.templating.effort import weight_of
from webhook_engine.templating.grammar import Grammar, words_of
from webhook_engine.templating.parsing import parse, part_of, text_parts_of
from webhook_engine.templating.places import Place
from webhook_engine.templating.sandbox import (
    ENVIRONMENT,
    INTERNAL_KEPT,
    INTERNAL_STEPS,
    escaped,
    passed_through,
)
from webhook_engine.templating.scan import Part, PartKind, Source
from webhook_engine.templating.scope import Scope
from webhook_engine.templating.slots import Slot
from webhook_engine.templating.walk import Walker


@dataclass(frozen=True, slots=True)
class Checked:
    """
    A template that passed, ready for Jinja's compiler.
    """

    tree: nodes.Template
    places: tuple[Place, ...]
    parts: tuple[Part, ...]
    variables: frozenset[str]

    alone: nodes.Expr | None
    """The expression, where the template is nothing else."""

    has_loop: bool

    is_unsure: bool
    """Whether only the result shows if the structure is kept."""


def check(
    source: Source,
    parts: Sequence[Part],
    scope: Scope,
    walker: Walker[Any],
    problems: list[TemplateSyntaxError],
) -> Checked:
    """
    Find the slot of every expression and wrap it in the slot's escaper.

    Raises:
        TemplateSyntaxError: What Jinja cannot parse, or a template may not say.
        Misplaced: What the template's own text may not hold.
    """
    checker = Checker(source, parts, scope, walker, problems)
    body = checker.body(parse(source, parts).body)
    body.append(nodes.Output([nodes.TemplateData(walker.end(len(source.text)))]))
    tree = nodes.Template(body, lineno=1)
    tree.set_environment(ENVIRONMENT)
    return Checked(
        tree=tree,
        places=tuple(checker.places),
        parts=tuple(parts),
        variables=frozenset(checker.grammar.variables),
        alone=checker.last if len(parts) == 1 else None,
        has_loop=checker.has_loop,
        is_unsure=walker.is_unsure or any(place.raw for place in checker.places),
    )


@dataclass(slots=True)
class Checker:
    """
    Goes over the blocks of one template.
    """

    source: Source
    parts: Sequence[Part]
    scope: Scope
    walker: Walker[Any]
    """Of whose states nothing is known here: they are kept, joined and put back."""

    problems: list[TemplateSyntaxError]
    grammar: Grammar = field(init=False)
    places: list[Place] = field(default_factory=list)
    has_loop: bool = False
    last: nodes.Expr | None = None
    """The expression put out last, before its escaper."""

    part: Part = field(init=False)

    def __post_init__(self) -> None:
        self.part = self.parts[0]
        self.grammar = Grammar(self.scope, self.error, self.problems)

    def error(self, problem: str, word: str = "") -> TemplateSyntaxError:
        """
        *problem*, at the word it is with in the part that is being checked.
        """
        return self.source.error(problem, self.source.find(word, self.part.start, self.part.end))

    def _checked(self, node: nodes.Node) -> nodes.Expr:
        """
        The expression; what is wrong with it is told with all else that is wrong.
        """
        try:
            return self.grammar.checked(node)
        except TemplateSyntaxError as error:
            self.problems.append(error)
            return nodes.Const(None)

    def body(self, body: Sequence[nodes.Node]) -> list[nodes.Node]:
        """
        Blocks and what stands between them, checked.
        """
        return [self._statement(node) for node in body]

    def _statement(self, node: nodes.Node) -> nodes.Node:
        self._enter(node)
        match node:
            case nodes.Output():
                return nodes.Output([self._output(child) for child in node.nodes], lineno=node.lineno)
            case nodes.If():
                return self._if(node)
            case nodes.For():
                return self._for(node)
            case nodes.Assign():
                return self._set(node)
        raise self.error(f"a template has no {words_of(node)}: only if, for and set")

    def _enter(self, node: nodes.Node) -> Part:
        self.part = part_of(node, self.parts) or self.part
        return self.part

    def _output(self, node: nodes.Expr) -> nodes.Expr:
        if isinstance(node, nodes.TemplateData):
            texts = text_parts_of(node, self.parts)
            return nodes.TemplateData("".join(self.walker.text(part.text, part.start) for part in texts))
        part = self._enter(node)
        slot = self.walker.place(part.start)
        raw = isinstance(node, nodes.Filter) and node.name == "raw"
        if isinstance(node, nodes.Name) and part.kind is PartKind.TOKEN:
            # If nobody knows it, that has been told already.
            self.grammar.variables.add(node.name)
            self.last = node
        else:
            self.last = self._checked(_without_last_filter(node, slot, raw=raw))
        self.places.append(Place.of(self.source, part, slot, raw=raw))
        # A header's line breaks have no harmless reading, raw or not.
        return escaped(self.last, Slot.TEXT if raw and slot is not Slot.HEADER else slot)

    def _if(self, node: nodes.If) -> nodes.Node:
        opened = self.part
        before = self.walker.state
        test = self._checked(node.test)
        body = self.body(node.body)
        ends = [self.walker.state]
        others: list[nodes.If] = []
        for each in node.elif_:
            self.walker.state = before
            self._enter(each)
            condition = self._checked(each.test)
            others.append(nodes.If(condition, self.body(each.body), [], [], lineno=each.lineno))
            ends.append(self.walker.state)
        self.walker.state = before
        otherwise = self.body(node.else_)
        ends.append(self.walker.state)
        self._join(ends, opened, "the branches of this if end in different places")
        return nodes.If(test, body, others, otherwise, lineno=node.lineno)

    def _for(self, node: nodes.For) -> nodes.Node:
        if node.recursive:
            raise self.error("a loop cannot be recursive")
        self.has_loop = True
        opened = self.part
        items = self._checked(node.iter)
        before = self.walker.state
        targets = node.target.items if isinstance(node.target, nodes.Tuple) else [node.target]
        self.grammar.locals.append({"loop", *map(self.grammar.declare, targets)})
        test = None if node.test is None else self._checked(node.test)
        body = self.body(node.body)
        self.grammar.locals.pop()
        ends = [before, self.walker.state]
        self.walker.state = before
        otherwise = self.body(node.else_)
        ends.append(self.walker.state)
        self._join(ends, opened, "this loop ends in another place than it starts in")
        items = passed_through(items, INTERNAL_STEPS, weight_of(node.target, test, *body))
        return nodes.For(node.target, items, body, otherwise, test, False, lineno=node.lineno)

    def _join(self, ends: Sequence[object], opened: Part, problem: str) -> None:
        state = ends[0]
        for other in ends[1:]:
            joined = self.walker.join(state, other)
            if joined is None:
                raise self.source.error(problem, opened.start)
            state = joined
        self.walker.state = state

    def _set(self, node: nodes.Assign) -> nodes.Node:
        value = passed_through(self._checked(node.node), INTERNAL_KEPT)
        self.grammar.locals[-1].add(self.grammar.declare(node.target))
        return nodes.Assign(node.target, value, lineno=node.lineno)


def _without_last_filter(node: nodes.Expr, slot: Slot, *, raw: bool) -> nodes.Expr:
    # Where a JSON value stands, tojson says what happens anyway.
    redundant = slot is Slot.JSON_VALUE and isinstance(node, nodes.Filter) and node.name == "tojson"
    if (raw or redundant) and isinstance(node, nodes.Filter) and not node.args and node.node is not None:
        return node.node
    return node
