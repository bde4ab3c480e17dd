"""
Who may ask for what, over HTTP.
"""

import asyncio

import pytest

from tests.service.serving import KEYS, Client, served, told
from webhook_engine.service import SERVICE, GivenKeys, Scope, StoreKeys
from webhook_engine.service.routes import ENDPOINTS
from webhook_engine.store import Store

GUARDED = [endpoint for endpoint in ENDPOINTS if endpoint.scope is not None]
OPEN = {"/v1/health", "/v1/ready", "/v1/openapi.json"}


def address(endpoint):
    return endpoint.path.format(name="x", extension="100-Euphoria", id="x")


def test_what_needs_no_key_is_known():
    """
    Probes and the description of the service, and nothing else.
    """
    assert {each.path for each in ENDPOINTS if each.scope is None} == OPEN


@pytest.mark.parametrize("endpoint", GUARDED, ids=lambda each: f"{each.method} {each.path}")
async def test_no_key_no_answer(backend, endpoint):
    """
    Without one, with a wrong one and with one for something else; the key comes before the content.
    """
    async with served(backend) as client:
        answers = []
        other = next(scope for scope in Scope if scope is not endpoint.scope)
        for header in (
            "",
            "Basic YTpi",
            "Bearer ",
            "Bearer wrong",
            f"Bearer {'x' * 5000}",
            f"Bearer only-{other}",
        ):
            headers = {"Authorization": header} if header else {}
            async with client.session.request(
                endpoint.method, address(endpoint), headers=headers
            ) as response:
                answers.append(
                    (response.status, response.headers["WWW-Authenticate"].partition(",")[2].strip())
                )

    assert [(401, "")] * 3 + [(401, 'error="invalid_token"')] * 2 == answers[:5]
    assert (403, f'error="insufficient_scope", scope="{endpoint.scope}"') == answers[5]
    assert [] == backend.seen


@pytest.mark.parametrize("endpoint", GUARDED, ids=lambda each: f"{each.method} {each.path}")
async def test_a_key_for_one_thing_opens_it(backend, endpoint):
    """
    What follows is another matter.
    """
    async with served(backend) as client:
        narrow = Client(client.session, f"only-{endpoint.scope}")
        ask = narrow.get if endpoint.method == "GET" else narrow.post
        async with ask(address(endpoint)) as response:
            assert response.status not in (401, 403)


async def test_the_scheme_is_spelled_in_any_way(backend):
    """
    RFC 9110, 11.1: its case does not count.
    """
    async with served(backend) as client:
        headers = {"Authorization": "bEARER  a-key-for-everything"}
        async with client.session.get("/metrics", headers=headers) as response:
            assert 200 == response.status


async def test_a_key_of_the_store_until_it_is_removed(backend, tmp_path):
    """
    From the next request on it is refused, and so is a key of another tenant.
    """
    async with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        made = await store.keys.add("Euphoria", "dialer", scopes=["events"], by="a test")
        other = await store.keys.add("Elsewhere", "dialer", by="a test")
        async with served(backend, keys=StoreKeys(store.keys, tenant="Euphoria")) as client:
            ours, theirs = Client(client.session, made.secret), Client(client.session, other.secret)
            before = await ours.told("post", "/v1/events", json=told())
            narrow = await ours.told("get", "/v1/deliveries")
            foreign = await theirs.told("post", "/v1/events", json=told())
            await store.keys.remove("Euphoria", "dialer", by="a test")
            after = await ours.told("post", "/v1/events", json=told())

    assert [202, 403, 401, 401] == [each[0] for each in (before, narrow, foreign, after)]


async def test_a_stream_ends_with_its_key(backend, tmp_path):
    """
    Within a second of its removal; the streams of other keys go on.
    """
    async with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        made = [await store.keys.add("", name, scopes=["stream"], by="a test") for name in ("one", "two")]
        async with served(backend, keys=StoreKeys(store.keys)) as client:
            one, two = (Client(client.session, each.secret) for each in made)
            path = "/v1/agents/100-Euphoria/stream"
            async with one.get(path) as first, two.get(path) as second:
                await store.keys.remove("", "one", by="a test")
                async with asyncio.timeout(5):
                    await first.content.read()

                assert (1, False) == (len(client.app[SERVICE].streams), second.content.at_eof())
            async with one.get(path) as again:
                assert 401 == again.status


async def test_given_keys_are_not_kept_as_they_are():
    """
    What is in memory is a digest.
    """
    keys = GivenKeys(KEYS)

    assert "only-events" not in str(vars(keys))
    assert (await keys.check("only-events", "events")).allowed
    assert not (await keys.check("only-events", "ask")).allowed
