"""
A rule set with one thing about it changed, again and again: what a slip of an editor would do.

`python -m tests.examples.mutating` tries every one on the floor, in two minutes, and prints what nobody notices.
"""

from __future__ import annotations

import copy
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webhook_engine.definitions import (
    Authentication,
    ContentType,
    CredentialsIn,
    DeliveryClass,
    KeyIn,
    Level,
    Outcome,
    ResponseType,
    WebhookType,
    WhenEmpty,
    lint,
    read_tree,
)
from webhook_engine.definitions.words import DeliveryOrder
from webhook_engine.errors import DefinitionError
from webhook_engine.testing.rehearsal import rehearse_now
from webhook_engine.variables import DatetimeTokens, Direction, Moment

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = ("tenant", "variable", "agent", "group", "webhook", "rule")

WORDS = {
    "authentication": Authentication,
    "content_type": ContentType,
    "credentials_in": CredentialsIn,
    "datetime_tokens": DatetimeTokens,
    "delivery": DeliveryClass,
    "direction": Direction,
    "is": Outcome,
    "key_in": KeyIn,
    "level": Level,
    "on": Moment,
    "order": DeliveryOrder,
    "response_type": ResponseType,
    "type": WebhookType,
    "when_empty": WhenEmpty,
}
"""Key -> what may stand there."""


def mutants(tree: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """
    (what is changed, the tree with it), for every key, list and table that is no test.
    """
    for kind in KINDS:
        for place in _places(tree.get(kind, {}), (kind,)):
            for what, changed in _changes(place, _at(tree, place)):
                mutant = copy.deepcopy(tree)
                *above, last = place
                parent = _at(mutant, tuple(above))
                if changed is _GONE:
                    del parent[last]
                else:
                    parent[last] = changed
                yield f"{_spelled(tree, place)}: {what}", mutant


_GONE: Any = object()


CANNOT_BE_SEEN = {
    "what people read": r"tenant name|meaning: |example: |test_value: |^agent .* name: |column .* link: ",
    "what time and other calls make of it": r"max_in_flight: |max_per_second: |stale_s: | order: ",
    "what a token and a signature are asked for with": r" 'oauth2' |signing_secrets 0 env: ",
    "what is so where nothing is said": r"credentials_in: left out|response_type: |records: left out",
    "what no webhook here asks for": r"pbx_server: ",
    "the request of a webhook that is disabled": r"^webhook 'Old archive' ",
    "how far before the others a rule comes": r"priority: 100 to 200",
}
"""Why no test beside the rules tells a mutant from the original, and which."""


def read_tree_of(folder: Path) -> dict[str, Any]:
    """
    All files of a folder as one tree.
    """
    tree: dict[str, Any] = {}
    for path in sorted(folder.glob("*.toml")):
        for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items():
            tree[key] = [*tree.get(key, ()), *value] if isinstance(value, list) else value
    return tree


def is_caught(tree: dict[str, Any], folder: Path) -> bool:
    """
    Whether `check` says anything about it.
    """
    try:
        definitions = read_tree(tree, folder=folder)
    except DefinitionError:
        return True
    return bool(lint(definitions) or rehearse_now(definitions).failed)


def can_be_seen(what: str) -> bool:
    """
    Whether a test could tell this mutant from the original.
    """
    return not any(re.search(each, what) for each in CANNOT_BE_SEEN.values())


def _places(part: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if len(path) > 1:
        yield path
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, each in inner:
        yield from _places(each, (*path, key))


def _at(tree: Any, place: tuple[str | int, ...]) -> Any:
    for each in place:
        tree = tree[each]
    return tree


def _changes(place: tuple[str | int, ...], value: Any) -> Iterator[tuple[str, Any]]:
    if len(place) > 2 or place[0] == "tenant":
        yield "left out", _GONE
    key = next(each for each in reversed(place) if isinstance(each, str))
    if key in WORDS:
        taken = value if isinstance(value, list) else [value]
        others = [str(each) for each in WORDS[key] if str(each) not in taken]
        for other in others:
            yield (f"and {other}", [*value, other]) if isinstance(value, list) else (other, other)
    elif isinstance(value, bool):
        yield str(not value), not value
    elif isinstance(value, int | float):
        yield f"{value} to {value * 2}", value * 2
    elif isinstance(value, str) and key == "when":
        yield "turned round", f"not ({value})"
    elif isinstance(value, str) and key != "name":
        yield "another text", f"{value}x"


def _spelled(tree: Any, place: tuple[str | int, ...]) -> str:
    told: list[str] = []
    for end, each in enumerate(place, start=1):
        here = _at(tree, place[:end])
        if isinstance(here, dict) and end > 1:
            name = here.get("name") or here.get("extension") or here.get("path") or here.get("webhook")
            told.append(repr(name or each))
        else:
            told.append(str(each + 1) if isinstance(each, int) else each)
    return " ".join(told)


if __name__ == "__main__":
    FLOOR = Path(__file__).parents[2] / "examples" / "floor"
    for what, mutant in mutants(read_tree_of(FLOOR)):
        if not is_caught(mutant, FLOOR):
            print(what if can_be_seen(what) else f"({what})")
