"""
What pydantic found wrong, in words for the author of a file; and what can be read in spite of it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from webhook_engine.definitions.places import Path
from webhook_engine.errors import did_you_mean

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

_WORDS = re.compile(r"'([^']*)'")

_WANTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "string_type": "must be text",
        "int_type": "must be a whole number",
        "int_from_float": "must be a whole number",
        "float_type": "must be a number",
        "bool_type": "must be true or false",
        "list_type": "must be a list",
        "dict_type": "must be a table",
        "model_type": "must be a table",
        "model_attributes_type": "must be a table",
        "finite_number": "must be a finite number",
        "string_unicode": "holds half a character, which no request can carry",
    }
)
"""pydantic's type of error -> what the author should know."""

_STAND_INS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "name": "stand-in",
        "extension": "0-standin",
        "type": "ajax-get",
        "url": "https://stand.in/",
        "token_url": "https://stand.in/",
        "value": "",
        "when": "true",
        "is": "ok",
        "path": "stand-in",
        "on": ["ringing"],
        "event": "ringing",
        "webhook": "stand-in",
    }
)
"""What a required key is taken for while the rest of its table is read."""


def explain(error: ErrorDetails, shape: type[BaseModel]) -> tuple[Path, str]:
    """
    The place of one error inside its table, and the sentence.
    """
    kind, given = error["type"], error["input"]
    path = error["loc"]
    facts = error.get("ctx", {})
    if kind == "missing":
        return path, "is missing"
    if kind == "extra_forbidden":
        return path, "is no key of this table" + _meant(path[-1], keys_at(shape, path[:-1]))
    if kind == "enum":
        return path, _one_of(given, _WORDS.findall(str(facts.get("expected", ""))))
    if kind in _WANTED:
        return path, f"{_WANTED[kind]}, not {_kind_of(given)}" if kind != "string_unicode" else _WANTED[kind]
    return path, _bounds(kind, facts, given) or error["msg"]


def _meant(name: object, known: Iterable[str]) -> str:
    known = sorted(known)
    if meant := did_you_mean(str(name), known):
        return f"; did you mean {meant!r}?"
    return f"; it has {', '.join(known)}" if known else ""


def _one_of(given: object, words: Sequence[str]) -> str:
    meant = did_you_mean(given, words) if isinstance(given, str) else None
    hint = f"; did you mean {meant!r}?" if meant else ""
    return f"is {given!r:.60}, which is none of {', '.join(words)}{hint}"


def _kind_of(given: object) -> str:
    names = {
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(given), f"a {type(given).__name__}")


def _bounds(kind: str, facts: Mapping[str, object], given: object) -> str | None:
    if kind == "too_short":
        return "must not be empty"
    words = {
        "greater_than": ("more than", "gt"),
        "greater_than_equal": ("at least", "ge"),
        "less_than_equal": ("at most", "le"),
    }
    if kind not in words:
        return None
    word, fact = words[kind]
    return f"is {given!r:.30}; it must be {word} {facts[fact]:,.10g}"


def keys_at(shape: type[BaseModel], path: Path) -> Iterable[str]:
    """
    The keys that the table at *path* inside a table of this *shape* may have.
    """
    from pydantic import BaseModel

    for part in path:
        if isinstance(part, int):
            continue
        field = next((each for name, each in shape.model_fields.items() if part in (name, each.alias)), None)
        inner = _model_in(field.annotation if field else None)
        if inner is None or not issubclass(inner, BaseModel):
            return ()
        shape = inner
    return [each.alias or name for name, each in shape.model_fields.items()]


def _model_in(annotation: object) -> type[BaseModel] | None:
    from typing import get_args

    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_in(each))), None)


def salvage(table: Mapping[str, object], errors: ValidationError) -> dict[str, object]:
    """
    The table without what was refused, so that the rest of it can be checked too.
    """
    kept: dict[str, object] = copy.deepcopy(dict(table))
    for error in errors.errors(include_url=False):
        path = error["loc"]
        # A list loses all its elements rather than one: their indexes are their places.
        while path and isinstance(path[-1], int):
            path = path[:-1]
        _mend(kept, path)
    return kept


_BY_ITSELF: Final = frozenset(
    {
        "deadline_s",
        "stale_s",
        "safe",
        "hold_s",
        "expires_s",
        "max_attempts",
        "longest_wait_s",
        "retry_on",
        "max_redirects",
        "max_in_flight",
        "max_per_second",
        "priority",
        "at_most",
        "is",
        "silence",
    }
)
"""Keys without which nothing else of their table means anything else."""


def is_sound_without(errors: ValidationError) -> bool:
    """
    Whether what was not refused still is what its author wrote, so that it can be checked how it fits together.
    """
    places = [each["loc"] for each in errors.errors(include_url=False)]
    return all(place == ("name",) or _key(place) in _BY_ITSELF for place in places)


def _key(path: Path) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _mend(table: dict[str, object], path: Path) -> None:
    here: object = table
    for part in path[:-1]:
        here = _inside(here, part)
    if path and isinstance(here, dict):
        key = str(path[-1])
        if key in _STAND_INS:
            here[key] = copy.deepcopy(_STAND_INS[key])
        else:
            here.pop(key, None)


def _inside(container: object, part: str | int) -> object:
    if isinstance(container, dict):
        return container.get(part)
    if isinstance(container, list) and isinstance(part, int):
        return container[part] if part < len(container) else None
    return None
