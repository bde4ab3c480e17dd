"""
API Manager: keys are shown once, limited, and removed.
"""

import re

from tests.console.browsing import TENANT
from webhook_engine.console.words import WORDS
from webhook_engine.service import Scope


def test_every_scope_has_its_words():
    """
    A key can be made for whatever the service asks for.
    """
    assert {*Scope} <= set(WORDS["scope"])


async def test_a_key_is_shown_once(administrator):
    """
    On the page that answers, in no list and in no cookie.
    """
    await administrator.get("/keys")

    page = await administrator.post("/keys", name="CRM")

    secret = re.search(r"wek_[a-z0-9]+_[\w-]{20,}", page.text)[0]
    assert "Set-Cookie" not in page.headers
    assert administrator.store.keys.check(secret, tenant=TENANT).allows("events")
    assert secret not in (await administrator.get("/keys")).text


async def test_a_key_is_limited(administrator):
    """
    To what is ticked, and to single actions.
    """
    await administrator.get("/keys")

    page = await administrator.send(
        "/keys",
        [
            ("csrf", administrator.form["csrf"]),
            ("name", "Dialer <b>"),
            ("limited", "yes"),
            ("scope", "events"),
            ("scope", "nonsense"),
            ("actions", "DoNothing\r\nDialerTrickleFeed"),
        ],
    )

    [key] = await administrator.store.keys.list(TENANT)
    assert ("DialerTrickleFeed", "DoNothing", "events") == key.scopes
    assert "administrator@example.com" == key.created_by
    assert "Dialer <b>" in page.words_of
    assert "<b>" not in page.text.replace("&lt;b&gt;", "")


async def test_what_is_wrong_stands_at_its_field(administrator):
    """
    And what was typed is still there.
    """
    await administrator.get("/keys")
    nameless = await administrator.post("/keys", name=" ", limited="yes")
    assert 422 == nameless.status
    assert {"f-name-error", "f-scope-error"} <= {a.get("id") for _, a in nameless.tags}

    odd = await administrator.post("/keys", name="CRM", limited="yes", actions="x" * 300)
    assert "f-actions-error" in {a.get("id") for _, a in odd.tags}
    assert "CRM" == odd.form["name"]

    await administrator.post("/keys", name="CRM")
    taken = await administrator.post("/keys", name="CRM")
    assert 422 == taken.status
    assert "There is a key 'CRM' already" in taken.words_of


async def test_a_removed_key_is_refused(administrator):
    """
    At once; who removed it is still told to whoever asks.
    """
    made = await administrator.store.keys.add(TENANT, "CRM", by="the tests")
    await administrator.get("/keys")

    page = await administrator.post("/keys/remove", name="CRM")

    assert "The key CRM is refused from now on." in page.words_of
    assert administrator.store.keys.check(made.secret) is None
    assert "There is no key yet." in page.words_of
    assert "removed" in (await administrator.get("/keys?removed=yes")).words_of
    assert 404 == (await administrator.post("/keys/remove", name="CRM")).status
