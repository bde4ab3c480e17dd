"""
What docs/responses.md shows is what happens.
"""

import io
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from webhook_engine.responses import Response, interpret, read, tabulate
from webhook_engine.responses.defaults import DEFAULTS
from webhook_engine.responses.tree import text_of

PAGE = (Path(__file__).parents[2] / "docs" / "responses.md").read_text(encoding="utf-8")
TYPES = {
    "json": "application/json",
    "xml": "text/xml",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain",
}


@dataclass(frozen=True)
class Example:
    """
    A response of the page and what it says about it.
    """

    heading: str
    kind: str
    body: str
    said: str

    @property
    def response(self) -> Response:
        return Response(status=200, headers=(("Content-Type", TYPES[self.kind]),), body=self.body.encode())

    @property
    def choice(self) -> list[str] | None:
        chosen = re.search(r"^Choosing (.*)\.$", self.said, re.MULTILINE)
        return re.findall(r"`([^`]+)`", chosen[1]) if chosen else None

    @property
    def table(self) -> list[list[str]]:
        lines = [line for line in self.said.splitlines() if line.startswith("|")]
        return [cells(line) for line in lines[:1] + lines[2:]]


def cells(line: str) -> list[str]:
    return [cell.removeprefix(" ").removesuffix(" ") for cell in line.strip("|").split("|")]


def examples() -> list[Example]:
    found = []
    fence = re.compile(r"^```(json|xml|form|text)\n(.*?)\n```\n(.*?)(?=^```|^#|\Z)", re.MULTILINE | re.DOTALL)
    for match in fence.finditer(PAGE):
        if "--read-->" not in match[2]:
            heading = re.findall(r"^#+ (.*)$", PAGE[: match.start()], re.MULTILINE)[-1]
            found.append(Example(heading, match[1], match[2], match[3]))
    return found


EXAMPLES = examples()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.heading} ({example.kind})")
def test_the_example_is_the_table(example):
    """
    Columns, cells and their order are as printed.
    """
    table = tabulate(read(example.response), columns=example.choice)

    if "No rows." in example.said:
        assert () == table.rows
        return
    shown = [["–" if cell is None else text_of(cell) for cell in row] for row in table.rows]
    assert example.table == [list(table.columns), *shown]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.heading} ({example.kind})")
def test_the_records_are_where_the_page_says(example):
    """
    And reading them from there again gives the same table.
    """
    document = read(example.response)

    table = tabulate(document)

    said = re.search(r"^Records at (?:`(.*)`|the document itself)\.$", example.said, re.MULTILINE)
    if said:
        assert (said[1] or "") == table.records
    again = tabulate(document, table.records)
    assert (table.columns, table.rows) == (again.columns, again.rows)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.heading} ({example.kind})")
def test_findings_are_as_printed(example):
    """
    A finding on the page is given, and one that is not on the page is not.
    """
    table = tabulate(read(example.response), columns=example.choice)

    assert tuple(re.findall(r"^Finding: (.*)$", example.said, re.MULTILINE)) == table.findings


def test_every_example_was_found():
    """
    None stands where the tests above do not see it.
    """
    fences = re.findall(r"^```(\w+)$", PAGE, re.MULTILINE)

    assert len(EXAMPLES) == len(fences) - fences.count("python") - 1
    assert len(EXAMPLES) > 30


def test_the_opening_lines_run():
    """
    The first lines of Python on the page print an outcome and the table.
    """
    script = re.search(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    said = io.StringIO()

    with redirect_stdout(said):
        exec(script[1], {})

    assert "ok Found 1 record.\n['id', 'name'] ((1001, 'Thandi Mokoena'),)\n" == said.getvalue()


def table_below(header: str) -> list[list[str]]:
    lines = PAGE[PAGE.index(header) :].split("\n\n")[0].splitlines()
    return [cells(line) for line in lines[2:]]


def test_the_table_of_defaults_is_complete():
    """
    Names, outcomes and order are those of the one table in the code.
    """
    printed = [(name, outcome) for name, outcome, _ in table_below("| default | outcome |")]

    assert printed == [(line.name, line.outcome.value) for line in DEFAULTS]


@pytest.mark.parametrize(
    ("status", "media", "body", "lookup", "outcome", "sentence"), table_below("| status | content type |")
)
def test_an_outcome_is_as_printed(status, media, body, lookup, outcome, sentence):
    """
    The same response gives the outcome and the sentence on the page.
    """
    headers = (("Content-Type", media),) if media else ()
    response = Response(status=int(status), headers=headers, body=body.strip("`").encode())

    seen = interpret(response, expects_rows=lookup == "yes")

    assert (outcome, sentence) == (seen.outcome.value, seen.sentence)
