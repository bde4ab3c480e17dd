"""
Parts -> Jinja's syntax tree, in which every part keeps its place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import jinja2
from jinja2 import nodes

from webhook_engine.templating.sandbox import ENVIRONMENT
from webhook_engine.templating.scan import Part, PartKind, Source

_STRING_OR_BREAK = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[\r\n]""", re.DOTALL)
_DELIMITERS = {PartKind.TOKEN: ("{{", "}}"), PartKind.EXPRESSION: ("{{", "}}"), PartKind.BLOCK: ("{%", "%}")}


def parse(source: Source, parts: Sequence[Part]) -> nodes.Template:
    """
    The tree of a template; its text is the number of the part that holds it.

    Jinja tells lines and no columns, so it is given every part on a line of its
    own: a node's line says which part it comes from (`part_of`). And since the
    author's text itself never passes through Jinja, none of it can be taken for
    Jinja's own.

    Raises:
        TemplateSyntaxError: Jinja cannot read it.
    """
    try:
        return ENVIRONMENT.parse("\n".join(_line(number, part) for number, part in enumerate(parts)))
    except jinja2.TemplateSyntaxError as error:
        message = (error.message or "this does not read").rstrip(".")
        part = parts[min(max(error.lineno, 1), len(parts)) - 1]
        raise source.error(message[:1].lower() + message[1:], part.start) from None
    except RecursionError:
        raise source.error("this is nested too deep", 0) from None


def part_of(node: nodes.Node, parts: Sequence[Part]) -> Part | None:
    """
    The part a node comes from.
    """
    is_known = isinstance(node.lineno, int) and 0 < node.lineno <= len(parts)
    return parts[node.lineno - 1] if is_known else None


def text_part_of(data: nodes.TemplateData, parts: Sequence[Part]) -> Part | None:
    """
    The part whose text this stands for; None where it is only the break between two lines.
    """
    number = data.data.strip()
    return parts[int(number)] if number else None


def _line(number: int, part: Part) -> str:
    if part.kind is PartKind.TEXT:
        return str(number)
    opener, closer = _DELIMITERS[part.kind]
    return f"{opener} {_STRING_OR_BREAK.sub(_unbroken, part.text)} {closer}"


def _unbroken(found: re.Match[str]) -> str:
    if found[0] in "\r\n":
        return " "
    return found[0].replace("\r", "\\r").replace("\n", "\\n")
