"""
Whatever a file says: definitions, or problems that each have a place; never anything else.
"""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from webhook_engine.definitions import lint, read_text, write_toml
from webhook_engine.definitions.files import _TABLES
from webhook_engine.definitions.toml import write
from webhook_engine.errors import DefinitionError

EXAMPLE = tomllib.loads(
    (Path(__file__).parents[2] / "examples" / "integration.toml").read_text(encoding="utf-8")
)

# fmt: off
WORDS = [
    "", "x", "\n", "{CALLERID}", "{CALL_QUEU}", "{{", "{{ a.b }}", "{% if %}", "{CREDENTIAL_KEY}", "a[", "true",
    "api-key", "credentials", "oauth2", "query", "body", "user", "browser-window", "ajax-post", "json", "xml",
    "https://[::1", "https://x:99999/", "https://{CALLERID}/", "http://10.0.0.1/", "é" * 300, "101-Euphoria",
]
# fmt: on
KEYS = st.sampled_from(
    [
        "name",
        "type",
        "url",
        "in",
        "body",
        "hosts",
        "then",
        "oauth2",
        "member",
        "silence",
        "level",
        "given",
        "x y",
    ]
)
VALUES = st.recursive(
    st.sampled_from(WORDS) | st.booleans() | st.integers(-1, 10**30) | st.floats(allow_nan=True),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=3,
)


def paths(node: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """
    Every place in a tree but its root.
    """
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [each for key, value in inside for each in ((*path, key), *paths(value, (*path, key)))]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, object]:
    """
    The project's example with a few of its parts exchanged, taken away or added.
    """
    tree = copy.deepcopy(EXAMPLE)
    for _ in range(draw(st.integers(1, 4))):
        *around, key = draw(st.sampled_from(paths(tree)))
        here = tree
        for part in around:
            here = here[part]
        match draw(st.sampled_from(["exchange", "exchange", "remove", "add"])):
            case "exchange":
                here[key] = draw(VALUES)
            case "remove":
                del here[key]
            case "add" if isinstance(here, dict):
                here[draw(KEYS)] = draw(VALUES)
    return tree


@settings(max_examples=100)
@given(tree=documents())
def test_reads_or_says_why_not(tree):
    """
    A file that reads can be looked over and written again; one that does not tells where.
    """
    text = write(tree, _TABLES)

    try:
        definitions = read_text(text)
    except DefinitionError as error:
        problems = error.problems
    else:
        lint(definitions)
        assert definitions == read_text(write_toml(definitions, literals=True))
        return
    assert problems
    assert all(problem.line and problem.message for problem in problems)
