"""
The reference of the file format says what the reader does, key by key.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from webhook_engine.definitions import read_text, words
from webhook_engine.definitions.document import shapes
from webhook_engine.definitions.document.shapes import Shape
from webhook_engine.definitions.toml import write
from webhook_engine.definitions.tree import tree_of

PAGE = (Path(__file__).parents[2] / "docs" / "definitions.md").read_text(encoding="utf-8")

TABLES = {
    "[tenant]": shapes.TenantShape,
    "[[variable]]": shapes.VariableShape,
    "[[agent]]": shapes.AgentShape,
    "[[group]]": shapes.GroupShape,
    "[[group.member]]": shapes.MemberShape,
    "[group.oauth2]": shapes.OAuth2Shape,
    "[[webhook]]": shapes.WebhookShape,
    "[[webhook.parameter]]": shapes.ParameterShape,
    "[[webhook.header]]": shapes.HeaderShape,
    "[[webhook.outcome]]": shapes.OutcomeShape,
    "[webhook.view]": shapes.ViewShape,
    "[[webhook.view.column]]": shapes.ColumnShape,
    "[[rule]]": shapes.RuleShape,
    "[[rule.then]]": shapes.ThenShape,
    "[[test]]": shapes.CaseShape,
    "[[test.moment]]": shapes.HappeningShape,
    "[[test.response]]": shapes.CannedShape,
    "[[test.expect]]": shapes.ExpectationShape,
}

EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def documented(table: str) -> dict[str, str]:
    """
    The keys of one table's section and their defaults, as the page has them.
    """
    [section] = re.findall(rf"^##+ `{re.escape(table)}`\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", section, re.MULTILINE))


def stated(shape: type[Shape]) -> dict[str, str]:
    """
    The keys of a shape and their defaults, as the reader has them.
    """
    return {field.alias or name: default_of(field) for name, field in shape.model_fields.items()}


def default_of(field) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if default is None or default is PydanticUndefined or isinstance(default, Shape):
        return "–"
    return f"`{write({'x': tree_of(default)}, frozenset())[4:-1]}`"


def test_every_shape_is_in_the_reference():
    """
    A table that is read and not described would be found by nobody.
    """
    shapes_there_are = {
        each for each in vars(shapes).values() if isinstance(each, type) and issubclass(each, Shape)
    }

    assert shapes_there_are - {Shape} == set(TABLES.values())


@pytest.mark.parametrize(("table", "shape"), TABLES.items(), ids=TABLES.keys())
def test_every_key_is_described_with_its_default(table, shape):
    """
    In the reader's order, none missing, none too many.
    """
    assert list(stated(shape).items()) == list(documented(table).items())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.splitlines()[1])
def test_every_example_reads(example):
    """
    What the reference shows can be copied.
    """
    assert read_text(example) != read_text("")


def test_the_python_of_the_reference_runs():
    """
    The library's part can be copied too.
    """
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

    exec(compile(code, "docs/definitions.md", "exec"), {})


WORDS = {
    each.__name__: each
    for each in vars(words).values()
    if isinstance(each, type) and issubclass(each, StrEnum) and each is not StrEnum
}


@pytest.mark.parametrize("enumeration", WORDS.values(), ids=WORDS.keys())
def test_every_word_a_key_may_hold_is_described(enumeration):
    """
    Nobody has to guess how a word is spelled.
    """
    shown = {word for word in enumeration if f"`{word}`" in PAGE or f"{{ {word} = " in PAGE}

    # A literal secret is the secret itself, with no word before it.
    assert set(enumeration) - {words.SecretKind.LITERAL} == shown
