"""
What lint says stands at the definition, and is silenced there.
"""

import pytest

from tests.console.browsing import DEFINITIONS, TENANT
from webhook_engine.console.pages.webhooks import RETRIED
from webhook_engine.definitions import read_text
from webhook_engine.definitions.webhooks import SHORT_RETRIES

RAW = DEFINITIONS.replace(
    '"https://crm.example.com/api/orders"', '"http://crm.example.com/{{ CALL_CRMTAG | raw }}"'
)
DURABLE = RAW.replace('type = "ajax-post"\n', 'type = "ajax-post"\ndelivery = "durable"\n')
CODE = "raw"


@pytest.fixture
async def author(administrator):
    """
    An administrator of a webhook that holds what lint reports.
    """
    await administrator.store.definitions.save(TENANT, read_text(DURABLE), by="a file")
    return administrator


async def _saved(author):
    return (await author.store.definitions.load(TENANT)).definitions.webhook("Place an order")


async def test_what_may_not_be_meant_is_said_where_it_stands(author):
    """
    With its field, and why that goes wrong.
    """
    page = await author.get("/webhook?webhook=Place an order")

    boxes = [a["value"] for tag, a in page.tags if tag == "input" and a.get("name") == "silence"]
    assert "Worth a look" in page.words_of
    assert CODE in boxes
    assert "`" not in page.words_of.partition("Worth a look")[2].partition("Used by")[0]
    assert "#f-url" in [a.get("href") for _, a in page.tags]


async def test_what_is_meant_is_silenced_and_said_again_when_unticked(author):
    """
    The tick is a part of the definition, with a revision of its own.
    """
    await author.get("/webhook?webhook=Place an order")
    await author.submit("/webhook", silence=CODE)
    assert {CODE} == (await _saved(author)).silence

    page = await author.get("/webhook?webhook=Place an order")
    assert CODE == page.form["silence"]
    assert "silenced" in page.words_of
    await author.submit("/webhook", silence=None)

    assert frozenset() == (await _saved(author)).silence


@pytest.mark.parametrize(
    ("path", "kind"), [("/rule?rule=Look up a sales call", "rule"), ("/group?group=CRM", "group")]
)
async def test_rules_and_groups_are_silenced_as_well(author, path, kind):
    """
    A code that there is not is refused, with what was probably meant.
    """
    await author.get(path)
    page = await author.submit(f"/{kind}", silence="literal-secrets")
    assert 422 == page.status
    assert "did you mean" in page.words_of

    await author.get(path)
    await author.submit(f"/{kind}", silence="literal-secret")

    definitions = (await author.store.definitions.load(TENANT)).definitions
    found = {"rule": definitions.rules[0], "group": definitions.group("CRM")}[kind]
    assert {"literal-secret"} == found.silence


async def test_refusals_that_pass_by_themselves_are_tried_again(author):
    """
    The statuses are ticked, kept, and unticked.
    """
    await author.get("/webhook?webhook=Place an order")
    fields = [*author.form.items(), ("retry_on", "404"), ("retry_on", "401")]
    await author.send("/webhook", fields)
    assert (404, 401) == (await _saved(author)).retry_on

    page = await author.get("/webhook?webhook=Place an order")
    ticked = [a["value"] for _, a in page.tags if a.get("name") == "retry_on" and "checked" in a]
    assert ["401", "404"] == ticked
    await author.submit("/webhook", retry_on=None)

    assert () == (await _saved(author)).retry_on


async def test_a_lookup_by_post_is_ticked(author):
    """
    Kept, shown, and unticked; what a GET is anyway cannot be ticked without being told.
    """
    await author.get("/webhook?webhook=Place an order")
    await author.submit("/webhook", delivery="live", safe="yes")
    kept = (await _saved(author)).safe

    page = await author.get("/webhook?webhook=Place an order")
    (box,) = [a for _, a in page.tags if a.get("name") == "safe"]
    refused = await author.submit("/webhook", type="ajax-get", content_type="", delivery="live", safe="yes")
    await author.get("/webhook?webhook=Place an order")
    await author.submit("/webhook", delivery="live", safe=None)

    assert (True, "checked" in box) == (kept, True)
    assert 422 == refused.status
    assert "a GET is safe to repeat" in refused.words_of
    assert not (await _saved(author)).safe


def test_every_status_that_may_be_retried_is_offered():
    """
    And none that the check refuses.
    """
    assert SHORT_RETRIES == set(RETRIED)
