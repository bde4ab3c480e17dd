"""
The way to a value inside a response: `properties.name`, `phones[label=work].value`.

    name              the member of that name; in a list, of each of its items
    a.b               b inside a
    a[0]  a[-1]       the first, the last item; a single value is a list of one
    a[label=work]     the items of a whose member `label` is `work`
    a["x.y"]          a member whose name would read as something else
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from webhook_engine.errors import DefinitionError, Problem


@dataclass(frozen=True, slots=True)
class Label:
    """
    The step to those items of a list that carry a label.
    """

    key: str
    value: str


Step: TypeAlias = str | int | Label
"""A member's name, an item's position, or a label."""

Path: TypeAlias = tuple[Step, ...]

_NAME = re.compile(r'[^.\[\]"\s](?:[^.\[\]]*[^.\[\]\s])?')
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_BRACKET = re.compile(
    rf"\[\s*(?:(?P<index>-?\d{{1,9}})|(?P<name>{_QUOTED})"
    rf'|(?P<key>[^\]\["=]+|{_QUOTED})\s*=\s*(?P<value>{_QUOTED}|[^\]\["]*))\s*\]'
)
_PLAIN_VALUE = re.compile(r'[^\]\["\s](?:[^\]\["]*[^\]\["\s])?')
_PLAIN_KEY = re.compile(r'[^\]\["=\s](?:[^\]\["=]*[^\]\["=\s])?')


@lru_cache(maxsize=1024)
def read_path(text: str) -> Path:
    """
    The steps that *text* spells; none for the empty text, which is the whole document.

    Raises:
        DefinitionError: It spells none; the problem carries the column.
    """
    steps: list[Step] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            bracket = _BRACKET.match(text, at)
            if not bracket:
                raise _unreadable(text, at, 'expected [0], [label=value] or ["name"]')
            steps.append(_bracket_step(bracket))
            at = bracket.end()
        else:
            at = _after_dot(text, at, is_first=not steps)
            name = _NAME.match(text, at)
            if not name:
                raise _unreadable(text, at, "expected a name")
            steps.append(name.group())
            at = name.end()
    return tuple(steps)


def _after_dot(text: str, at: int, *, is_first: bool) -> int:
    if is_first:
        return at
    if text[at] != ".":
        raise _unreadable(text, at, "expected a dot before the next name")
    return at + 1


def _bracket_step(bracket: re.Match[str]) -> Step:
    if bracket["index"]:
        return int(bracket["index"])
    if bracket["name"]:
        return _unquoted(bracket["name"])
    return Label(_unquoted(bracket["key"].strip()), _unquoted(bracket["value"].strip()))


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return text[1:-1]


def _unreadable(text: str, at: int, expected: str) -> DefinitionError:
    problem = Problem(path="", message=f"{text!r} is no path into a response: {expected}", column=at + 1)
    return DefinitionError([problem])


def write_path(steps: Path) -> str:
    """
    The text that `read_path` reads as *steps*.
    """
    written = ""
    for step in steps:
        if isinstance(step, str):
            if _NAME.fullmatch(step):
                written += f".{step}" if written else step
            else:
                written += f"[{json.dumps(step, ensure_ascii=False)}]"
        elif isinstance(step, int):
            written += f"[{step}]"
        else:
            written += f"[{_plain(_PLAIN_KEY, step.key)}={_plain(_PLAIN_VALUE, step.value)}]"
    return written


def _plain(plain: re.Pattern[str], text: str) -> str:
    return text if plain.fullmatch(text) else json.dumps(text, ensure_ascii=False)
