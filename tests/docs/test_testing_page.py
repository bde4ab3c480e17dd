"""
What docs/testing.md shows passes, and fails as it shows.
"""

import re
from pathlib import Path

from webhook_engine.definitions import lint, read_text
from webhook_engine.testing.rehearsal import rehearse_now

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
[EXAMPLE] = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_tests_of_the_page_pass():
    """
    And lint finds nothing in them.
    """
    definitions = read_text(EXAMPLE)

    report = rehearse_now(definitions)

    assert 3 == len(report.results)
    assert () == report.failed
    assert () == lint(definitions)


def test_a_failure_looks_as_on_the_page():
    """
    A number in another form than the CRM's, and every line of what is told about it.
    """
    told = re.search(r"  expect\[1\].*?it matches\n", PAGE, re.DOTALL)[0]
    test = """
[[test]]
name = "the number as the platform has it"
event = "ringing"
given = { CALLERID_NUMBER = "0821234567", CALL_QUEUE = "Sales", EXTENSION = "100-Euphoria" }
expect = [{ webhook = "Contact lookup", url = "https://crm.example.com/api/contacts?phone=0821234567" }]
"""

    (failed,) = rehearse_now(read_text(EXAMPLE + test)).failed

    (failure,) = failed.failures
    assert [line.removeprefix("  ") for line in told.splitlines()] == str(failure).splitlines()


def test_the_test_of_the_readme_is_one_of_the_floor():
    """
    As it stands there.
    """
    root = Path(__file__).parents[2]
    readme = (root / "README.md").read_text(encoding="utf-8")
    [(file, shown)] = re.findall(r"<!-- from (\S+) -->\n```toml\n(.*?)```", readme, re.DOTALL)

    assert shown in (root / file).read_text(encoding="utf-8")


def test_the_python_of_the_page_runs():
    """
    Copied as it stands.
    """
    _, code = PYTHON

    exec(compile(code, "docs/testing.md", "exec"), {})


async def test_the_test_of_the_page_passes(engine, target, call):
    """
    With the fixtures that the plugin brings.
    """
    names = {}
    exec(compile(PYTHON[0], "docs/testing.md", "exec"), names)

    await names["test_a_caller_is_looked_up"](engine, target, call)

    assert 1 == len(target.received)
