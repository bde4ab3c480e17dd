"""
Forms of the Integration Centre that are as long as may be: answered in proportion, or refused before they cost.
"""

import time

from tests.console.browsing import TENANT, Browser, consoled
from tests.console.conftest import _cheap, _furnished, database, store  # noqa: F401  # fixtures
from webhook_engine.console import forms
from webhook_engine.console.forms import Form
from webhook_engine.definitions import lint, read_tree
from webhook_engine.store import Role

WRONG = "{{ CALLERID_NUMB | nope }} {CALLX}"


def _spent(act):
    began = time.process_time()
    act()
    return time.process_time() - began


def test_errors_of_a_long_form_are_found_at_once():
    """
    Each of its fields asks for its own, and does not look through those of all others.
    """
    errors = {f"parameter[{n}].value": [f"wrong {n}"] for n in range(20_000)}
    form = Form(errors=errors)

    def ask():
        assert all(form.errors_at(f"parameter[{n}].value") == [f"wrong {n}"] for n in range(20_000))

    assert _spent(ask) < 2
    assert 20_000 == len(form.errors_at("parameter"))
    assert ["wrong 7"] == list(form.errors_at("parameter[7]")) + list(form.errors_at("parameter[7].value"))


def test_a_webhook_of_very_many_parameters_is_looked_over_in_proportion():
    """
    Each for itself, and not each against the places of all.
    """
    parameters = [{"name": f"p{n}", "value": "{CALLERID_NUMBER}"} for n in range(10_000)]
    webhook = {"name": "W", "type": "ajax-post", "url": "https://x.example/", "parameter": parameters}
    definitions = read_tree({"tenant": {"name": "E"}, "webhook": [webhook]})

    assert _spent(lambda: lint(definitions)) < 5


async def _sent(browser, lines):
    page = await browser.get("/webhook")
    given = {**page.form, "name": "Big", "type": "ajax-post", "url": "https://crm.example.com/a"}
    fields = list(given.items())
    for n in range(1, lines + 1):
        fields += [(f"parameter[{n}].name", f"p{n}"), (f"parameter[{n}].value", WRONG)]
    return await browser.send("/webhook", fields)


async def test_the_longest_form_is_answered_and_a_longer_one_refused(store):  # noqa: F811  # the fixture
    """
    With every error at its field; a line more than may be is refused in words, and nothing of either is saved.
    """
    async with consoled(store) as client:
        browser = Browser(client, store)
        await browser.sign_in(Role.ADMINISTRATOR)
        before = await store.definitions.history(TENANT)
        longest = await _sent(browser, forms.LINES)
        longer = await _sent(browser, forms.LINES + 1)

    assert (422, 422) == (longest.status, longer.status)
    assert longest.text.count("CALLX") >= forms.LINES
    assert f"Parameter has more than {forms.LINES:,} lines, and nothing was saved" in longer.words_of
    assert before == await store.definitions.history(TENANT)
