"""
Every address of a running process, with everybody who may come to it.

What is expected stands here once more and is not taken from the program: a change of it has to be meant.
"""

from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.console.browsing import PASSWORD, Browser
from tests.console.conftest import _cheap, _furnished  # noqa: F401  # fixtures
from tests.process.test_worker import working
from tests.xml_api.asking import request_of, sentence_of
from webhook_engine.definitions import SecretKind, read_text, write_toml
from webhook_engine.service import Scope
from webhook_engine.settings import Settings
from webhook_engine.store import Role, Store, new_key
from webhook_engine.xml_api.faults import AuthorizationFailed, PermissionDenied

PAGES = {
    None: "GET /sign-in, POST /sign-in, GET /first, POST /first, GET /asset",
    Role.AGENT: """
        GET /, POST /sign-out, GET /account, POST /account, GET /desktop, GET /desktop/stream, POST /desktop/run,
        POST /desktop/link, POST /desktop/dismiss""",
    Role.MANAGER: """
        GET /webhooks, GET /webhook, POST /webhook/preview, POST /webhook/replay, GET /webhook/line, GET /webhook/test,
        GET /webhook/agent-view, GET /groups, GET /group, GET /group/members, GET /group/members/uses, GET /rules,
        GET /rule, GET /rule/line, GET /why, POST /why, GET /why/recorded, GET /agents, GET /tenant, GET /history, GET /deliveries,
        GET /deliveries/chart, GET /delivery, GET /delivery/explanation, GET /deliveries/work, GET /targets,
        GET /monitoring, GET /monitoring/actions, GET /monitoring/csv""",
    Role.ADMINISTRATOR: """
        POST /webhook, POST /webhook/delete, POST /webhook/test, POST /webhook/read-again, POST /webhook/columns, POST /webhook/accept,
        POST /group, POST /group/delete, POST /group/members, POST /group/members/remove, POST /rule, POST /rule/move,
        POST /rule/delete, GET /simulator, POST /simulator, POST /agents, POST /agents/delete, POST /tenant, GET /users,
        POST /users, POST /users/change, POST /users/remove, POST /history/restore, POST /delivery,
        POST /deliveries/bulk, POST /deliveries/work/stop, POST /targets/resume, GET /keys, POST /keys,
        POST /keys/remove""",
}
"""The least role -> pages for it; None for everybody."""

SERVICE = {
    None: "GET /v1/health, GET /v1/ready, GET /v1/openapi.json",
    Scope.EVENTS: "POST /v1/events",
    Scope.ASK: "POST /v1/webhooks/{name}/ask, POST /v1/webhooks/{name}/open",
    Scope.STREAM: "GET /v1/agents/{extension}/stream, POST /v1/agents/{extension}/pops/{id}/dismiss",
    Scope.DELIVERIES: """
        POST /v1/webhooks/{name}/resume, GET /v1/holds, GET /v1/deliveries, POST /v1/deliveries/replay,
        POST /v1/deliveries/drop, GET /v1/deliveries/{id}, GET /v1/deliveries/{id}/explanation""",
    Scope.METRICS: "GET /metrics",
}
"""The scope of a key -> addresses that it opens; None for everybody."""

OWN = "POST /v1/admin/{act}"
"""For the key that a process leaves to commands on its machine, and for no other."""

XML = {"* /xml", "* /xml/", "* /xml/xml", "* /xml/{rest}"}

