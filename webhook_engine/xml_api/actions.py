"""
Actions: a function, and what its declaration says of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin

from webhook_engine.errors import ActionRefused, SettingsError
from webhook_engine.xml_api.answers import Answer
from webhook_engine.xml_api.inputs import Plan, plan_of

DEADLINE_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequest:
    """
    Who asks; an action that wants to know has a parameter of this type.
    """

    tenant: str
    action: str

    key: str
    """The name of the key that was used."""

    idempotency_key: str | None = None
    """What the header `Idempotency-Key` says: a request that comes again with the same is the same."""


@dataclass(frozen=True, slots=True)
class Needs:
    """
    Beside a dependency's type: what is answered where the application was given none.
    """

    otherwise: type[ActionRefused]


@dataclass(frozen=True, slots=True)
class Dependency:
    """
    A parameter that the application provides, by its type.
    """

    parameter: str
    kind: type
    otherwise: type[ActionRefused] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """
    One action of the API; called, it does what its function does.
    """

    name: str
    function: Callable[..., Any]
    answer: Answer

    reads: bool
    """Whether it changes nothing, so that an answer may be given again for a while."""

    limit: int | None
    """How many requests of a tenant are worked on at a time."""

    refreshes: frozenset[str]
    """Reading actions whose kept answers are forgotten once this one has succeeded."""

    deadline_s: float | None
    is_async: bool
    inputs: Plan[Any]
    dependencies: tuple[Dependency, ...]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    @property
    def about(self) -> str:
        """
        What it does, in words.
        """
        return inspect.cleandoc(self.function.__doc__ or "")


def action(
    name: str,
    *,
    answer: Answer,
    reads: bool = False,
    limit: int | None = None,
    refreshes: Collection[str] = (),
    deadline_s: float | None = DEADLINE_S,
) -> Callable[[Callable[..., Any]], Action]:
    """
    Make an action of a function, sync (it gets a thread) or async.

    Its parameters are inputs (`Annotated[str, Input("UserName", …)]`), the request (`ActionRequest`), and
    what the application provides, by type.

    Args:
        answer: How what it returns is written: `Says`, `Status` or `Rows`.

        deadline_s: Seconds until it is given up; None for what waits for nothing.

    Raises:
        TypeError: A parameter cannot be read or provided.
    """

    def declare(function: Callable[..., Any]) -> Action:
        inputs, others = plan_of(function)
        return Action(
            name=name,
            function=function,
            answer=answer,
            reads=reads,
            limit=limit,
            refreshes=frozenset(refreshes),
            deadline_s=deadline_s,
            is_async=inspect.iscoroutinefunction(function),
            inputs=inputs,
            dependencies=tuple(_dependency(name, *each) for each in others.items()),
        )

    return declare


def _dependency(name: str, parameter: str, hint: Any) -> Dependency:
    otherwise = None
    if get_origin(hint) is Annotated:
        hint, *more = get_args(hint)
        otherwise = next((each.otherwise for each in more if isinstance(each, Needs)), None)
    if not isinstance(hint, type):
        raise TypeError(
            f"{name}: the parameter {parameter} is neither an input nor of a type that is provided"
        )
    return Dependency(parameter, hint, otherwise)


class Actions:
    """
    Those that there are, by name.
    """

    def __init__(self, actions: Iterable[Action]) -> None:
        """
        Args:
            actions: A later one takes the place of an earlier one with its name.
        """
        self._by_name = {each.name: each for each in actions}

    def __iter__(self) -> Iterator[Action]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Action | None:
        """
        The action of exactly that name.
        """
        return self._by_name.get(name)

    def check(self, provided: Mapping[type, object]) -> None:
        """
        Raises:
            SettingsError: What an action needs and nobody provides.
        """
        missing = [
            f"{each.name} needs a {need.kind.__name__}: provide one"
            for each in self
            for need in each.dependencies
            if need.kind not in {ActionRequest, *provided} and need.otherwise is None
        ]
        if missing:
            raise SettingsError(missing)
