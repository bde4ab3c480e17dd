"""
Frozen values that are made at half the price.

A frozen dataclass sets each of its fields by a call, for nobody may set them otherwise: 150 ns a field where
caches are cold, and one request makes thirty fields.
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from dataclasses import Field

P = ParamSpec("P")
T = TypeVar("T")


class _Factory:
    """
    Stands where an argument is left out of which something is made.
    """

    def __repr__(self) -> str:
        return "<factory>"


_MADE: Final = _Factory()


def quick(kind: type[T]) -> type[T]:
    """
    *kind*, a frozen, slotted dataclass, with an `__init__` that does the same in half the time.

    While its fields are set, an instance is one of a twin: a class with the same slots that is not frozen.
    `python -m timeit` with seven fields: 1.76 us before, 0.87 us after; not frozen at all 0.6 us.

    Raises:
        TypeError: It is another kind of class, or makes something of its fields.
    """
    init = _written(kind, "__init__")
    if init is not None:
        init.__annotations__ = kind.__init__.__annotations__
        init.__qualname__ = f"{kind.__qualname__}.__init__"
        kind.__init__ = init  # type: ignore[method-assign]  # that is the purpose
    return kind


def maker(kind: Callable[P, T]) -> Callable[P, T]:
    """
    A function that does what calling *kind*, a frozen, slotted dataclass, does; for who makes thousands a second.

    Calling a class packs its arguments and unpacks them again; calling a function does not. With nine fields:
    1.4 us by the class that `dataclass` makes, 0.65 us by one that is `quick`, 0.25 us by its maker.

    Raises:
        TypeError: It is another kind of class, or makes something of its fields.
    """
    return _written(cast("type[T]", kind), "make") or kind


def _written(kind: type[T], name: str) -> Callable[..., Any] | None:
    """
    `__init__` or `make` for *kind*; None where its values cannot be made this way.
    """
    parts = fields(kind)  # type: ignore[arg-type]  # it raises TypeError for what is no dataclass
    if hasattr(kind, "__post_init__"):
        raise TypeError(f"{kind.__name__} makes something of its fields, so it cannot be made quickly")
    names = tuple(part.name for part in parts)
    if getattr(kind, "__slots__", None) != names:
        raise TypeError(f"{kind.__name__} is no dataclass of its own with slots")
    # Without a lock over everything, another class is given to an instance only while all threads stand still.
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return None
    twin = type(kind.__name__, (), {"__slots__": names})
    known = {
        "_become": object.__setattr__,
        "_new": object.__new__,
        "_twin": twin,
        "_kind": kind,
        "_made": _MADE,
    }
    for part in parts:
        known |= {f"_{part.name}": part.default, f"_make_{part.name}": part.default_factory}
    source = "\n    ".join(_init(parts) if name == "__init__" else _make(parts))
    made: dict[str, Any] = {}
    exec(source, known, made)  # noqa: S102  # of names of fields alone
    return cast("Callable[..., Any]", made[name])


def _init(parts: Sequence[Field[Any]]) -> Iterator[str]:
    yield f"def __init__({', '.join(('self', *_arguments(parts)))}):"
    yield '_become(self, "__class__", _twin)'
    yield from _setting(parts)


def _make(parts: Sequence[Field[Any]]) -> Iterator[str]:
    yield f"def make({', '.join(_arguments(parts))}):"
    yield "self = _new(_twin)"
    yield from _setting(parts)
    yield "return self"


def _setting(parts: Sequence[Field[Any]]) -> Iterator[str]:
    for part in parts:
        name = part.name
        if not part.init:
            yield f"self.{name} = {f'_{name}' if part.default_factory is MISSING else f'_make_{name}()'}"
        elif part.default_factory is not MISSING:
            yield f"self.{name} = _make_{name}() if {name} is _made else {name}"
        else:
            yield f"self.{name} = {name}"
    yield "self.__class__ = _kind"


def _arguments(parts: Sequence[Field[Any]]) -> Iterator[str]:
    given = [part for part in parts if part.init]
    yield from (_argument(part) for part in given if not part.kw_only)
    if named := [_argument(part) for part in given if part.kw_only]:
        yield "*"
        yield from named


def _argument(part: Field[Any]) -> str:
    if part.default_factory is not MISSING:
        return f"{part.name}=_made"
    return part.name if part.default is MISSING else f"{part.name}=_{part.name}"