OURS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]
[[agent]]
extension = "100-Euphoria"
[[group]]
name = "Ours"
[[webhook]]
name = "Ours"
group = "Ours"
type = "ajax-get"
url = "http://127.0.0.1:9/"
"""
THEIRS = (
    OURS.replace("Euphoria", "Another").replace("Ours", "Xylo")
    + '[[rule]]\nname = "Xylo"\non = ["ringing"]\nwebhooks = ["Xylo"]\n'
)


def _rows(table):
    return {row.strip(): needed for needed, rows in table.items() for row in rows.split(",")}


PAGE_ROWS, SERVICE_ROWS = _rows(PAGES), _rows(SERVICE)


class House:
    """
    A running process, its store with two tenants, and keys of both.
    """

    def __init__(self, worker, keys):
        self.worker, self.keys = worker, keys
        self.url = str(worker.client._base_url)
        self.own = worker.client.headers["Authorization"].partition(" ")[2]

    @asynccontextmanager
    async def browser(self, role=None):
        """
        Somebody of that role before a browser; nobody where it is left out.
        """
        jar = aiohttp.CookieJar(unsafe=True)  # for an address in place of a name
        async with aiohttp.ClientSession(self.url, cookie_jar=jar) as session:
            browser = Browser(_Client(session, self.worker.engine), self.worker.store)
            await browser.get("/sign-in")
            if role is not None:
                await browser.sign_in(role)
            yield browser

    async def status(self, row, *, key=None, cookies=None):
        """
        What an address of the service says to a key.
        """
        method, path = row.split(" ")
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        path = path.format(name="Ours", extension="nobody", id="x", act="tenants")
        body = {"json": {}} if method == "POST" else {}
        async with (
            aiohttp.ClientSession(self.url, cookies=cookies) as session,
            session.request(method, path, headers=headers, **body) as answer,
        ):
            return answer.status


class _Client:
    """
    What `Browser` asks of a client.
    """

    def __init__(self, session, engine):
        self.session, self.engine = session, engine
        self.get, self.post, self.head = session.get, session.post, session.head


@pytest.fixture
async def house(tmp_path, cheap_passwords):  # the fixture, not its import
    settings = Settings(
        database=f"sqlite:///{tmp_path}/store.db",
        port=0,
        tenant="Euphoria",
        insecure_http=True,
        key=new_key(),
    )
    keys = {}
    async with Store.from_settings(settings) as store:
        await store.definitions.save("Euphoria", read_text(OURS), by="a test")
        await store.definitions.save("Another", read_text(THEIRS), by="a test")
        for role in Role:
            await store.users.add(
                "Euphoria", f"{role}@example.com", PASSWORD, role=role, extension="100-Euphoria", by="a test"
            )
        await store.users.add("Another", "xylo@example.com", PASSWORD, role=Role.ADMINISTRATOR, by="a test")
        for scope in Scope:
            keys[scope] = (
                await store.keys.add("Euphoria", str(scope), scopes=[str(scope)], by="a test")
            ).secret
        keys["everything"] = (await store.keys.add("Euphoria", "everything", by="a test")).secret
        keys["theirs"] = (await store.keys.add("Another", "xylo", by="a test")).secret
    async with working(settings) as worker:
        yield House(worker, keys)


# --- Who may go where --------------------------------------------------------------------------------


async def test_every_route_has_a_row(house):
    """
    Of the application as it runs; one that is added is a row here, or this fails. HEAD is let in as GET is.
    """
    routes = [(each.method, each.resource.canonical) for each in house.worker.app.router.routes()]

    rows = {*PAGE_ROWS, *SERVICE_ROWS, OWN, *XML}
    assert rows == {f"{method} {path}" for method, path in routes if method != "HEAD"}
    assert {path for method, path in routes if method == "HEAD"} == {
        row.partition(" ")[2] for row in rows if row.startswith("GET ")
    }


@pytest.mark.parametrize("role", [None, *Role], ids=str)
async def test_each_page_for_each_role(house, role):
    """
    Nobody is sent to sign in and changes nothing; less than the least role is refused; nobody sees a failure.
    """
    async with house.browser(role) as browser:
        for row, least in PAGE_ROWS.items():
            method, path = row.split(" ")
            if row in ("POST /sign-out", "POST /sign-in"):
                continue
            ask = browser.get if method == "GET" else browser.post
            page = await ask(path, follow=False)
            if least is None or (role is not None and role.may(least)):
                assert page.status not in (401, 403, 500), (row, page.text[-600:])
                assert "/sign-in" not in page.headers.get("Location", "") or least is None, row
            elif role is None:
                assert {"GET": 303, "POST": 403}[method] == page.status, row
            else:
                assert (403, True) == (page.status, f"for the role {least}" in page.text), row


async def test_who_is_no_user_of_this_tenant_is_nobody(house):
    """
    Another tenant's administrator, somebody who was removed, an API key: none of them sees a page.
    """
    async with house.browser() as stranger, house.browser(Role.MANAGER) as removed:
        page = await stranger.post("/sign-in", email="xylo@example.com", password=PASSWORD)
        assert 422 == page.status
        assert 200 == (await removed.get("/groups", follow=False)).status
        await house.worker.store.users.remove("Euphoria", "manager@example.com")
        for row, least in PAGE_ROWS.items():
            if least is None:
                continue
            method, path = row.split(" ")
            for browser in (stranger, removed):
                bearer = {"Authorization": f"Bearer {house.keys['everything']}"}
                ask = browser.get if method == "GET" else browser.post
                page = await ask(path, follow=False, headers=bearer)
                assert {"GET": 303, "POST": 403}[method] == page.status, row


async def test_each_endpoint_for_each_key(house):
    """
    401 without a key of this tenant, 403 with one for something else; a session of the console is none.
    """
    for row, needed in SERVICE_ROWS.items():
        async with house.browser(Role.ADMINISTRATOR) as browser:
            cookies = {each.key: each.value for each in browser.client.session.cookie_jar}
        refused = {
            "no key": await house.status(row),
            "a wrong one": await house.status(row, key="wek_aaaaaaaaaa_wrong"),
            "another tenant's": await house.status(row, key=house.keys["theirs"]),
            "an administrator's session": await house.status(row, cookies=cookies),
        }
        assert needed is None or {401} == set(refused.values()), (row, refused)
        for scope in Scope:
            status = await house.status(row, key=house.keys[scope])
            assert (status == 403) is (needed is not None and scope is not needed), (row, scope, status)
            assert status not in (401, 500), (row, scope)
        assert await house.status(row, key=house.keys["everything"]) not in (401, 403, 500), row


async def test_no_api_key_administers_the_store(house):
    """
    Acts reach every tenant and the files of the machine: they are for commands on it, whatever a key's scopes are.
    """
    for key in ("everything", Scope.ADMIN):
        assert 403 == await house.status(OWN, key=house.keys[key]), key
    for key in (None, house.keys["theirs"], "x"):
        assert 401 == await house.status(OWN, key=key)
    assert 200 == await house.status(OWN, key=house.own)


async def test_the_xml_api_knows_keys_of_the_tenant_that_is_named(house):
    """
    Another's key opens nothing, one for something else not this, and no key nothing.
    """
    said = {}
    async with aiohttp.ClientSession(house.url) as session:
        for name, (tenant, key) in {
            "none": ("Euphoria", ""),
            "theirs for ours": ("Euphoria", house.keys["theirs"]),
            "ours for theirs": ("Another", house.keys["everything"]),
            "for something else": ("Euphoria", house.keys[Scope.EVENTS]),
            "everything": ("Euphoria", house.keys["everything"]),
        }.items():
            async with session.post("/xml", data=request_of(tenant=tenant, auth=key)) as answer:
                said[name] = sentence_of(await answer.read())

    assert None is said.pop("everything")
    assert PermissionDenied.sentence == said.pop("for something else")
    assert {AuthorizationFailed.sentence} == set(said.values())


# --- What is another's -------------------------------------------------------------------------------

FOREIGN_PAGES = [
    "/webhook?webhook=Xylo",
    "/webhook?copy=Xylo",
    "/webhook/test?webhook=Xylo",
    "/webhook/agent-view?webhook=Xylo",
    "/group?group=Xylo",
    "/group/members?group=Xylo",
    "/group/members/uses?group=Xylo",
    "/rule?rule=Xylo",
    "/rule?copy=Xylo",
    "/delivery?delivery=" + "0" * 56,
    "/delivery/explanation?delivery=" + "0" * 56,
    "/why/recorded?event=xylo",
    "/deliveries/work?work=x",
]
FOREIGN_FORMS = {
    "/webhook/delete": {"webhook": "Xylo"},
    "/webhook/test": {"webhook": "Xylo", "sure": "yes"},
    "/webhook/read-again": {"webhook": "Xylo"},
    "/webhook/columns": {"webhook": "Xylo", "based_on": "1"},
    "/webhook/accept": {"webhook": "Xylo"},
    "/group/delete": {"group": "Xylo"},
    "/group/members/remove": {"group": "Xylo", "extension": "100-Another"},
    "/rule/delete": {"rule": "Xylo"},
    "/rule/move": {"rule": "Xylo", "to": "earlier"},
    "/agents/delete": {"extension": "100-Another"},
    "/users/change": {"email": "xylo@example.com", "role": "agent", "extension": "100-Another"},
    "/users/remove": {"email": "xylo@example.com"},
    "/keys/remove": {"name": "xylo"},
    "/history/restore": {"number": "2", "kind": "webhook", "name": "Xylo"},
    "/delivery": {"delivery": "0" * 56, "deed": "drop"},
    "/deliveries/work/stop": {"work": "x"},
    "/targets/resume": {"webhook": "Xylo"},
    "/desktop/run": {"webhook": "Xylo"},
    "/desktop/link": {"pop": "1", "row": "0", "column": "0"},
    "/desktop/dismiss": {"pop": "1"},
}
"""Names and numbers of the other tenant, wherever a page takes one."""


async def _theirs(store):
    saved = await store.definitions.load("Another")
    return (
        saved.entry.number,
        {each.name for each in saved.definitions.webhooks},
        [(each.email, each.role) for each in store.users.known("Another")],
        [each.name for each in await store.keys.list("Another")],
    )


async def test_what_is_another_tenants_is_not_there(house):
    """
    By its name or number it is as if there were none, and nothing of it is shown or changed.
    """
    before = await _theirs(house.worker.store)
    async with house.browser(Role.ADMINISTRATOR) as browser:
        for path in FOREIGN_PAGES:
            assert 404 == (await browser.get(path, follow=False)).status, path
        await browser.get("/account")
        for path, fields in FOREIGN_FORMS.items():
            page = await browser.post(path, **fields)
            assert page.status not in (401, 403, 500), (path, page.words_of)
            assert "http://127.0.0.1:9" not in page.text, path
        for path in [
            "/webhooks",
            "/groups",
            "/rules",
            "/agents",
            "/users",
            "/keys",
            "/history",
            "/monitoring",
            "/deliveries",
        ]:
            page = await browser.get(path)
            assert 200 == page.status
            assert "xylo" not in page.text.lower(), path
            assert "Another" not in page.text, path

    assert before == await _theirs(house.worker.store)
    key = house.keys["everything"]
    for row in ("POST /v1/webhooks/{name}/ask", "POST /v1/webhooks/{name}/open", "GET /v1/deliveries/{id}"):
        there = row.replace("{name}", "Xylo").replace("{id}", "0" * 56)
        assert await house.status(there, key=key) in (404, 422), row


async def test_no_form_names_a_file_or_a_variable_as_a_secret(house, monkeypatch):
    """
    What an administrator types is a secret, and not where the machine has one of its own.
    """
    monkeypatch.setenv("OF_THE_MACHINE", "its own")
    references = ("env", "OF_THE_MACHINE"), ("file", "/etc/passwd")
    for kind, place in references:
        fields = {
            f"{name}{between.format(kind)}": place
            for name in (
                "key",
                "username",
                "password",
                "oauth2.client_secret",
                "new_signing",
                "signing_secrets[0]",
            )
            for between in (".{}", "[{}]", "[].{}", "[0].{}")
        }
        typed = {"key": f'{{ {kind} = "{place}" }}'}
        async with house.browser(Role.ADMINISTRATOR) as browser:
            await browser.get("/group")
            page = await browser.submit(
                "/group",
                name=kind,
                authentication="api-key",
                level="global",
                key_name="X-Key",
                **fields,
                **typed,
            )
            assert 200 == page.status, page.words_of
            await browser.get("/group/members?group=Ours")
            await browser.post("/group/members", group="Ours", extension="100-Euphoria", **fields, **typed)

    found = (await house.worker.store.definitions.load("Euphoria")).definitions
    assert {SecretKind.VAULT} == {each.key.kind for each in found.groups if each.name in ("env", "file")}
    text = write_toml(found)
    assert "env =" not in text
    assert "file =" not in text
    assert "/etc/passwd" not in text


# --- What a browser is made to do --------------------------------------------------------------------


async def test_no_change_without_the_token_of_its_session(house):
    """
    Not without one, with another session's, with one in the address, from another site or in another form.
    """
    async with house.browser(Role.ADMINISTRATOR) as browser, house.browser(Role.ADMINISTRATOR) as other:
        token = (await browser.get("/account")).form["csrf"]
        foreign = (await other.get("/account")).form["csrf"]
        for row, least in PAGE_ROWS.items():
            method, path = row.split(" ")
            if method == "GET" or least is None:
                continue
            tries = {
                "none": await browser.post(path, csrf="", follow=False),
                "another session's": await browser.post(path, csrf=foreign, follow=False),
                "in the address": await browser.post(f"{path}?csrf={token}", csrf="", follow=False),
            }
            for site in ("cross-site", "same-site"):
                headers = {"Sec-Fetch-Site": site}
                tries[site] = await browser.post(path, csrf=token, headers=headers, follow=False)
            assert {403} == {page.status for page in tries.values()}, (path, tries)
            for kind in ("text/plain", "application/json"):
                headers, data = {"Content-Type": kind}, f'{{"csrf": "{token}"}}'
                async with browser.client.post(path, data=data, headers=headers) as answer:
                    assert 403 == answer.status, (path, kind)
        assert 403 == (await house_sign_in(browser, csrf="")).status
        assert 200 == (await browser.get("/groups", follow=False)).status


async def house_sign_in(browser, **fields):
    """
    Somebody is to be signed in as somebody else, without their knowing.
    """
    return await browser.post(
        "/sign-in", email="manager@example.com", password=PASSWORD, follow=False, **fields
    )


async def test_no_answer_can_be_framed_or_kept(house):
    """
    Pages, refusals, redirects, what is not there, and what the service says: whoever asks.
    """
    rows = [*PAGE_ROWS, *SERVICE_ROWS, OWN, "GET /nowhere", "GET /v1/nowhere", "POST /nowhere"]
    async with house.browser() as nobody, house.browser(Role.ADMINISTRATOR) as administrator:
        for row in rows:
            method, path = row.split(" ")
            for browser in (nobody, administrator):
                ask = browser.client.get if method == "GET" else browser.client.post
                async with ask(path, allow_redirects=False) as answer:
                    headers = answer.headers
                    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], row
                    assert "default-src 'none'" in headers["Content-Security-Policy"], row
                    assert "no-store" == headers["Cache-Control"], row
                    assert "nosniff" == headers["X-Content-Type-Options"], row
                    assert "webhook-engine" == headers["Server"], row


async def test_cookies_are_for_this_site_alone(house):
    """
    No script reads one, and no other site has one sent; behind TLS none travels without (tests/console).
    """
    async with aiohttp.ClientSession(house.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        browser = Browser(_Client(session, house.worker.engine), house.worker.store)
        first = await browser.get("/sign-in")
        page = await browser.post(
            "/sign-in", email="administrator@example.com", password=PASSWORD, follow=False
        )

    cookies = [*first.headers.getall("Set-Cookie"), *page.headers.getall("Set-Cookie")]
    assert len(cookies) >= 3
    for cookie in cookies:
        flags = {each.strip().partition("=")[0].lower() for each in cookie.split(";")[1:]}
        assert {"httponly", "samesite", "path"} <= flags, cookie
        assert "domain" not in flags, cookie
