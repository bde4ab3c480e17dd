"""
Users: administrators let others in, and out.
"""

import asyncio

from tests.console.browsing import PASSWORD, TENANT, Browser, consoled
from webhook_engine.console import Visitor
from webhook_engine.store import Role


async def test_a_user_is_added_and_may_sign_in(administrator):
    """
    With their role, and who added them.
    """
    await administrator.get("/users")
    page = await administrator.submit(
        "/users",
        email="Sipho@example.com",
        role="agent",
        extension="100-Euphoria",
        password="another long secret",
    )
    assert "sipho@example.com may sign in as agent." in page.words_of

    user = administrator.store.users.find(TENANT, "sipho@example.com")
    assert (Role.AGENT, "100-Euphoria", "administrator@example.com") == (
        user.role,
        user.extension,
        user.created_by,
    )
    await administrator.post("/sign-out")
    await administrator.sign_in(Role.AGENT, email="sipho@example.com", password="another long secret")


async def test_what_cannot_be_is_told_and_kept(administrator):
    """
    But for the password, which no page shows.
    """
    await administrator.get("/users")
    page = await administrator.submit(
        "/users", email="sipho@example.com", role="agent", password="canary-7f3a-long"
    )
    short = await administrator.submit("/users", email="b@example.com", role="manager", password="short")
    boss = await administrator.submit("/users", role="boss", email="b@example.com", password="a long secret")

    assert (422, 422, 422) == (page.status, short.status, boss.status)
    assert "needs an extension" in page.words_of
    assert "10 to 1,000 characters" in short.words_of
    assert "&#39;boss&#39; is no role" in boss.text
    assert "sipho@example.com" == page.form["email"]
    assert "canary" not in page.text


async def test_all_that_is_wrong_is_told_at_its_field(administrator):
    """
    At once, in the order of the form.
    """
    await administrator.get("/users")
    page = await administrator.submit("/users", email="sipho", role="agent", password="short")
    taken = await administrator.submit(
        "/users", email="Manager@example.com", role="manager", password="a long secret"
    )

    wrong = [a["name"] for tag, a in page.tags if a.get("aria-invalid")]
    assert ["email", "extension", "password"] == wrong
    places = [page.text.index(text) for text in ("is no e-mail", "needs an extension", "10 to 1,000")]
    assert sorted(places) == places
    assert ["email"] == [a["name"] for tag, a in taken.tags if a.get("aria-invalid")]
    assert "there is a user manager@example.com already" in taken.words_of


async def test_the_last_administrator_stays(administrator):
    """
    Two who remove each other at one moment leave one; a second removal of somebody says so.
    """
    users = administrator.store.users
    await users.add(TENANT, "b@example.com", PASSWORD, role=Role.ADMINISTRATOR, by="the tests")
    await administrator.get("/users")
    outcomes = await asyncio.gather(
        users.remove(TENANT, "b@example.com"),
        users.remove(TENANT, "administrator@example.com"),
        return_exceptions=True,
    )
    again = await administrator.post("/users/remove", email="b@example.com")

    assert outcomes[0] is None
    assert "is the last administrator of Euphoria" in str(outcomes[1])
    assert "add another administrator first" in str(outcomes[1])
    assert "b@example.com was removed already" in again.words_of


async def test_somebody_is_removed_and_nobody_themselves(administrator):
    """
    There is always somebody who can let others in.
    """
    await administrator.get("/users")
    page = await administrator.post("/users/remove", email="manager@example.com")
    assert "may not sign in any more" in page.words_of
    page = await administrator.post("/users/remove", email="administrator@example.com")
    assert "Somebody else has to remove you" in page.words_of
    page = await administrator.post("/users/remove", email="Administrator@EXAMPLE.com")
    assert "Somebody else has to remove you" in page.words_of

    emails = [user.email for user in administrator.store.users.known(TENANT)]
    assert ["administrator@example.com", "agent@example.com"] == emails


async def test_an_embedding_application_has_users_of_its_own(store):
    """
    Then there is no page for them here.
    """
    someone = Visitor(email="a@b.c", role=Role.ADMINISTRATOR)
    async with consoled(store, user_of=lambda request: someone) as client:
        browser = Browser(client, store)
        page = await browser.get("/users")
        assert 403 == page.status
        page = await browser.get("/")

    assert "/users" not in page.text


async def test_somebody_takes_another_role(administrator):
    """
    From their next page on; nobody takes their own away, and an agent needs an extension.
    """
    users = administrator.store.users
    await administrator.get("/users")

    page = await administrator.post("/users/change", email="manager@example.com", role="administrator")
    assert "manager@example.com is administrator now." in page.words_of
    assert Role.ADMINISTRATOR == users.find(TENANT, "manager@example.com").role

    for email, role, why in (
        ("administrator@example.com", "manager", "Somebody else has to change your role"),
        ("ADMINISTRATOR@example.com", "manager", "Somebody else has to change your role"),
        ("manager@example.com", "agent", "an agent needs an extension"),
        ("manager@example.com", "owner", "is no role"),
        ("gone@example.com", "manager", "was removed already"),
    ):
        assert why in (await administrator.post("/users/change", email=email, role=role)).words_of
    assert Role.ADMINISTRATOR == users.find(TENANT, "manager@example.com").role


async def test_a_role_is_changed_only_from_the_one_that_was_seen(administrator):
    """
    What somebody else made of it meanwhile is not undone unseen.
    """
    page = await administrator.get("/users")
    who = "manager@example.com"
    seen = next(form["seen"] for form in page.forms if who == form.get("email") and "seen" in form)
    users = administrator.store.users
    await users.set_role(TENANT, who, Role.AGENT, extension="101-Euphoria")

    page = await administrator.post("/users/change", email=who, role="administrator", seen=seen)

    assert "Nothing was changed: somebody else changed manager@example.com meanwhile." in page.words_of
    assert Role.AGENT == users.find(TENANT, who).role
