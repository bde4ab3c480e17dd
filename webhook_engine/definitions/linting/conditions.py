"""
Conditions that no call can fulfil, as far as that is plain to see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

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
    allowed = {name: (f"the rule's {key}", texts) for name, key, texts in _keys(rule)}
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


Meaning: TypeAlias = tuple[frozenset[tuple[str, frozenset[str]]], frozenset[str]]
"""(variable, the texts of which it has to be one) of each, and everything else that has to hold."""


def meaning(rule: Rule) -> Meaning:
    """
    Which calls a rule lets in; equal for rules that say the same in another order or by other keys.
    """
    allowed = {name: texts for name, _, texts in _keys(rule)}
    others: frozenset[str] = frozenset()
    if rule.when is not None:
        for name, texts in _wanted(rule.when):
            allowed[name] = texts & allowed.get(name, texts)
        others = frozenset(repr(part) for part in _parts(rule.when) if _compared(part) is None)
    return frozenset(allowed.items()), others


def _keys(rule: Rule) -> Iterator[tuple[str, str, frozenset[str]]]:
    for name, key, values in (
        ("CALL_QUEUE", "call_queue", rule.call_queues),
        ("CALL_DIR", "direction", rule.directions),
        ("CALL_DISPOSITION", "disposition", rule.dispositions),
    ):
        if values:
            yield name, key, frozenset(map(str, values))


def _wanted(when: str) -> Iterator[tuple[str, frozenset[str]]]:
    """
    (variable, the texts of which it has to be one).
    """
    return (found for part in _parts(when) if (found := _compared(part)) is not None)


def _compared(part: nodes.Node) -> tuple[str, frozenset[str]] | None:
    if not (isinstance(part, nodes.Compare) and len(part.ops) == 1 and isinstance(part.expr, nodes.Name)):
        return None
    texts = _texts(part.ops[0])
    return None if texts is None else (part.expr.name, texts)


@lru_cache(maxsize=2_048)
def _parts(when: str) -> tuple[nodes.Node, ...]:
    """
    What `and` joins.
    """
    [output] = parse(Source(when), (Part(PartKind.EXPRESSION, when, 0, len(when)),)).body
    assert isinstance(output, nodes.Output)  # noqa: S101  # it was compiled
    return tuple(_joined(output.nodes[0]))


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
