"""
A tree as TOML text; the standard library reads TOML and cannot write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
_TO_ESCAPE = re.compile(r'[\\"\x00-\x1f\x7f]')
_TO_ESCAPE_IN_LINES = re.compile(r"[\\\x00-\x08\x0b-\x1f\x7f]")
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def write(tree: Mapping[str, object], tables: frozenset[str]) -> str:
    """
    The text of *tree*.

    Args:
        tables: Keys whose tables get a header and lines of their own; all
            other tables stand on one line, in braces.
    """
    text = "\n".join(_lines(tree, (), tables, depth=0)).lstrip("\n")
    return f"{text}\n" if text else ""


def _lines(
    table: Mapping[str, object], path: tuple[str, ...], tables: frozenset[str], depth: int
) -> Iterator[str]:
    indent = "  " * depth
    inner: dict[str, Any] = {key: value for key, value in table.items() if key in tables and _is_table(value)}
    for key, value in table.items():
        if key not in inner:
            yield f"{indent}{_key(key)} = {_value(value)}"
    below = depth + 1 if path else 0
    for key, value in inner.items():
        name = ".".join(map(_key, (*path, key)))
        header = f"[[{name}]]" if isinstance(value, list) else f"[{name}]"
        elements: list[Mapping[str, object]] = value if isinstance(value, list) else [value]
        for each in elements:
            yield from ("", f"{'  ' * below}{header}")
            yield from _lines(each, (*path, key), tables, below)


def _is_table(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(each, Mapping) for each in value)
    return isinstance(value, Mapping)


def _key(key: str) -> str:
    return key if _BARE_KEY.match(key) else _text(key)


def _value(value: object) -> str:
    return _text_in_lines(value) if isinstance(value, str) and "\n" in value else _inline(value)


def _inline(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_key(key)} = {_inline(each)}" for key, each in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return repr(value)


def _text(text: str) -> str:
    return f'"{_TO_ESCAPE.sub(_escape, text)}"'


def _text_in_lines(text: str) -> str:
    written = _TO_ESCAPE_IN_LINES.sub(_escape, text).replace('"""', '""\\"')
    if written.endswith('"'):
        written = written[:-1] + '\\"'
    return f'"""\n{written}"""'


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0], f"\\u{ord(found[0]):04x}")
