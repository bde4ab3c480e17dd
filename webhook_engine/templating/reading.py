"""
A template's source -> its pieces or its Jinja tree, with the slot of every place.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from webhook_engine.errors import TemplateSyntaxError
from webhook_engine.templating.bounds import Bounds
from webhook_engine.templating.checking import Checked, check
from webhook_engine.templating.kind import Kind, walker_of
from webhook_engine.templating.pieces import Hole, Piece, merged
from webhook_engine.templating.places import Place
from webhook_engine.templating.scan import Part, PartKind, Source, scan
from webhook_engine.templating.scope import Scope
from webhook_engine.templating.walk import Misplaced, Walker

_LOOKS_LIKE_A_TOKEN = re.compile(r"\{\s*(?P<braces>\w+)\s*\}|<(?P<angles>\w+)>")


@dataclass(frozen=True, slots=True)
class Straight:
    """
    A template of tokens alone.
    """

    pieces: tuple[Piece, ...]
    places: tuple[Place, ...]
    parts: tuple[Part, ...]


def read(source: str, kind: Kind, scope: Scope, hosts: Collection[str], bounds: Bounds) -> Straight | Checked:
    """
    Read a template.

    Raises:
        TemplateSyntaxError: It does not read; `also` holds what else is wrong with it.
    """
    where = Source(source)
    problems: list[TemplateSyntaxError] = []
    try:
        parts = _parts(where, kind, bounds)
        problems += _unknown(where, parts, kind, scope)
        walker = walker_of(kind, hosts)
        has_jinja = any(part.kind in {PartKind.EXPRESSION, PartKind.BLOCK} for part in parts)
        result = (
            check(where, parts, scope, walker, problems) if has_jinja else _straight(where, parts, walker)
        )
    except TemplateSyntaxError as error:
        raise together([*problems, error]) from None
    except RecursionError:
        raise where.error("this is nested too deep", 0) from None
    except Misplaced as error:
        raise together([*problems, where.error(error.problem, error.at)]) from None
    if problems:
        raise together(problems)
    return result


def together(problems: Sequence[TemplateSyntaxError]) -> TemplateSyntaxError:
    """
    The first problem by place, with all others.
    """
    first, *others = sorted(problems, key=lambda error: (error.line, error.column))
    first.also = tuple(others)
    return first


def _parts(where: Source, kind: Kind, bounds: Bounds) -> list[Part]:
    if len(where.text) > bounds.source_chars:
        raise where.error(f"a template has at most {bounds.source_chars:,} characters", bounds.source_chars)
    parts = scan(where, angles=kind is not Kind.XML)
    return _without_edges(parts) if kind is Kind.HEADER else parts


def _without_edges(parts: list[Part]) -> list[Part]:
    """
    Blanks around a header's value are no part of it (RFC 9110, 5.5).
    """
    if parts and parts[0].kind is PartKind.TEXT:
        first = parts[0]
        text = first.text.lstrip(" \t\r\n")
        parts[0] = Part(PartKind.TEXT, text, first.end - len(text), first.end)
    if parts and parts[-1].kind is PartKind.TEXT:
        last = parts[-1]
        parts[-1] = Part(PartKind.TEXT, last.text.rstrip(" \t\r\n"), last.start, last.end)
    return parts


def _unknown(where: Source, parts: Sequence[Part], kind: Kind, scope: Scope) -> Iterator[TemplateSyntaxError]:
    capitals = {name.casefold(): name for name in scope.names if name.isupper()}
    for part in parts:
        if part.kind is PartKind.TOKEN and part.text not in scope.names:
            yield where.error(_no_token(scope, part, where.text[part.start : part.end]), part.start)
        if part.kind is not PartKind.TEXT or part.is_kept:
            continue
        for found in _LOOKS_LIKE_A_TOKEN.finditer(part.text):
            meant = capitals.get((found["braces"] or found["angles"]).casefold())
            if meant and (found["braces"] or kind is not Kind.XML):
                yield where.error(f"{found[0]} is no token: write {{{meant}}}", part.start + found.start())


def _no_token(scope: Scope, part: Part, written: str) -> str:
    problem = scope.unknown(part.text)
    hint = f"; to send {written} as it stands, write {{{{ '{written}' }}}}"
    return problem if "did you mean" in problem else problem + hint


def _straight(where: Source, parts: Sequence[Part], walker: Walker[Any]) -> Straight:
    pieces: list[Piece] = []
    places: list[Place] = []
    for part in parts:
        if part.kind is PartKind.TEXT:
            pieces.append(walker.text(part.text, part.start))
        else:
            slot = walker.place(part.start)
            pieces.append(Hole(part.text, slot))
            places.append(Place.of(where, part, slot))
    pieces.append(walker.end(len(where.text)))
    return Straight(merged(pieces), tuple(places), tuple(parts))
