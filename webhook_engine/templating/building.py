"""
The parameters of one webhook -> the pieces or the tree of one generated function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from webhook_engine.errors import EmptyParameter, TemplateSyntaxError
from webhook_engine.templating.bounds import Bounds
from webhook_engine.templating.generate import Program
from webhook_engine.templating.kind import Kind
from webhook_engine.templating.objects import Leaf, Node
from webhook_engine.templating.pieces import Conditional, Hole, Piece, holes_of
from webhook_engine.templating.places import Place
from webhook_engine.templating.reading import Straight, read
from webhook_engine.templating.scope import Scope
from webhook_engine.templating.slots import ESCAPERS, Slot
from webhook_engine.templating.template import Template, Values, value_function
from webhook_engine.templating.trees import Misfit, check_xml_steps, encoded_for, in_slot, put, steps_of


class ParameterLike(Protocol):
    """
    What is needed of a parameter.
    """

    @property
    def name(self) -> str:
        """Of its field; in a tree the way to its place, as in `contact.phone`."""

    @property
    def value(self) -> str:
        """A template."""

    @property
    def when_empty(self) -> str:
        """`send`, `omit`, `default`, `skip` or `fail`."""

    @property
    def default(self) -> str | None:
        """Sent as it stands where `when_empty` is `default`."""


@dataclass(slots=True)
class Building:
    """
    The parameters of one webhook, on their way into one function.
    """

    scope: Scope
    bounds: Bounds
    program: Program = field(init=False)
    places: list[Place] = field(default_factory=list)
    variables: set[str] = field(default_factory=set)
    holes: list[Hole] = field(default_factory=list)
    is_generated: bool = True
    gaps: int = 0

    def __post_init__(self) -> None:
        self.program = Program(self.bounds.output_chars)

    def fields(self, parameters: Sequence[ParameterLike], slot: Slot) -> list[Piece]:
        """
        `&name=value` for each.
        """
        pieces: list[Piece] = []
        for index, parameter in enumerate(parameters):
            leaf = self.leaf(index, parameter, slot)
            written = (f"&{ESCAPERS[slot](parameter.name)}=", *encoded_for(leaf.pieces, slot))
            pieces += [Conditional(leaf.condition, written)] if leaf.condition else written
        return pieces

    def tree(self, parameters: Sequence[ParameterLike], kind: Kind) -> Node:
        """
        The parameters by the way their names describe.
        """
        tree: Node = {}
        for index, parameter in enumerate(parameters):
            try:
                steps = steps_of(parameter.name)
                if kind is Kind.XML:
                    check_xml_steps(steps)
                is_attribute = str(steps[-1]).startswith("@")
                xml_slot = Slot.XML_ATTRIBUTE if is_attribute else Slot.XML_TEXT
                leaf = self.leaf(index, parameter, Slot.JSON_VALUE if kind is Kind.JSON else xml_slot)
                put(tree, steps, leaf)
            except Misfit as error:
                problem = TemplateSyntaxError(str(error), line=1, column=1)
                problem.parameter = index
                raise problem from None
        return tree

    def leaf(self, index: int, parameter: ParameterLike, slot: Slot) -> Leaf:
        """
        A parameter's value; what it takes to know it is set up in the program.
        """
        try:
            reading = read(parameter.value, Kind.VALUE, self.scope, (), self.bounds)
        except TemplateSyntaxError as error:
            for each in (error, *error.also):
                each.parameter = index
            raise
        is_alone = len(reading.parts) == 1
        if slot is Slot.JSON_VALUE and not is_alone:
            slot = Slot.JSON_STRING
        self.places += [replace(place, slot=slot, parameter=parameter.name) for place in reading.places]
        if isinstance(reading, Straight):
            self.variables |= {hole.name for hole in holes_of(reading.pieces)}
            if parameter.when_empty == "send":
                return self._remembered(Leaf(in_slot(reading.pieces, slot)))
        else:
            self.is_generated = False
            self.variables |= reading.variables
        return self._remembered(self._held(index, parameter, value_function(reading, self.bounds), slot))

    def _held(
        self, index: int, parameter: ParameterLike, value: Callable[[Values], object], slot: Slot
    ) -> Leaf:
        name = f"p{index}"
        setup = self.program.setup
        setup.append(f"{name} = {self.program.know('value', value)}(values)")
        if parameter.when_empty == "default":
            setup.append(f"if {name} == '': {name} = {parameter.default or ''!r}")
        elif parameter.when_empty in {"skip", "fail"}:
            self.program.known["EmptyParameter"] = EmptyParameter
            skips = parameter.when_empty == "skip"
            setup.append(f"if {name} == '': raise EmptyParameter({parameter.name!r}, skips={skips})")
        return Leaf((Hole(name, slot),), f"{name} != ''" if parameter.when_empty == "omit" else "")

    def _remembered(self, leaf: Leaf) -> Leaf:
        self.holes += [piece for piece in leaf.pieces if isinstance(piece, Hole)]
        return leaf

    def take_over(self, base: Template) -> None:
        """
        The URL's own template is part of the whole.
        """
        self.places = [*base.places, *self.places]
        self.variables |= base.variables
        self.is_generated &= base.is_generated
        self.gaps = base.gaps

    def template(
        self,
        kind: Kind,
        source: str,
        render: Callable[[Values], str],
        render_bytes: Callable[[Values], bytes],
    ) -> Template:
        """
        The whole, finished.
        """
        return Template(
            source=source,
            kind=kind,
            variables=frozenset(self.variables),
            places=tuple(self.places),
            is_generated=self.is_generated,
            render=render,
            render_bytes=render_bytes,
            gaps=self.gaps,
            value=render,
        )
