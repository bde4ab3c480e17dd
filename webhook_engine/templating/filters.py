"""
The filters and tests a template may use: these and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from math import isfinite
from types import MappingProxyType

from jinja2 import Undefined

from webhook_engine.errors import RenderError
from webhook_engine.templating import clock, numbers
from webhook_engine.templating.slots import text_of

_TEXT_LIMIT = 256 * 1024
_MOST_DIGITS = 400
_MISSING = object()


def is_empty(value: object) -> bool:
    """
    Whether there is nothing: undefined, none or "". Zero and false are something.
    """
    return value is None or isinstance(value, Undefined) or value == ""


def _default(value: object, instead: object = "") -> object:
    return instead if is_empty(value) else value


def _map(value: object, table: object, otherwise: object = "") -> object:
    if not isinstance(table, Mapping):
        raise RenderError("map takes a table: map({'Success': 'WON'})")
    wanted = text_of(value).strip().casefold()
    for key, mapped in table.items():
        if text_of(key).strip().casefold() == wanted:
            return mapped
    return otherwise


def _last(value: object, count: int = 9) -> str:
    digits = numbers.digits_of(text_of(value))
    return digits[-count:] if count > 0 else ""


def _replace(value: object, old: str, new: str) -> str:
    text = text_of(value)
    if not old:
        raise RenderError("replace needs a text to look for")
    if len(text) + text.count(old) * (len(new) - len(old)) > _TEXT_LIMIT:
        raise RenderError("replace would make a text beyond all bounds")
    return text.replace(old, new)


def _truncate(value: object, length: int, end: str = "") -> str:
    text = text_of(value)
    return text if len(text) <= length else text[: max(length - len(end), 0)] + end


def _split(value: object, separator: str | None = None) -> list[str]:
    return [part.strip() for part in text_of(value).split(separator)]


def _join(value: object, separator: str = "") -> str:
    if not isinstance(value, list | tuple):
        raise RenderError("join takes a list")
    texts = [text_of(item) for item in value]
    if sum(map(len, texts)) + len(separator) * len(texts) > _TEXT_LIMIT:
        raise RenderError("join would make a text beyond all bounds")
    return separator.join(texts)


def _int(value: object, default: object = _MISSING) -> object:
    return _number(int, value, default, "a whole number")


def _float(value: object, default: object = _MISSING) -> object:
    return _number(float, value, default, "a number")


def _number(kind: Callable[[str], object], value: object, default: object, what: str) -> object:
    text = text_of(value).strip()
    try:
        return kind(text)
    except ValueError:
        pass
    try:
        return kind(str(int(float(text))))
    except (ValueError, OverflowError):
        if default is not _MISSING:
            return default
        raise RenderError(f"{text[:40]!r} is not {what}") from None


def _round(value: object, digits: int = 0) -> object:
    if isinstance(value, str):
        value = _float(value)
    if not isinstance(value, int | float | Decimal) or not isinstance(digits, int):
        raise RenderError("round takes a number, and how many digits stay")
    # Beyond this a rounded number is a matter of gigabytes, not of digits.
    is_vast = isinstance(value, Decimal) and value.is_finite() and value.adjusted() > _MOST_DIGITS
    if abs(digits) > _MOST_DIGITS or is_vast:
        raise RenderError(f"round goes no further than {_MOST_DIGITS} digits")
    if isinstance(value, float | Decimal) and not isfinite(value):
        raise RenderError(f"{value} cannot be rounded")
    return round(value, digits) if digits else round(value)


def _length(value: object) -> int:
    if isinstance(value, str | list | tuple | Mapping):
        return len(value)
    return len(text_of(value))


def _first(value: object) -> object:
    if not isinstance(value, str | list | tuple):
        raise RenderError("first takes a list or a text")
    return value[0] if value else ""


def _items(value: object) -> list[tuple[object, object]]:
    if not isinstance(value, Mapping):
        raise RenderError("items takes a mapping")
    return list(value.items())


def _format_datetime(
    value: object, shape: str = "iso", zone: str | None = None, *, time_zone: str | None = None
) -> str:
    return clock.format_datetime(text_of(value), shape, zone, time_zone)


FILTERS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        "count": _length,
        "d": _default,
        "default": _default,
        "digits": lambda value: numbers.digits_of(text_of(value)),
        "e164": lambda value, country=None: numbers.e164(text_of(value), country),
        "endswith": lambda value, suffix: text_of(value).endswith(suffix),
        "first": _first,
        "float": _float,
        "format_datetime": _format_datetime,
        "int": _int,
        "international": lambda value, country=None: numbers.international(text_of(value), country),
        "items": _items,
        "join": _join,
        "last": _last,
        "length": _length,
        "lower": lambda value: text_of(value).lower(),
        "map": _map,
        "national": lambda value, country=None: numbers.national(text_of(value), country),
        "replace": _replace,
        "round": _round,
        "split": _split,
        "startswith": lambda value, prefix: text_of(value).startswith(prefix),
        "string": text_of,
        "trim": lambda value: text_of(value).strip(),
        "truncate": _truncate,
        "upper": lambda value: text_of(value).upper(),
    }
)
"""By the name a template calls them."""

TESTS: Mapping[str, Callable[..., bool]] = MappingProxyType(
    {
        "defined": lambda value: not isinstance(value, Undefined),
        "undefined": lambda value: isinstance(value, Undefined),
        "empty": is_empty,
        "none": lambda value: value is None,
        "string": lambda value: isinstance(value, str),
        "number": lambda value: isinstance(value, int | float | Decimal) and not isinstance(value, bool),
        "boolean": lambda value: isinstance(value, bool),
        "mapping": lambda value: isinstance(value, Mapping),
        "sequence": lambda value: isinstance(value, list | tuple),
        "in": lambda value, container: value in container,
    }
)
"""By the name that follows `is`."""

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "endswith": "endswith",
        "items": "items",
        "lower": "lower",
        "replace": "replace",
        "split": "split",
        "startswith": "startswith",
        "strip": "trim",
        "upper": "upper",
    }
)
"""Python spellings that are read as the filter they mean: `CALL_QUEUE.startswith('Sa')`."""

NEEDLESS = frozenset({"e", "escape", "forceescape", "tojson", "urlencode", "xmlattr"})
"""Filters of Jinja that encode; here every place encodes by itself."""
