"""
Tokens are earned once, kept until they run out, and never seen.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import orjson
import pytest

from webhook_engine.definitions.words import ClientIn, Grant
from webhook_engine.dispatch import Dispatcher, Fault
from webhook_engine.dispatch.credentials import TokenGrant
from webhook_engine.dispatch.request import PreparedRequest
from webhook_engine.errors import ConnectFailed, ConnectionLost, EgressRefused, TimedOut, TokenRefused

from .conftest import Clock, StartTarget, Target, Visit, a_request, answer, until


@dataclass
class Issuer:
    """
    A token URL, and a target that takes the tokens it gave last.
    """

    target: Target = None  # type: ignore[assignment]
    told: dict[str, object] = field(default_factory=lambda: {"expires_in": 3600, "token_type": "Bearer"})
    status: str = "200 OK"
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared, it keeps whoever asks for a token waiting."""

    issued: int = 0
    valid: str = ""

    async def serve(self, visit: Visit) -> None:
        if visit.line.startswith("POST /token"):
            await self.open.wait()
            self.issued += 1
            self.valid = f"token-number-{self.issued}"
            told = {"access_token": self.valid, **self.told}
            await visit.say(answer(orjson.dumps(told), status=self.status))
        elif visit.headers.get("authorization") == f"Bearer {self.valid}":
            await visit.say(answer(b'{"ok":true}'))
        else:
            await visit.say(answer(b"{}", status="401 Unauthorized"))

    @property
    def asked(self) -> list[Visit]:
        return [visit for visit in self.target.visits if visit.line.startswith("POST /token")]

    @property
    def used(self) -> list[str]:
        return [
            visit.headers.get("authorization", "") for visit in self.target.visits if "/api" in visit.line
        ]

    def grant(self, **fields: object) -> TokenGrant:
        return TokenGrant(
            **{  # type: ignore[arg-type]
                "owner": ("CRM", ""),
                "token_url": self.target.url("/token"),
                "client_id": "our app",
                "client_secret": "s3cret:&",
                **fields,
            }
        )

    def request(self, **fields: object) -> PreparedRequest:
        grant = fields.pop("grant", None) or self.grant()
        return a_request(self.target.url("/api"), grant=grant, **fields)  # type: ignore[arg-type]


@pytest.fixture
async def issuer(start_target: StartTarget) -> Issuer:
    """
    An issuer on loopback.
    """
    made = Issuer()
    made.open.set()
    made.target = await start_target(made.serve)
    return made


@pytest.fixture
async def dispatcher() -> AsyncIterator[Dispatcher]:
    """
    A dispatcher with the default limits.
    """
    async with Dispatcher() as dispatcher:
        yield dispatcher


async def test_a_token_is_earned_and_shown(dispatcher: Dispatcher, issuer: Issuer) -> None:
    """
    By the client credentials in a Basic header, form-encoded first.
    """
    attempt = await dispatcher.dispatch(issuer.request(grant=issuer.grant(scope="contacts read")))

    assert attempt.response is not None
    assert (200, 1) == (attempt.response.status, attempt.number)
    asked = issuer.asked[0]
    pair = base64.b64encode(b"our%20app:s3cret%3A%26").decode()
    assert f"Basic {pair}" == asked.headers["authorization"]
    assert b"grant_type=client_credentials&scope=contacts%20read" == asked.body
    assert ["Bearer token-number-1"] == issuer.used


async def test_a_client_may_name_itself_in_the_body(dispatcher: Dispatcher, issuer: Issuer) -> None:
    """
    Where the token URL wants it there.
    """
    await dispatcher.dispatch(issuer.request(grant=issuer.grant(client_in=ClientIn.BODY)))

    asked = issuer.asked[0]
    assert "authorization" not in asked.headers
    assert {
        "grant_type": ["client_credentials"],
        "client_id": ["our app"],
        "client_secret": ["s3cret:&"],
    } == parse_qs(asked.body.decode())


async def test_a_public_client_has_an_id_alone(dispatcher: Dispatcher, issuer: Issuer) -> None:
    """
    Without a secret there is nothing to put into a header.
    """
    await dispatcher.dispatch(issuer.request(grant=issuer.grant(client_secret="")))

    assert {"grant_type": ["client_credentials"], "client_id": ["our app"]} == parse_qs(
        issuer.asked[0].body.decode()
    )


