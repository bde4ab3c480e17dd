"""
Conditions that no call can fulfil, as far as that is plain to see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from jinja2 import nodes

from webhook_engine.errors import did_you_mean
from webhook_engine.templating.parsing import parse
from webhook_engine.templating.scan import Part, PartKind, Source
from webhook_engine.variables import Direction, Disposition

if TYPE_CHECKING:
    from webhook_engine.definitions.rules import Rule

WORDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"CALL_DIR": tuple(Direction), "CALL_DISPOSITION": tuple(Disposition)}
)
"""Variables that hold one of some words, or nothing."""


def contradiction(rule: Rule) -> str | None:
    """
    Why the condition of a rule never holds where the rule asks it; None where it may.

    Looked at are the comparisons with texts, `==` and `in`, that `and` joins.
    """
    if rule.when is None:
        return None
    allowed: dict[str, tuple[str, frozenset[str]]] = {}
    for name, key, values in (
        ("CALL_QUEUE", "call_queue", rule.call_queues),
        ("CALL_DIR", "direction", rule.directions),
        ("CALL_DISPOSITION", "disposition", rule.dispositions),
    ):
        if values:
            allowed[name] = f"the rule's {key}", frozenset(map(str, values))
    for name, texts in _wanted(rule.when):
        if not texts:
            return f"nothing is in an empty list, so neither is {name}"
        if name in WORDS and not texts & {*WORDS[name], ""}:
            return f"{name} is never {_either(texts)}{_meant(texts, WORDS[name])}"
        said, before = allowed.get(name, ("", texts))
        if not texts & before:
            return f"{name} cannot be {_either(texts)} and {_either(before)} ({said})"
        allowed[name] = said or "the condition before it", texts & before
    return None


def _wanted(when: str) -> Iterator[tuple[str, frozenset[str]]]:
    """
    (variable, the texts of which it has to be one).
    """
    [output] = parse(Source(when), (Part(PartKind.EXPRESSION, when, 0, len(when)),)).body
    assert isinstance(output, nodes.Output)  # noqa: S101  # it was compiled
    for part in _joined(output.nodes[0]):
        if isinstance(part, nodes.Compare) and len(part.ops) == 1 and isinstance(part.expr, nodes.Name):
            texts = _texts(part.ops[0])
            if texts is not None:
                yield part.expr.name, texts


def _joined(node: nodes.Node) -> Iterator[nodes.Node]:
    if isinstance(node, nodes.And):
        yield from _joined(node.left)
        yield from _joined(node.right)
    else:
        yield node


def _texts(operand: nodes.Operand) -> frozenset[str] | None:
    right = operand.expr
    if operand.op == "eq":
        found = [right]
    elif operand.op == "in" and isinstance(right, nodes.List | nodes.Tuple):
        found = list(right.items)
    else:
        return None
    texts = [each.value for each in found if isinstance(each, nodes.Const)]
    if len(texts) < len(found) or not all(isinstance(each, str) for each in texts):
        return None
    return frozenset(map(str, texts))


def _either(texts: frozenset[str]) -> str:
    return " or ".join(repr(each) for each in sorted(texts))


def _meant(texts: frozenset[str], words: tuple[str, ...]) -> str:
    meant = did_you_mean(min(texts), words)
    return f"; did you mean {meant!s}?" if meant else f"; there is {', '.join(words)}"
