"""
What an action is told: inputs as they are declared, and their values as they are read.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

from webhook_engine.xml_api.faults import IncorrectParameters
from webhook_engine.xml_api.reading import Value

T = TypeVar("T")

_NONE: Final[Any] = object()
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}\Z")
_WORDS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

LONGEST: Final = 4_000
"""Characters of a text, where its declaration says nothing else."""


@dataclass(frozen=True, slots=True)
class Input:
    """
    One input, beside the type of the parameter that takes it: `Annotated[int, Input("Priority", …)]`.

    A parameter with a default is optional: it may be missing, or empty. One without must be there.
    """

    name: str
    """The element's, in its case."""

    about: str

    example: str = ""

    may_be_empty: bool = False
    """Whether it must be there but need not hold anything."""

    between: tuple[int, int] | None = None
    """The smallest and the largest number it may be."""

    longest: int = LONGEST
    """Characters."""

    each: str | None = None
    """For a list: what its elements are called."""


@dataclass(frozen=True, slots=True)
class Declared:
    """
    An input with everything that follows from its place in the code.
    """

    parameter: str
    input: Input
    type: type
    default: object
    within: Plan[Any] | None = None
    """What is in each element, where it is a list."""

    @property
    def is_optional(self) -> bool:
        return self.default is not _NONE

    def value(self, found: Value | None) -> object:
        """
        Raises:
            IncorrectParameters: It is not what is declared.
        """
        if found is None or found == "":
            if self.default is not _NONE:
                return self.default
            if found is None or not self.input.may_be_empty:
                raise IncorrectParameters
            return ""
        if self.within is not None:
            return self._list(found, self.within)
        if not isinstance(found, str) or len(found) > self.input.longest:
            raise IncorrectParameters
        return found if self.type is str else self._typed(found)

    def _list(self, found: Value, within: Plan[Any]) -> tuple[object, ...]:
        if isinstance(found, str):
            raise IncorrectParameters
        each = self.input.each
        made = []
        for name, value in found:
            if name != each or isinstance(value, str):
                raise IncorrectParameters
            made.append(within.make(value))
        return tuple(made)

    def _typed(self, text: str) -> object:
        value = _READERS[self.type](text)
        between = self.input.between
        if between is not None and not between[0] <= value <= between[1]:
            raise IncorrectParameters
        return value


@dataclass(frozen=True, slots=True)
class Plan(Generic[T]):
    """
    How a function's, or a dataclass's, arguments are read.
    """

    make_of: Callable[..., T]
    inputs: tuple[Declared, ...]

    def read(self, children: Sequence[tuple[str, Value]]) -> dict[str, Any]:
        """
        The arguments that the children of an element state; names that nobody asks for are passed over.

        Raises:
            IncorrectParameters: One is missing, empty, there twice, or not of its kind.
        """
        found = dict(children)
        if len(found) != len(children):
            self._refuse_doubles(children)
        get = found.get
        return {each.parameter: each.value(get(each.input.name)) for each in self.inputs}

    def make(self, children: Sequence[tuple[str, Value]]) -> T:
        """
        What is made of those arguments.
        """
        return self.make_of(**self.read(children))

    def _refuse_doubles(self, children: Sequence[tuple[str, Value]]) -> None:
        declared = {each.input.name for each in self.inputs}
        seen: set[str] = set()
        for name, _ in children:
            if name in seen and name in declared:
                raise IncorrectParameters
            seen.add(name)


def plan_of(source: Callable[..., T]) -> tuple[Plan[T], dict[str, Any]]:
    """
    How the arguments of a function or a dataclass are read.

    Returns:
        The plan, and those of its parameters that are no inputs, by name with their annotations.

    Raises:
        TypeError: An input has a type that cannot be read from a request.
    """
    hints = get_type_hints(source, include_extras=True)
    declared: list[Declared] = []
    others: dict[str, Any] = {}
    for name, default in _parameters(source).items():
        hint = hints[name]
        stated = next((each for each in get_args(hint)[1:] if isinstance(each, Input)), None)
        if get_origin(hint) is not Annotated or stated is None:
            others[name] = hint
        else:
            declared.append(_declared(name, stated, get_args(hint)[0], default))
    return Plan(source, tuple(declared)), others


def _parameters(source: Callable[..., Any]) -> Mapping[str, object]:
    if is_dataclass(source):
        return {each.name: _NONE if each.default is MISSING else each.default for each in fields(source)}
    found = inspect.signature(source).parameters.values()
    return {each.name: _NONE if each.default is each.empty else each.default for each in found}


def _declared(name: str, stated: Input, hint: Any, default: object) -> Declared:
    if stated.each is not None:
        (item, *_) = get_args(hint)
        if item.__hash__ is None:
            raise TypeError(f"{item.__name__}: what a list holds must be frozen, for answers are kept by it")
        within, others = plan_of(item)
        if others:
            raise TypeError(f"{item.__name__}: {', '.join(others)} must be Annotated with an Input")
        return Declared(name, stated, tuple, default, within)
    # `int | None` is an optional number.
    (kind, *more) = [each for each in get_args(hint) if each is not type(None)] or [hint]
    if more or kind not in (str, *_READERS):
        raise TypeError(f"the input {stated.name} cannot be read as {hint}")
    return Declared(name, stated, kind, default)


def _number(text: str) -> int:
    if not _NUMBER.match(text):
        raise IncorrectParameters
    return int(text)


def _word(text: str) -> bool:
    try:
        return _WORDS[text.casefold()]
    except KeyError:
        raise IncorrectParameters from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise IncorrectParameters from None


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise IncorrectParameters from None


_READERS: Final[Mapping[type, Callable[[str], Any]]] = {
    int: _number,
    bool: _word,
    date: _day,
    datetime: _instant,
}