async def test_many_at_once_earn_one_token(dispatcher: Dispatcher, issuer: Issuer) -> None:
    """
    However many requests wait for it, and for all that come later.
    """
    issuer.open.clear()
    tasks = [asyncio.create_task(dispatcher.dispatch(issuer.request())) for _ in range(10)]
    await until(lambda: issuer.asked)
    issuer.open.set()

    attempts = await asyncio.gather(*tasks)
    attempts.append(await dispatcher.dispatch(issuer.request()))

    assert {200} == {attempt.response.status for attempt in attempts if attempt.response}
    assert 1 == issuer.issued


async def test_members_have_tokens_of_their_own(dispatcher: Dispatcher, issuer: Issuer) -> None:
    """
    One agent's token is not another's.
    """
    for extension in ("100-Euphoria", "101-Euphoria", "100-Euphoria"):
        await dispatcher.dispatch(issuer.request(grant=issuer.grant(owner=("CRM", extension))))

    assert 2 <= issuer.issued <= 3  # the issuer takes its newest alone


async def test_a_token_that_ran_out_is_renewed_once(dispatcher: Dispatcher, issuer: Issuer) -> None:
    """
    A 401 has done nothing: the request goes again, as the second attempt, with a fresh token.
    """
    await dispatcher.dispatch(issuer.request())
    issuer.valid = "revoked by the target"

    attempt = await dispatcher.dispatch(issuer.request())

    assert attempt.response is not None
    assert (200, 2) == (attempt.response.status, attempt.number)
    assert ["Bearer token-number-1", "Bearer token-number-1", "Bearer token-number-2"] == issuer.used


async def test_a_second_attempt_that_fails_is_the_second_all_the_same(
    dispatcher: Dispatcher, issuer: Issuer, start_target: StartTarget
) -> None:
    """
    Who reads the record must know that the target was asked twice.
    """

    async def serve(visit: Visit) -> None:
        if visit.number == 1:
            await visit.say(answer(b"{}", status="401 Unauthorized"))
        else:
            visit.writer.close()

    target = await start_target(serve)

    attempt = await dispatcher.dispatch(a_request(target.url(), grant=issuer.grant()))

    assert isinstance(attempt.error, ConnectionLost)
    assert (2, 2) == (attempt.number, len(target.visits))


async def test_a_second_401_is_the_response(
    dispatcher: Dispatcher, issuer: Issuer, start_target: StartTarget
) -> None:
    """
    A target that takes no token at all is not asked for ever.
    """
    target = await start_target(answer(b"{}", status="401 Unauthorized"))

    attempt = await dispatcher.dispatch(a_request(target.url(), grant=issuer.grant()))

    assert attempt.response is not None
    assert (401, 2) == (attempt.response.status, attempt.number)
    assert 2 == len(target.visits)
    assert 2 == issuer.issued


