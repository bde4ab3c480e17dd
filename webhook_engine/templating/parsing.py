"""
Parts -> Jinja's syntax tree, in which every part keeps its place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import jinja2
from jinja2 import nodes

from webhook_engine.templating.sandbox import ENVIRONMENT
from webhook_engine.templating.scan import Part, PartKind, Source, Steps

_BREAK = re.compile(r"[\r\n]")
_DIGITS = re.compile(r"\d[\d_]*")
_DELIMITERS = {PartKind.TOKEN: ("{{", "}}"), PartKind.EXPRESSION: ("{{", "}}"), PartKind.BLOCK: ("{%", "%}")}
_JARGON = {
    r", got '?end of (?:print statement|statement block|template)'?": "",
    r"unexpected '?end of (?:print statement|statement block|template)'?": "the expression is not finished",
    r"expected token '?end of (?:print statement|statement block)'?, got": "unexpected",
    r" at \d+$": "",
    r"Jinja was looking for the following tags: ": "Missing here: ",
    r"Jinja is expecting this tag, but currently looking for": "This tag comes too early; missing here:",
}


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
        part = parts[min(max(error.lineno, 1), len(parts)) - 1]
        raise source.error(_plain(error.message or "this does not read"), part.start) from None
    except ValueError:
        # Python reads no number of more than 4,300 digits, and Jinja lets its error through.
        part = max(parts, key=lambda each: max(map(len, _DIGITS.findall(each.text)), default=0))
        raise source.error("a number has too many digits", part.start) from None


def part_of(node: nodes.Node, parts: Sequence[Part]) -> Part | None:
    """
    The part a node comes from.
    """
    is_known = isinstance(node.lineno, int) and 0 < node.lineno <= len(parts)
    return parts[node.lineno - 1] if is_known else None


def text_parts_of(data: nodes.TemplateData, parts: Sequence[Part]) -> list[Part]:
    """
    The parts whose text this stands for; none where it is only the break between two lines.
    """
    return [parts[int(number)] for number in data.data.split()]


def _plain(message: str) -> str:
    """
    Jinja's sentence without Jinja's words, and without positions in a text that no author has seen.
    """
    for pattern, words in _JARGON.items():
        message = re.sub(pattern, words, message)
    return message[:1].lower() + message[1:].rstrip(".")


def _line(number: int, part: Part) -> str:
    if part.kind is PartKind.TEXT:
        return str(number)
    opener, closer = _DELIMITERS[part.kind]
    text = part.text
    if _BREAK.search(text):
        text = "".join(_unbroken(step[0]) for step in Steps(text).since(0))
    return f"{opener} {text} {closer}"


def _unbroken(step: str) -> str:
    if step in "\r\n":
        return " "
    return step.replace("\r", "\\r").replace("\n", "\\n")
