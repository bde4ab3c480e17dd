"""
A redirect is followed only where the webhook says so, and takes nothing along that is not for strangers.
"""

from __future__ import annotations

import pytest

from webhook_engine.dispatch import Masker, Transport
from webhook_engine.dispatch.redirects import next_hop
from webhook_engine.errors import EgressRefused, UnreadableResponse
from webhook_engine.responses import Response

from .conftest import StartTarget, Visit, a_request, answer

HEADERS = (
    ("Accept", "application/json"),
    ("Authorization", "Bearer s3cret-token"),
    ("Cookie", "session=1"),
    ("X-Api-Key", "s3cret-token"),
    ("X-Tenant", "Euphoria"),
)


def leads_to(location: str, *, status: str = "302 Found") -> bytes:
    """
    A redirect.
    """
    return answer(b"moved", status=status, headers=(f"Location: {location}",))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_is_not_followed_by_default(
    status: int, transport: Transport, start_target: StartTarget
) -> None:
    """
    The redirect itself is the response, its Location to be read.
    """
    target = await start_target(leads_to("http://169.254.169.254/", status=f"{status} Moved"))

    response = await transport.send(a_request(target.url()))

    assert (status, "http://169.254.169.254/") == (response.status, response.header("Location"))
    assert 1 == len(target.visits)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_get_may_follow(status: int, transport: Transport, start_target: StartTarget) -> None:
    """
    To the same origin with all it has.
    """

    async def serve(visit: Visit) -> None:
        first = visit.number == 1
        await visit.say(leads_to("../b?x=%2F#part", status=f"{status} Moved") if first else answer(b"there"))

    target = await start_target(serve)

    response = await transport.send(a_request(target.url("/a/c/"), headers=HEADERS, max_redirects=1))

    assert (b"there", target.url("/a/b?x=%2F")) == (response.body, response.url)
    assert "GET /a/b?x=%2F HTTP/1.1" == target.visits[1].line
    assert "Bearer s3cret-token" == target.visits[1].headers["authorization"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_nothing_but_a_get_follows(
    method: str, transport: Transport, start_target: StartTarget
) -> None:
    """
    What acts on something acts where it was sent.
    """
    target = await start_target(leads_to("/elsewhere", status="307 Temporary Redirect"))

    response = await transport.send(a_request(target.url(), method=method, body=b"x", max_redirects=5))

    assert 307 == response.status
    assert 1 == len(target.visits)


async def test_credentials_stay_with_their_origin(transport: Transport, start_target: StartTarget) -> None:
    """
    Another port is another origin: it gets no header that could be one, whatever its name.
    """
    stranger = await start_target(answer(b"hello"))
    target = await start_target(leads_to(stranger.url("/in")))

    response = await transport.send(a_request(target.url(), headers=HEADERS, max_redirects=1))

    assert b"hello" == response.body
    assert {"host", "accept", "accept-encoding", "user-agent"} == set(stranger.visits[0].headers)


async def test_credentials_do_not_come_back_on_the_way_home(
    transport: Transport, start_target: StartTarget
) -> None:
    """
    A stranger that sends us home again does not make us show them.
    """

    async def serve(visit: Visit) -> None:
        await visit.say(leads_to(stranger.url()) if visit.number == 1 else answer(b"home"))

    target = await start_target(serve)
    stranger = await start_target(leads_to(target.url("/home")))

    response = await transport.send(a_request(target.url(), headers=HEADERS, max_redirects=3))

    assert b"home" == response.body
    assert "authorization" not in target.visits[1].headers


async def test_a_secret_in_the_location_is_not_handed_on(
    transport: Transport, start_target: StartTarget
) -> None:
    """
    A target that repeats our key to a stranger is not helped to do so.
    """
    stranger = await start_target()
    target = await start_target(leads_to(stranger.url("/?key=s3cret%2Dtoken").replace("%2D", "-")))

    with pytest.raises(EgressRefused, match="credentials to another origin") as refused:
        await transport.send(
            a_request(target.url(), headers=HEADERS, max_redirects=1, mask=Masker(["s3cret-token"]))
        )

    assert "s3cret" not in str(refused.value)
    assert 0 == stranger.connections


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:a9fe:a9fe]/",
        "//10.0.0.1/",
        "http://0x0a000001/",
        "http://167772161/",
    ],
)
async def test_every_hop_is_guarded(location: str, transport: Transport, start_target: StartTarget) -> None:
    """
    A redirect inside ends at the guard, in every spelling.
    """
    target = await start_target(leads_to(location))

    with pytest.raises(EgressRefused):
        await transport.send(a_request(target.url(), max_redirects=3, deadline_s=2.0))

    assert 1 == len(target.visits)