async def test_a_short_life_is_kept_short(
    dispatcher: Dispatcher, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A token is not used in its last seconds, nor one without any.
    """
    issuer.told["expires_in"] = 0
    for _ in range(2):
        await dispatcher.dispatch(issuer.request())

    assert 2 == issuer.issued


@pytest.mark.parametrize("life", [None, "3600", "soon", -5, 1e300, float("inf")], ids=repr)
async def test_any_life_that_is_stated_is_survived(
    life: object, dispatcher: Dispatcher, issuer: Issuer
) -> None:
    """
    As a number, as text, as nonsense, or not at all.
    """
    issuer.told = {} if life is None else {"expires_in": life}

    attempt = await dispatcher.dispatch(issuer.request())

    assert attempt.response is not None
    assert 200 == attempt.response.status


async def test_a_refresh_token_is_exchanged_for_the_next(dispatcher: Dispatcher, issuer: Issuer) -> None:
    """
    Some issuers take each of them once.
    """
    issuer.told = {"expires_in": 0, "refresh_token": "second-refresh"}
    grant = issuer.grant(kind=Grant.REFRESH_TOKEN, refresh_token="first-refresh")

    for _ in range(2):
        await dispatcher.dispatch(issuer.request(grant=grant))

    asked = [parse_qs(visit.body.decode()) for visit in issuer.asked]
    assert [["first-refresh"], ["second-refresh"]] == [form["refresh_token"] for form in asked]
    assert ["refresh_token"] == asked[0]["grant_type"]


async def test_a_refresh_token_that_is_repeated_is_kept(dispatcher: Dispatcher, issuer: Issuer) -> None:
    """
    The token URL's answer is for us: what it repeats is not hidden from ourselves.
    """
    issuer.told = {"expires_in": 0, "refresh_token": "first-refresh"}
    grant = issuer.grant(kind=Grant.REFRESH_TOKEN, refresh_token="first-refresh")

    for _ in range(2):
        await dispatcher.dispatch(issuer.request(grant=grant))

    asked = [parse_qs(visit.body.decode()) for visit in issuer.asked]
    assert [["first-refresh"], ["first-refresh"]] == [form["refresh_token"] for form in asked]


async def test_a_refusal_says_what_the_issuer_said(dispatcher: Dispatcher, issuer: Issuer) -> None:
    """
    Its error code and status; nothing is sent to the target, and it is not the target's fault.
    """
    issuer.status, issuer.told = (
        "400 Bad Request",
        {"error": "invalid_client", "error_description": "s3cret:&"},
    )

    attempt = await dispatcher.dispatch(issuer.request())

    assert isinstance(attempt.error, TokenRefused)
    assert "CRM: the token URL" in str(attempt.error)
    assert "status 400 (invalid_client); nothing was sent" in str(attempt.error)
    assert (Fault.OURS, []) == (attempt.fault, issuer.used)


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"[]",
        b"{}",
        b"<html>",
        b'{"access_token":""}',
        b'{"access_token":"a\\r\\nb"}',
        b'{"access_token":7}',
    ],
)
async def test_what_is_no_token_is_refused(
    told: bytes, dispatcher: Dispatcher, start_target: StartTarget
) -> None:
    """
    A token that would end its header early is none either.
    """
    target = await start_target(answer(told))
    grant = TokenGrant(owner=("CRM", ""), token_url=target.url("/token"), client_id="app", client_secret="s")

    attempt = await dispatcher.dispatch(a_request(target.url("/api"), grant=grant))

    assert isinstance(attempt.error, TokenRefused)
    assert 1 == len(target.visits)


async def test_the_wait_for_a_token_is_within_the_deadline(
    dispatcher: Dispatcher, issuer: Issuer, clock: Clock
) -> None:
    """
    Nothing was delivered; and the token, when it comes, serves the next request.
    """
    issuer.open.clear()
    waiting = asyncio.create_task(dispatcher.dispatch(issuer.request(deadline_s=4.0)))
    await until(lambda: issuer.asked)
    await clock.forward(4.0)

    attempt = await waiting
    issuer.open.set()
    later = await dispatcher.dispatch(issuer.request())

    assert isinstance(attempt.error, TimedOut)
    assert not attempt.maybe_delivered
    assert attempt.took_s == pytest.approx(4.0)
    assert later.response is not None
    assert 1 == issuer.issued


async def test_the_token_url_is_guarded_too(dispatcher: Dispatcher, issuer: Issuer) -> None:
    """
    It is an address like any other, under the webhook's own policy.
    """
    grant = issuer.grant(token_url="http://10.0.0.1/token")

    attempt = await dispatcher.dispatch(issuer.request(grant=grant))

    assert isinstance(attempt.error, EgressRefused)


async def test_a_failed_fetch_is_not_kept(dispatcher: Dispatcher, issuer: Issuer) -> None:
    """
    The next request tries anew.
    """
    issuer.status = "503 Service Unavailable"
    failed = await dispatcher.dispatch(issuer.request())
    issuer.status = "200 OK"

    worked = await dispatcher.dispatch(issuer.request())

    assert (Fault.TARGET, None) == (failed.fault, worked.error)


async def test_nothing_shows_the_token(dispatcher: Dispatcher, issuer: Issuer) -> None:
    """
    Nor the client's secret: not the attempt, its request, or what `render` prints.
    """
    attempt = await dispatcher.dispatch(issuer.request())

    shown = [
        repr(attempt),
        str(attempt.request),
        repr(attempt.request.headers),
        repr(issuer.request().to_json()),
    ]
    assert all("token-number" not in each and "s3cret" not in each for each in shown)
    assert "Bearer ***" == issuer.request().to_json()["headers"]["Authorization"]  # type: ignore[index]


async def test_closing_gives_up_a_fetch(issuer: Issuer) -> None:
    """
    Without a warning.
    """
    issuer.open.clear()
    dispatcher = Dispatcher()
    waiting = asyncio.create_task(dispatcher.dispatch(issuer.request()))
    await until(lambda: issuer.asked)
    await dispatcher.close()

    attempt = await waiting
    assert isinstance(attempt.error, ConnectFailed)
    assert (Fault.OURS, False) == (attempt.fault, attempt.sent)
