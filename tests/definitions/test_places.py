"""
Every key and value of a TOML text is found on its line.
"""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.definitions.places import locate, spell
from webhook_engine.definitions.toml import write

EVERY_FORM = '''# a comment with [brackets] and "quotes"
title = "one"                                 # 2
"quoted key" = 'two'
dotted.deep."er er" = 3

[table]
list = [
  1,                                          # 8
  { inline = true, in.deep = "x" },           # 9
  "]",
]
text = """
first line inside = "no key"                  # 13
[[not.a.table]]
"""

[[array]]
name = "first"                                # 18

  [[array.inner]]
  name = "deep first"                         # 21

  [[array.inner]]
  name = 'deep second'                        # 24
  literal = \'\'\'
it''s [[here]]\'\'\'

  [array.view]
  path = "p"                                  # 29

[[array]]
name = "second"                               # 32
when = 2020-01-01 10:00:00
[[array.inner]]
name = "deep third"                           # 35
"\\u0061b" = """one\\
  line"""
'''

LINES = {
    "title": 2,
    "quoted key": 3,
    "dotted.deep.er er": 4,
    "table.list[1]": 8,
    "table.list[2].inline": 9,
    "table.list[2].in.deep": 9,
    "table.list[3]": 10,
    "table.text": 12,
    "array[1].name": 18,
    "array[1].inner[1].name": 21,
    "array[1].inner[2].name": 24,
    "array[1].inner[2].literal": 25,
    "array[1].view": 28,
    "array[1].view.path": 29,
    "array[2]": 31,
    "array[2].name": 32,
    "array[2].when": 33,
    "array[2].inner[1].name": 35,
    "array[2].inner[1].ab": 36,
}


@pytest.mark.parametrize(("path", "line"), LINES.items(), ids=LINES.keys())
def test_every_form_of_key_has_its_line(path, line):
    """
    Headers, dotted and quoted keys, inline tables, lists over lines, texts over lines.
    """
    lines = {spell(keys): found for keys, found in locate(EVERY_FORM).lines.items()}

    assert line == lines[path]


def test_the_form_above_is_toml():
    """
    The locator is only ever given what the standard library reads.
    """
    assert tomllib.loads(EVERY_FORM)["array"][1]["inner"][0]["ab"] == "oneline"


def test_what_is_missing_is_looked_for_around_it():
    """
    A key that is not there is missed where its table begins.
    """
    places = locate(EVERY_FORM)

    assert places.line(("array", 1, "url")) == 31
    assert places.line(("nothing",)) is None


def test_a_line_inside_a_text_is_counted_from_its_first_line():
    """
    A mistake on the third line of a body is on a line of its own in the file.
    """
    places = locate('a = 1\nbody = """\none\ntwo\nthree"""\nshort = "x"\n')

    assert places.line(("body",), inner=3) == 5
    assert places.line(("short",), inner=1) == 6


def test_windows_line_ends_count_once():
    """
    A file saved by Notepad has the same lines.
    """
    assert locate("a = 1\r\n[b]\r\nc = 2\r\n").line(("b", "c")) == 3


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6)
SCALARS = st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=12)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def paths(node, path=()):
    """
    Every path there is in a tree.
    """
    if path:
        yield path
    if isinstance(node, dict):
        for key, value in node.items():
            yield from paths(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from paths(value, (*path, index))


@given(tree=st.dictionaries(KEYS, TREES, max_size=5), tables=st.frozensets(KEYS))
def test_what_is_written_is_read_back_and_located(tree, tables):
    """
    For every tree: the text says the same, and every part of it has a line that is there.
    """
    text = write(tree, tables | {key for key in tree if len(key) % 2})

    assert tree == tomllib.loads(text)

    places = locate(text)
    lines = text.count("\n") + 1
    assert all(0 < places.lines.get(path, 0) <= lines for path in paths(tree))
