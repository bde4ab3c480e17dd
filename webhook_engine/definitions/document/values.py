"""
The kinds of value a key can hold, each refused in words its author understands.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from math import isfinite
from typing import Annotated, Final, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator
from pydantic_core import PydanticCustomError

from webhook_engine.definitions.cases import matcher_of
from webhook_engine.definitions.checks.http import authority_problem, host_problem
from webhook_engine.definitions.document.countries import COUNTRIES
from webhook_engine.definitions.groups import SecretRef
from webhook_engine.definitions.words import SecretKind
from webhook_engine.errors import did_you_mean
from webhook_engine.variables import Value

NAME_LIMIT: Final = 200
"""Characters in a name."""

_EXTENSION = re.compile(r"[^\s-]+-\S+\Z")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_HOW_TO_WRITE_ONE: Final = '{ env = "NAME" }, { file = "PATH" }, { vault = "NAME" } or the secret as text'
_PLACES = (SecretKind.ENV.value, SecretKind.FILE.value, SecretKind.VAULT.value)

# What orjson writes.
_LEAST, _MOST = -(2**63), 2**64 - 1

T = TypeVar("T")


def refused(message: str) -> PydanticCustomError:
    """
    An error whose message reaches the author as it stands.
    """
    return PydanticCustomError("refused", "{message}", {"message": message})


def _name(text: str) -> str:
    if not text.strip():
        raise refused("must not be empty")
    if text != text.strip() or not text.isprintable():
        raise refused("must be one line without blanks at its ends")
    if len(text) > NAME_LIMIT:
        raise refused(f"is {len(text)} characters long; a name has at most {NAME_LIMIT}")
    return text


def _text(text: str) -> str:
    if "\x00" in text:
        raise refused("holds a NUL character, which no request can carry")
    return text


def _extension(text: str) -> str:
    if not _EXTENSION.match(text):
        raise refused(f'is {text!r}; write NUMBER-TENANT, such as "100-Euphoria"')
    return text


def _host(text: str) -> str:
    if problem := host_problem(text):
        raise refused(problem)
    return text


def _authority(text: str) -> str:
    if problem := authority_problem(text):
        raise refused(problem)
    return text


def _variable_name(text: str) -> str:
    if not _VARIABLE.match(text):
        raise refused(f"{text!r} is no name for a variable: capitals, digits and _, a capital first")
    return text


def _time_zone(value: object) -> ZoneInfo:
    if not isinstance(value, str):
        raise refused('must be the name of a time zone, such as "Africa/Johannesburg"')
    try:
        return ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        meant = did_you_mean(value, available_timezones())
        hint = f"; did you mean {meant!r}?" if meant else ', such as "Africa/Johannesburg"'
        raise refused(f"there is no time zone {value!r}{hint}") from None


def _country(text: str) -> str:
    if text not in COUNTRIES:
        meant = f"; did you mean {text.upper()!r}?" if text.upper() in COUNTRIES else ', such as "ZA"'
        raise refused(f"{text!r} is no country; write the two capitals of ISO 3166{meant}")
    return text


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise refused(f"{text!r} is no network{_network_hint(text)}") from None
    return text


def _network_hint(text: str) -> str:
    try:
        meant = str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return '; write one such as "10.20.0.0/16", or an address alone'
    return f": its address has bits beyond its size; did you mean {meant!r}?"


def _secret(value: object) -> SecretRef:
    if isinstance(value, str):
        if not value:
            raise refused(f"is empty; write {_HOW_TO_WRITE_ONE}")
        return SecretRef.literal(value)
    if not isinstance(value, Mapping) or len(value) != 1:
        raise refused(f"must be {_HOW_TO_WRITE_ONE}")
    [(place, where)] = value.items()
    if place not in _PLACES:
        meant = did_you_mean(str(place), _PLACES)
        raise refused(f"a secret cannot be in {place!r}" + (f"; did you mean {meant!r}?" if meant else ""))
    if not isinstance(where, str) or not where or "\x00" in where:
        raise refused(f"{place} must say where the secret is, as text")
    return SecretRef(SecretKind(place), where)


def _fact(value: object) -> object:
    if not isinstance(value, str | int | float | bool):
        raise refused("must be text, a number or true/false")
    return value


def _tree(value: object) -> object:
    if not isinstance(value, str | list | dict):
        raise refused("must be text for the whole body, or a table or list of its parts")
    for part in _parts(value):
        if not isinstance(part, str | int | float):  # true and false are numbers to Python
            raise refused(f"holds {part}, which JSON has no form for; write it as text")
        if isinstance(part, float) and not isfinite(part):
            raise refused(f"holds {part}, which is no number in JSON")
        if isinstance(part, int) and not _LEAST <= part <= _MOST:
            raise refused("holds a whole number longer than 64 bits; write the whole body as text")
    return value


def _parts(value: object) -> Iterator[object]:
    """
    What is no table and no list, however deep it stands.
    """
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _parts(each)
    else:
        yield value


def _wanted(value: object) -> object:
    if isinstance(value, str | int | float):  # true and false are numbers to Python
        return value
    if matcher_of(value) is None:
        matchers = '{ matches = "…" }, { present = true }, { absent = true } or { null = true }'
        raise refused(f"must be a value, or one of {matchers}")
    return value


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[str, AfterValidator(_name)]
Extension = Annotated[str, AfterValidator(_extension)]
Host = Annotated[str, AfterValidator(_host)]
Authority = Annotated[str, AfterValidator(_authority)]
VariableName = Annotated[str, AfterValidator(_variable_name)]
TimeZone = Annotated[ZoneInfo, PlainValidator(_time_zone)]
Country = Annotated[str, AfterValidator(_country)]
Network = Annotated[str, AfterValidator(_network)]
Secret = Annotated[SecretRef, PlainValidator(_secret)]
Fact = Annotated[Value, PlainValidator(_fact)]
Tree = Annotated[object, PlainValidator(_tree)]
Wanted = Annotated[Value | Mapping[str, object], PlainValidator(_wanted)]

Word = TypeVar("Word", bound=StrEnum)
OneOf = Annotated[Word, Field(strict=False)]
"""A word of an enumeration, written as text."""

Many = Annotated[list[T], BeforeValidator(_one_or_more)]
"""A list; one text alone counts as a list of one."""
