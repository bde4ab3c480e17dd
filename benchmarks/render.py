"""
From values to the text of a request: ours, the limit, and what others offer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jinja2
import minijinja
import orjson
import xmltodict

from benchmarks import by_hand, expressions
from benchmarks.by_hand import quote
from benchmarks.calls import VALUES
from benchmarks.harness import Contender, Pace, compare, repeated
from webhook_engine.templating import Kind, compile_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.harness import Comparison
    from webhook_engine.variables import Value

    Render = Callable[[Mapping[str, Value]], object]

_NAMES = tuple(VALUES[0])


def run(pace: Pace) -> Iterator[Comparison]:
    """
    Templates of tokens alone, then with expressions.
    """
    yield _compare(
        "URL, tokens",
        {
            "hand-written": by_hand.url,
            "ours": compile_template(by_hand.URL, Kind.URL, names=_NAMES).render,
            "str.format_map": _format_map(by_hand.URL, quote),
            "Jinja2": _jinja2(_piped(by_hand.URL, "urlencode")),
            "minijinja": _minijinja("url.txt", _piped(by_hand.URL, "urlencode")),
        },
        pace,
    )
    yield _compare(
        "JSON, tokens",
        {
            "hand-written": by_hand.json,
            "ours": compile_template(by_hand.JSON, Kind.JSON, names=_NAMES).render_bytes,
            "str.format_map": _format_map(
                _json_values(_braced(by_hand.JSON)), lambda v: orjson.dumps(v).decode()
            ),
            "Jinja2": _jinja2(_piped(_json_values(by_hand.JSON), "tojson")),
            "minijinja": _minijinja("body.txt", _piped(_json_values(by_hand.JSON), "tojson")),
        },
        pace,
    )
    yield _compare(
        "XML, tokens",
        {
            "hand-written": by_hand.xml,
            "ours": compile_template(by_hand.XML, Kind.XML, names=_NAMES).render_bytes,
            "hand-written, checked": by_hand.xml_checked,
            "str.format_map": _format_map(by_hand.XML, lambda value: by_hand.escape(str(value))),
            "Jinja2": _jinja2(_piped(by_hand.XML, "e")),
            "minijinja": _minijinja("body.xml", _piped(by_hand.XML)),
            "xmltodict.unparse": _unparse,
        },
        pace,
    )
    yield _compare(
        "header, tokens",
        {
            "hand-written": by_hand.header,
            "ours": compile_template(by_hand.HEADER, Kind.HEADER, names=_NAMES).render,
            "Jinja2": _jinja2(_piped(by_hand.HEADER)),
        },
        pace,
    )
    for name, kind, source in (
        ("URL, expressions", Kind.URL, expressions.URL),
        ("JSON, expressions", Kind.JSON, expressions.JSON),
        ("XML, expressions", Kind.XML, expressions.xml(by_hand.XML_NAMES)),
    ):
        template = compile_template(source, kind, names=_NAMES)
        ours: Render = template.render if kind is Kind.URL else template.render_bytes
        yield _compare(
            name,
            {
                "plain Jinja2": _jinja2(source, encoded=kind is not Kind.URL),
                "ours": ours,
                "minijinja": _minijinja("plain.txt", source),
            },
            pace,
        )


def _compare(name: str, ways: Mapping[str, Render], pace: Pace) -> Comparison:
    if "hand-written" in ways:
        for values in VALUES:
            limit, ours = ways["hand-written"](values), ways["ours"](values)
            assert limit == ours, f"{name}: {limit!r} by hand, {ours!r} by us"
    return compare(name, [_over_all_calls(each, render, pace) for each, render in ways.items()], pace)


def _over_all_calls(name: str, render: Render, pace: Pace) -> Contender:
    def work() -> None:
        for values in VALUES:
            render(values)

    return repeated(name, work, pace, operations=len(VALUES))


def _format_map(source: str, encode: Callable[[Value], str]) -> Render:
    return lambda values: source.format_map({name: encode(value) for name, value in values.items()})


def _jinja2(source: str, *, encoded: bool = False) -> Render:
    render = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(source).render
    return (lambda values: render(values).encode()) if encoded else render


def _minijinja(name: str, source: str) -> Render:
    """
    Its escaping goes by the template's name: `.xml` is escaped, `.txt` is not.
    """
    environment = minijinja.Environment(templates={name: source})
    return lambda values: environment.render_template(name, **values)


def _unparse(values: Mapping[str, Value]) -> object:
    return xmltodict.unparse({"call": {name.lower(): values[name] for name in by_hand.XML_NAMES}})


def _piped(source: str, escaper: str = "") -> str:
    """
    The tokens as Jinja's, each through a filter.
    """
    pipe = f" | {escaper}" if escaper else ""
    for name in _NAMES:
        source = source.replace(f"{{{name}}}", f"{{{{ {name}{pipe} }}}}")
    return source


def _json_values(source: str) -> str:
    """
    Tokens without quotes of their own, for encoders that write them.
    """
    for name in _NAMES:
        source = source.replace(f'"{{{name}}}"', f"{{{name}}}")
    return source


def _braced(source: str) -> str:
    """
    JSON's braces doubled, as str.format wants them; a token's are not.
    """
    doubled = source.replace("{", "{{").replace("}", "}}")
    for name in _NAMES:
        doubled = doubled.replace(f"{{{{{name}}}}}", f"{{{name}}}")
    return doubled
