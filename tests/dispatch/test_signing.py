"""
A signed request proves who sent it and when, to whoever holds one of the secrets.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from time import time

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.definitions.groups import Group, SecretRef
from webhook_engine.dispatch import Credentials, LocalSecrets, PreparedRequest, Transport
from webhook_engine.dispatch.signing import signature, signing_secrets_of, stamped, verify
from webhook_engine.errors import SecretMissing, SignatureInvalid, UnsafeValue

from .conftest import StartTarget, a_request

KEY = base64.b64encode(b"twenty-four bytes at all").decode()
SECRET = f"whsec_{KEY}"
OLD = "whsec_" + base64.b64encode(b"the secret before this one").decode()
AT = 1_790_000_000
BODY = b'{"note":"caf\xc3\xa9 \xe2\x82\xac"}'

REQUEST = a_request("https://crm.example/calls", method="POST", headers=(("Accept", "*/*"),), body=BODY)


def signed(request: PreparedRequest = REQUEST, *secrets: str, now: datetime | float = AT) -> PreparedRequest:
    return stamped(request, delivery_id="abc123", now=now, secrets=secrets or (SECRET,))


# --- What is sent ------------------------------------------------------------------------------


def test_the_example_of_the_standard_comes_out_as_it_is_printed() -> None:
    """
    Its id, its time, its body, its secret, its signature.
    """
    made = signature(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == made


@given(st.text(st.characters(codec="utf-8")), st.binary(min_size=1, max_size=64))
def test_an_independent_reader_is_satisfied(body: str, key: bytes) -> None:
    """
    Whatever is sent, and whatever the secret is.
    """
    secret = f"whsec_{base64.b64encode(key).decode()}"
    request = signed(replace(REQUEST, body=body.encode()), secret, now=time())

    reader = standardwebhooks.Webhook(secret)

    reader.verify(request.body or b"", dict(request.headers), json_parse=False)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        reader.verify((request.body or b"") + b" ", dict(request.headers), json_parse=False)


@pytest.mark.parametrize("secret", [SECRET, OLD])
def test_each_secret_makes_a_signature_while_one_is_exchanged_for_the_next(secret: str) -> None:
    """
    A target system that knows either of them is satisfied.
    """
    request = signed(REQUEST, SECRET, OLD, now=time())

    assert 2 == len(dict(request.headers)["webhook-signature"].split(" "))
    standardwebhooks.Webhook(secret).verify(BODY, dict(request.headers))


def test_a_request_without_a_body_is_signed_as_an_empty_one() -> None:
    """
    The id and the time are proved all the same.
    """
    request = signed(a_request("https://crm.example/"), now=time())

    standardwebhooks.Webhook(SECRET).verify(b"", dict(request.headers), json_parse=False)


def test_the_headers_follow_what_the_webhook_sends() -> None:
    """
    Seconds as an integer, and the delivery's id as the idempotency key.
    """
    request = signed(now=AT + 0.9)

    assert [("Accept", "*/*"), ("Idempotency-Key", "abc123"), ("webhook-id", "abc123")] == [
        *request.headers[:3]
    ]
    assert ("webhook-timestamp", str(AT)) == request.headers[3]
    assert (REQUEST.url, BODY, REQUEST.route) == (request.url, request.body, request.route)


def test_a_time_is_taken_from_its_zone() -> None:
    """
    And a time without one is refused rather than guessed.
    """
    here = datetime.fromtimestamp(AT, tz=timezone(timedelta(hours=2)))

    assert signed().headers == signed(now=here).headers
    with pytest.raises(ValueError, match="zone"):
        signed(now=here.replace(tzinfo=None))


def test_without_secrets_only_the_idempotency_key_is_added() -> None:
    """
    An unsigned id and time would prove nothing.
    """
    request = stamped(REQUEST, delivery_id="abc123", now=AT)

    assert (*REQUEST.headers, ("Idempotency-Key", "abc123")) == request.headers
    assert REQUEST.mask is request.mask


@pytest.mark.parametrize("name", ["Idempotency-Key", "idempotency-key"])
def test_the_authors_own_idempotency_key_stays(name: str) -> None:
    """
    A target system may want one in a form of its own.
    """
    request = signed(replace(REQUEST, headers=((name, "call-7"),)))

    assert ["call-7"] == [value for each, value in request.headers if each.lower() == "idempotency-key"]


@pytest.mark.parametrize("name", ["webhook-id", "Webhook-Timestamp", "WEBHOOK-SIGNATURE"])
def test_the_signature_takes_the_place_of_what_has_its_name(name: str) -> None:
    """
    Two ids in one request would leave the target system to choose.
    """
    request = signed(replace(REQUEST, headers=((name, "mine"),)), now=time())

    assert "mine" not in dict(request.headers).values()
    standardwebhooks.Webhook(SECRET).verify(BODY, dict(request.headers))


@pytest.mark.parametrize("delivery_id", ["", "a.b", "a b", "a\r\nX-Admin: 1", "é", "a" * 257], ids=repr)
def test_an_id_that_would_be_read_otherwise_is_refused(delivery_id: str) -> None:
    """
    A full stop in it would move the border between what is signed.
    """
    with pytest.raises(UnsafeValue, match="cannot be stamped"):
        stamped(REQUEST, delivery_id=delivery_id, now=AT, secrets=(SECRET,))


async def test_the_bytes_on_the_wire_are_those_that_were_signed(
    start_target: StartTarget, transport: Transport
) -> None:
    """
    Nothing between here and there changes them.
    """
    target = await start_target()
    request = signed(replace(REQUEST, url=target.url("/calls")), now=time())

    await transport.send(request)

    [visit] = target.visits
    assert "abc123" == verify(visit.headers, visit.body, [SECRET]) == visit.headers["idempotency-key"]
    standardwebhooks.Webhook(SECRET).verify(visit.body, visit.headers)


# --- Secrets -----------------------------------------------------------------------------------


def test_a_secret_without_the_prefix_is_the_text_itself() -> None:
    """
    As target systems have it that were written before the standard.
    """
    text = "correct horse battery staple"
    same = "whsec_" + base64.b64encode(text.encode()).decode()

    assert signed(REQUEST, same).headers == signed(REQUEST, text).headers


def test_a_secret_needs_no_padding() -> None:
    """
    Some pages print it without.
    """
    secret = "whsec_" + base64.b64encode(b"four").decode()

    assert secret.endswith("==")
    assert signed(REQUEST, secret).headers == signed(REQUEST, secret.rstrip("=")).headers


@pytest.mark.parametrize("secret", ["whsec_", "whsec_not base64!", "whsec_abcde", "whsec_a-b_", ""])
def test_a_secret_that_is_none_signs_nothing(secret: str) -> None:
    """
    A signature nobody can check would look like one that fails.
    """
    group = Group(name="CRM", signing_secrets=(SecretRef.env("OLD"), SecretRef.env("NEW")))
    secrets = LocalSecrets(environ={"OLD": OLD, "NEW": secret})

    with pytest.raises(SecretMissing, match=r"CRM: .*; nothing was sent") as caught:
        signing_secrets_of(group, secrets)
    with pytest.raises(SecretMissing):
        stamped(REQUEST, delivery_id="abc123", now=AT, secrets=(secret,))

    assert "base64!" not in str(caught.value)


def test_a_groups_secrets_keep_their_order() -> None:
    """
    The newest first; a group without any signs nothing.
    """
    group = Group(name="CRM", signing_secrets=(SecretRef.env("NEW"), SecretRef.env("OLD")))
    secrets = LocalSecrets(environ={"OLD": OLD, "NEW": SECRET})

    assert (SECRET, OLD) == signing_secrets_of(group, secrets)
    assert () == signing_secrets_of(None, secrets) == signing_secrets_of(Group(name="CRM"), secrets)


def test_no_secret_can_be_seen() -> None:
    """
    Neither with its prefix nor without, and the request's own secrets as little as before.
    """
    credentials = Credentials(key="k3y-of-the-crm")
    request = signed(replace(REQUEST, mask=credentials.mask), SECRET, "plain secret")

    for secret in (SECRET, KEY, "k3y-of-the-crm", "plain secret", "plain%20secret"):
        assert "<***>" == request.mask.text(f"<{secret}>")
    assert KEY not in repr(request.to_json())


# --- Verifying ---------------------------------------------------------------------------------


HEADERS = dict(signed(REQUEST, SECRET, OLD).headers)


@pytest.mark.parametrize("secrets", [[SECRET], [OLD], ["another", OLD]])
def test_any_known_secret_will_do(secrets: list[str]) -> None:
    """
    On either side one may be ahead of the other; the names of headers know no case.
    """
    shouted = {name.upper(): value for name, value in HEADERS.items()}

    assert "abc123" == verify(shouted, BODY, secrets, now=AT)
    assert "abc123" == verify(HEADERS, BODY, secrets, now=datetime.fromtimestamp(AT + 299, tz=UTC))


@pytest.mark.parametrize(
    ("headers", "body", "secrets", "now", "why"),
    [
        ({}, BODY, [SECRET], AT, "has no header webhook-id"),
        ({"webhook-signature": ""}, BODY, [SECRET], AT, "has no header webhook-signature"),
        (HEADERS, BODY + b"\n", [SECRET], AT, "no signature"),
        (HEADERS, BODY, ["another"], AT, "no signature"),
        (HEADERS, BODY, [], AT, "no signature"),
        (HEADERS | {"webhook-id": "abc124"}, BODY, [SECRET], AT, "no signature"),
        (HEADERS | {"webhook-id": "caf\udce9"}, BODY, [SECRET], AT, "no signature"),
        (HEADERS | {"webhook-timestamp": str(AT + 1)}, BODY, [SECRET], AT, "no signature"),
        (HEADERS | {"webhook-timestamp": "soon"}, BODY, [SECRET], AT, "no time in seconds"),
        (HEADERS | {"webhook-timestamp": "1e9"}, BODY, [SECRET], AT, "no time in seconds"),
        (HEADERS, BODY, [SECRET], AT + 301, "301 s old"),
        (HEADERS, BODY, [SECRET], AT - 301, "301 s in the future"),
        (HEADERS | {"webhook-signature": "v1,no! v1 , v2,AAAA"}, BODY, [SECRET], AT, "no signature"),
    ],
)
def test_what_nobody_vouches_for_is_refused(
    headers: dict[str, str], body: bytes, secrets: list[str], now: float, why: str
) -> None:
    """
    With the reason, and without what would be needed to mend it.
    """
    complete = HEADERS | headers if headers and "webhook-id" not in headers else headers

    with pytest.raises(SignatureInvalid, match=why) as caught:
        verify(complete, body, secrets, now=now)

    assert KEY not in str(caught.value)


def test_a_signature_of_another_version_is_passed_over() -> None:
    """
    So that a newer one can be sent beside it.
    """
    headers = HEADERS | {"webhook-signature": f"v2,AAAA v1a,BBBB {HEADERS['webhook-signature']}"}

    assert "abc123" == verify(headers, BODY, [SECRET], now=AT)


def test_how_long_a_request_may_take_is_the_readers_choice() -> None:
    """
    A queue on the other side may hold it for an hour.
    """
    assert "abc123" == verify(HEADERS, BODY, [SECRET], now=AT + 3000, tolerance_s=3600)
