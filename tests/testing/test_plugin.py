"""
The pytest plugin, tried by pytest inside pytest.
"""

from __future__ import annotations

import textwrap

import pytest

from tests.testing.conftest import RULES

pytest_plugins = ["pytester"]

_OTHERS = ("cacheprovider", "xdist", "asyncio", "cov")
"""Plugins of our own tests that are none of these tests' business."""

PASSES = """
[[test]]
name = "a sale opens a page"
event = "ringing"
given = { CALL_QUEUE = "Sales", EXTENSION = "100-Euphoria", CALLERID_NUMBER = "0821234567" }
expect = [{ webhook = "Lookup" }, { webhook = "Page" }]
"""
FAILS = """
[[test]]
name = "so does support"
event = "ringing"
given = { CALL_QUEUE = "Support", EXTENSION = "100-Euphoria", CALLERID_NUMBER = "0821234567" }
expect = [{ webhook = "Page" }]
"""


@pytest.fixture
def run(pytester):
    """
    Runs pytest on these files, in this process or one of its own.
    """

    def run(*arguments, apart=False, **files):
        for name, text in files.items():
            path = pytester.path / name.replace("__", "/")
            suffix = ".py" if name.startswith("test_") else ".ini" if name == "pytest" else ".toml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(suffix).write_text(textwrap.dedent(text))
        start = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
        return start(*(word for name in _OTHERS for word in ("-p", f"no:{name}")), *arguments)

    return run


def test_the_tests_of_a_file_are_items(run):
    """
    With their names; a failure is what the test says, and no traceback.
    """
    result = run("-v", rules=RULES + PASSES + FAILS)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "rules.toml::a sale opens a page PASSED*",
            "rules.toml::so does support FAILED*",
            "'Page' does not start",
            "  rule 'Greet': CALL_QUEUE == 'Sales' does not hold: CALL_QUEUE is 'Support'",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_one_of_them_can_be_named(run):
    """
    As any test of pytest's.
    """
    result = run("-k", "sale", rules=RULES + PASSES + FAILS)

    result.assert_outcomes(passed=1, deselected=1)


def test_other_files_are_left_alone(run):
    """
    Those of other tools, though they speak of tests too.
    """
    result = run(Cargo="[[test]]\nname = 'a'\n", pyproject="[tool.x]\n", test_one="def test_one(): pass\n")

    result.assert_outcomes(passed=1)


def test_a_folder_is_read_as_one_where_that_is_said(run):
    """
    Rules in one file and their tests in another; each test is collected once.
    """
    result = run(
        "-v",
        pytest="[pytest]\nwebhook_definitions = definitions\n",
        definitions__rules=RULES,
        definitions__tests=PASSES,
        other=RULES + FAILS,
    )

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["definitions/tests.toml::a sale opens a page PASSED*"])


@pytest.mark.parametrize("name", ["definitions", "definitions/", "../{}/definitions", "definitions/sales/.."])
def test_a_folder_is_read_with_those_below_it(run, pytester, name):
    """
    As everywhere; each file has its own tests, though another one has its name, however the folder is named.
    """
    (pytester.path / "definitions" / "sales").mkdir(parents=True)
    result = run(
        "-v",
        pytest=f"[pytest]\nwebhook_definitions = {name.format(pytester.path.name)}\n",
        definitions__rules=RULES,
        definitions__sales__tests=PASSES,
        definitions__support__tests=PASSES.replace("a sale opens", "another sale opens"),
    )

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "definitions/sales/tests.toml::a sale opens a page PASSED*",
            "definitions/support/tests.toml::another sale opens a page PASSED*",
        ]
    )


def test_a_name_that_leads_nowhere_is_an_error(run):
    """
    The tests that are meant would never run, and nobody would know.
    """
    result = run(pytest="[pytest]\nwebhook_definitions = rules.toml definitons\n", rules=RULES + PASSES)

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(["*webhook_definitions: there is no *definitons"])


def test_a_file_that_cannot_be_read_is_an_error(run):
    """
    With every problem and its place.
    """
    result = run(rules=RULES.replace("ajax-get", "ajax-got") + PASSES)

    assert 2 == result.ret
    result.stdout.fnmatch_lines(["*rules.toml:*: webhook[[]2].type: is 'ajax-got', which is none of*"])


def test_it_costs_nothing_where_it_is_not_used(run):
    """
    In a project without definitions nothing but the plugin itself is imported.
    """
    result = run(
        apart=True,
        test_one="""
        import sys

        def test_one():
            rooms = {name.split(".")[1] for name in sys.modules if name.startswith("webhook_engine.")}
            assert {"testing"} == rooms
            assert {"webhook_engine.testing", "webhook_engine.testing.plugin"} == {
                name for name in sys.modules if name.startswith("webhook_engine.testing")
            }
            assert not {"aiohttp", "pydantic", "jinja2"} & set(sys.modules)
        """,
    )

    result.assert_outcomes(passed=1)


EMBEDDING = '''
import asyncio

RULES = """
[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Lookup"
type = "ajax-get"
url = "TARGET/contacts?phone={CALLERID_NUMBER}"
"""

def ask(engine, target, call):
    async def asked():
        async with engine(RULES.replace("TARGET", target.url)) as centre:
            return await centre.ask("Lookup", call)
    return asyncio.run(asked())
'''


def test_the_fixtures_are_a_call_a_target_and_an_engine(run):
    """
    Everything a test of an embedding application needs; the target keeps what it was sent.
    """
    result = run(
        test_embedding=EMBEDDING
        + """
def test_asks(engine, target, call):
    target.expect("GET", "/contacts", body={"name": "Thandi"})

    view = ask(engine, target, call)

    assert ("Thandi",) == view.rows[0]
    (received,) = target.received
    assert "/contacts?phone=0821234567" == received.path
    assert received.raw.startswith(b"GET /contacts?phone=0821234567 HTTP/1.1\\r\\n")
""",
    )

    result.assert_outcomes(passed=1)


def test_a_request_that_nobody_expects_fails(run):
    """
    Although the test itself looks at nothing.
    """
    result = run(
        test_embedding=EMBEDDING
        + """
def test_asks(engine, target, call):
    ask(engine, target, call)
""",
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*requests that the test does not expect:", "*GET /contacts?phone=0821234567"]
    )