async def test_an_error_names_the_target_of_its_hop(transport: Transport, start_target: StartTarget) -> None:
    """
    The one that was not contacted, and not the one that led there.
    """
    target = await start_target(leads_to("https://10.0.0.1/"))

    with pytest.raises(EgressRefused, match=r"^10\.0\.0\.1:443 was not contacted"):
        await transport.send(a_request(target.url(), max_redirects=1))


async def test_a_location_of_backslashes_stays_at_home(
    transport: Transport, start_target: StartTarget
) -> None:
    """
    Some read them as slashes; here they are a path of the same origin.
    """

    async def serve(visit: Visit) -> None:
        await visit.say(leads_to("http:\\\\10.0.0.1\\") if visit.number == 1 else answer(b"home"))

    target = await start_target(serve)

    assert b"home" == (await transport.send(a_request(target.url(), max_redirects=1))).body


@pytest.mark.parametrize(
    "location",
    [
        "ftp://example.com/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://[::1/",
        "http://a:99999/",
    ],
)
async def test_what_is_no_web_address_is_unreadable(
    location: str, transport: Transport, start_target: StartTarget
) -> None:
    """
    And is shown.
    """
    target = await start_target(leads_to(location))

    with pytest.raises(UnreadableResponse, match="no web address"):
        await transport.send(a_request(target.url(), max_redirects=1))


async def test_a_user_name_in_the_location_is_not_ours(
    transport: Transport, start_target: StartTarget
) -> None:
    """
    What a target wants us to say for credentials is left out.
    """

    async def serve(visit: Visit) -> None:
        own = target.url("/b").replace("http://", "http://admin:pass@")
        await visit.say(leads_to(own) if visit.number == 1 else answer(b"b"))

    target = await start_target(serve)

    await transport.send(a_request(target.url(), max_redirects=1))

    assert "authorization" not in target.visits[1].headers


async def test_a_circle_ends(transport: Transport, start_target: StartTarget) -> None:
    """
    After as many hops as were allowed, the last redirect is the response.
    """
    target = await start_target(leads_to("/again"))

    response = await transport.send(a_request(target.url(), max_redirects=3))

    assert 302 == response.status
    assert 4 == len(target.visits)


async def test_a_location_beyond_ascii_arrives_encoded(
    transport: Transport, start_target: StartTarget
) -> None:
    """
    What is encoded already stays as it is.
    """

    async def serve(visit: Visit) -> None:
        await visit.say(leads_to("/caf\u00e9 %2F%zz") if visit.number == 1 else answer(b"ok"))

    target = await start_target(serve)

    await transport.send(a_request(target.url(), max_redirects=1))

    assert target.visits[1].line.startswith("GET /caf%C3%A9%20%2F")


async def test_a_location_that_is_no_text_keeps_its_bytes(
    transport: Transport, start_target: StartTarget
) -> None:
    """
    Systems of old write Latin-1 there.
    """

    async def serve(visit: Visit) -> None:
        first = b"HTTP/1.1 302 Found\r\nLocation: /caf\xe9\r\nContent-Length: 0\r\n\r\n"
        await visit.say(first if visit.number == 1 else answer(b"ok"))

    target = await start_target(serve)

    response = await transport.send(a_request(target.url(), max_redirects=1))

    assert b"ok" == response.body
    assert "GET /caf%E9 HTTP/1.1" == target.visits[1].line


@pytest.mark.parametrize("location", ["http://crm.example/", "HTTP://CRM.EXAMPLE/", "http://other.example/"])
def test_https_does_not_lead_to_http(location: str) -> None:
    """
    What was asked in private is not asked again in the open.
    """
    response = Response(status=302, headers=(("Location", location),))

    with pytest.raises(EgressRefused, match="from https to http"):
        next_hop(a_request("https://crm.example/?phone=1"), response)


def test_http_may_lead_to_https() -> None:
    """
    As another origin, so without credentials.
    """
    response = Response(status=301, headers=(("Location", "https://crm.example/"),))

    onward = next_hop(a_request("http://crm.example/", headers=HEADERS), response)

    assert onward is not None
    assert ("https://crm.example/", (("Accept", "application/json"),)) == (onward.url, onward.headers)
