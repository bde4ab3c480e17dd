"""
The Jinja environment: no globals, no attributes, no calls, bounded work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast

from jinja2 import StrictUndefined, Undefined, nodes, pass_context
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from webhook_engine.errors import RenderError, TemplateTooLarge
from webhook_engine.templating.bounds import Bounds
from webhook_engine.templating.effort import WRITTEN_ITEM, effort_for, items_in, units_of
from webhook_engine.templating.filters import FILTERS, TESTS
from webhook_engine.templating.slots import ESCAPERS, Slot, text_of

LOOP_FACTS = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"}
)
"""What a template may ask its loop."""

MOST_ITEMS = 10_000
"""Of a list that a template makes; those of a response may be longer."""

# Named, since `str | list` would be made anew each time that it is asked for.
_NESTS = (list, tuple, Mapping)
_SERIES = (str, list, tuple)
_SIZED = (*_SERIES, Mapping)
_PLAIN = frozenset({str, int, float, bool, Decimal, type(None)})
"""Classes of values that nest nothing: an abstract class takes long to say so."""

_INTEGER_BITS = 1024
"""Room for every number anybody sends, and no room to burn time in."""


class Run(Context):
    """
    One rendering: the values, and what is left of its bounds.
    """

    def __init__(self, values: Mapping[str, object], bounds: Bounds) -> None:
        # Context's own constructor builds what inheritance and imports need; here are none.
        self.parent = values  # type: ignore[assignment]
        self.vars = {}
        self.environment = ENVIRONMENT
        self.eval_ctx = _EVAL
        self.exported_vars = set()
        self.name = None
        self.globals_keys = set()
        self.blocks = {}
        self.bounds = bounds
        self.steps_left = bounds.loop_steps
        self.work_left = bounds.work_chars
        self.effort = effort_for(values, bounds)

    def pay(self, size: int, units: int | None = None) -> None:
        """
        Charge work on a text or list of that size to this rendering.

        Args:
            units: How much work that is, where it is not one step for each.
        """
        self.effort.spend(size if units is None else units)
        self.work_left -= size
        if self.work_left < 0:
            raise TemplateTooLarge(what="characters on the way", limit=self.bounds.work_chars)

    def resolve_or_missing(self, key: str) -> Any:
        """
        The value of a name.
        """
        return self.vars[key] if key in self.vars else self.parent.get(key, missing)


class Absent(StrictUndefined):
    """
    A member that is not there: equal to nothing, and an error wherever else it is used.

    `response.code == 7` is an answer where there is no code; `!=`, `not` and
    `<` are none, since an author who wrote them thought of a code that is there.
    """

    __slots__ = ()
    __hash__ = StrictUndefined.__hash__  # type: ignore[assignment]  # which always raises

    def __eq__(self, other: object, /) -> bool:  # type: ignore[override]  # which always raises
        return isinstance(other, Undefined)


class Sandbox(ImmutableSandboxedEnvironment):
    """
    Mapping items, list items and `loop` are all a template can reach into.
    """

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """
        `obj.attribute`: an item of a mapping, never an attribute of a Python object.
        """
        if isinstance(obj, LoopContext) and attribute in LOOP_FACTS:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """
        `obj[argument]`; what is not there is undefined, and so is all below it.
        """
        if isinstance(obj, Mapping) or (isinstance(obj, _SERIES) and isinstance(argument, int)):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        return Absent(name=str(argument) if isinstance(argument, str | int) else None, obj=obj)

    def call(__self, *_args: Any, **_kwargs: Any) -> Any:  # noqa: N805  # Jinja's signature
        """
        The grammar lets no call through; should one come this far, it ends here.
        """
        raise RenderError("a template calls nothing")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """
        The operators that could make much out of little.
        """
        run = cast("Run", context)
        run.pay(_check_size(operator, left, right, run.bounds.output_chars))
        return self.binop_table[operator](left, right)


def _check_size(operator: str, left: Any, right: Any, limit: int) -> int:
    """
    The size of what an operator makes, if it may.
    """
    lists = [side for side in (left, right) if isinstance(side, list | tuple)]
    if operator == "*" and any(isinstance(item, _NESTS) for side in lists for item in side):
        raise RenderError("* repeats texts and flat lists, not lists of lists")
    sizes = [len(side) for side in (left, right) if isinstance(side, _SERIES)]
    if operator == "%" and isinstance(left, str):
        raise RenderError("% does not format text here: join texts with ~")
    if operator == "+" and len(sizes) == 2:
        grown = sum(sizes)
    elif operator == "*" and sizes:
        grown = sizes[0] * max((side for side in (left, right) if isinstance(side, int)), default=0)
    else:
        _check_bits(operator, left, right)
        return 1
    if grown > limit:
        raise TemplateTooLarge(what="characters", limit=limit)
    if lists and grown > MOST_ITEMS:
        raise TemplateTooLarge(what="list items", limit=MOST_ITEMS)
    return grown


def _check_bits(operator: str, left: Any, right: Any) -> None:
    if not (isinstance(left, int) and isinstance(right, int)):
        return
    bits = left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()
    if operator in {"**", "*"} and bits > _INTEGER_BITS:
        raise RenderError(f"{operator} would make a number of more than {_INTEGER_BITS} bits")


def _joined(run: Run, parts: list[object]) -> str:
    texts: list[str] = []
    size = 0
    for part in parts:
        text = text_of(part)
        size += len(text)
        if size > run.bounds.output_chars:
            raise TemplateTooLarge(what="characters", limit=run.bounds.output_chars)
        texts.append(text)
    run.pay(size)
    return "".join(texts)


def _bounded_json(run: Run, value: object) -> str:
    """
    The JSON of a value; a list can hold one long text many times over.
    """
    if value.__class__ not in _PLAIN and isinstance(value, _NESTS):
        run.effort.spend(WRITTEN_ITEM * items_in(value))
        check_room(value, run.bounds.output_chars)
    return ESCAPERS[Slot.JSON_VALUE](value)


def check_room(value: object, limit: int) -> None:
    """
    Refuse a list or mapping that would take more than *limit* characters, before they are made.
    """
    if isinstance(value, _NESTS):
        _room_after(value, limit, limit)


def _room_after(value: object, room: int, limit: int) -> int:
    """
    What is left of *room* characters once *value* is written.
    """
    room -= len(value) if isinstance(value, _SIZED) else 1
    if room < 0:
        raise TemplateTooLarge(what="characters", limit=limit)
    if isinstance(value, _NESTS):
        for item in value:
            room = _room_after(item, room, limit)
    if isinstance(value, Mapping):
        for item in value.values():
            room = _room_after(item, room, limit)
    return room


def _paid(name: str, function: Callable[..., object]) -> Callable[..., object]:
    """
    A filter whose work is charged to the rendering; never computed ahead of it.
    """

    @pass_context
    def paid(run: Run, value: object, *arguments: object, **named: object) -> object:
        if isinstance(value, _SERIES):
            run.pay(len(value), units_of(name, len(value)))
        return function(value, *arguments, **named)

    return paid


def _paid_for(run: Run, value: object) -> object:
    """
    A value that is compared or sliced, charged to the rendering.
    """
    if isinstance(value, _SIZED):
        run.pay(len(value))
    return value


class Noted(dict[str, object]):
    """
    A call's values, and which marked branches a rendering with them went through.
    """

    __slots__ = ("reached",)

    def __init__(self, values: Mapping[str, object]) -> None:
        super().__init__(values)
        self.reached: set[int] = set()


def _reached(run: Run, value: object, number: int) -> object:
    if isinstance(run.parent, Noted):
        run.parent.reached.add(number)
    return value


def _steps(run: Run, items: object, weight: int) -> object:
    """
    The items of a loop, paid for from what this rendering may do.

    Args:
        weight: What each step costs.
    """
    if isinstance(items, Undefined):
        raise RenderError(f"there is nothing to loop over: {items._undefined_message}")
    if not isinstance(items, _NESTS):
        raise RenderError("a loop goes over a list: split(',') makes one of a text")
    run.effort.spend(weight * len(items))
    run.steps_left -= len(items)
    if run.steps_left < 0:
        raise TemplateTooLarge(what="loop steps", limit=run.bounds.loop_steps)
    return items


def _kept(value: object) -> object:
    """
    What `set` may keep: plain values and flat lists, so that nothing can grow by nesting.
    """
    if isinstance(value, list | tuple):
        return [text_of(item) if isinstance(item, str) else _scalar(item) for item in value]
    return _scalar(value)


def _scalar(value: object) -> object:
    if isinstance(value, _NESTS):
        raise RenderError("set keeps texts, numbers and flat lists of these")
    return value


def _environment() -> Sandbox:
    environment = Sandbox(undefined=StrictUndefined, keep_trailing_newline=True, cache_size=0)
    environment.globals.clear()
    environment.filters.clear()
    environment.tests.clear()
    environment.filters.update({name: _paid(name, function) for name, function in FILTERS.items()})
    environment.filters.update({_ESCAPER(slot): escaper for slot, escaper in ESCAPERS.items()})
    environment.filters.update(
        {INTERNAL_JOIN: pass_context(_joined), INTERNAL_STEPS: pass_context(_steps), INTERNAL_KEPT: _kept}
        | {INTERNAL_PAID: pass_context(_paid_for), INTERNAL_REACHED: pass_context(_reached)}
    )
    environment.filters[_ESCAPER(Slot.JSON_VALUE)] = pass_context(_bounded_json)
    environment.tests.update(TESTS)
    return environment


INTERNAL_JOIN = "joined by ~"
INTERNAL_STEPS = "counted steps"
INTERNAL_KEPT = "kept by set"
INTERNAL_PAID = "paid for"
INTERNAL_REACHED = "noted as reached"
# No author can write a filter's name with a blank in it.
_ESCAPER = "safe in {}".format

ENVIRONMENT = _environment()
_EVAL = EvalContext(ENVIRONMENT)


def passed_through(node: nodes.Expr, name: str, *arguments: object) -> nodes.Filter:
    """
    *node*, passed through one of the environment's internal filters.
    """
    constants: list[nodes.Expr] = [nodes.Const(each) for each in arguments]
    return nodes.Filter(node, name, constants, [], None, None, lineno=node.lineno)


def escaped(node: nodes.Expr, slot: Slot) -> nodes.Filter:
    """
    *node*, passed through the escaper of a slot: the last step of every expression.
    """
    return passed_through(node, _ESCAPER(slot))
