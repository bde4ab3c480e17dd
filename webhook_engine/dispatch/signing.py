"""
What a request says of itself: which delivery it is, when it was sent, and who vouches for that.

The signature is that of Standard Webhooks 1.0: HMAC-SHA256, in base64, over

    <webhook-id>.<webhook-timestamp>.<the body's bytes>
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from math import floor
from time import time
from typing import TYPE_CHECKING, Final

from multidict import istr

from webhook_engine.definitions.checks.http import SIGNATURE_HEADERS
from webhook_engine.dispatch.request import PreparedRequest
from webhook_engine.errors import SecretMissing, SignatureInvalid, UnsafeValue

if TYPE_CHECKING:
    from webhook_engine.definitions.groups import Group
    from webhook_engine.dispatch.secrets import SecretStore

TOLERANCE_S: Final = 300.0
"""Seconds a request may have been on its way, and a clock may be wrong."""

_PREFIX = "whsec_"
_ID, _TIMESTAMP, _SIGNATURE = map(istr, SIGNATURE_HEADERS)
_IDEMPOTENCY = istr("Idempotency-Key")
_IDEMPOTENCY_NAME = _IDEMPOTENCY.lower()

# A full stop ends the id in what is signed.
_AN_ID = re.compile(r"[!-\-/-~]{1,256}")
_SECONDS = re.compile(r"[0-9]{1,11}")


def signing_secrets_of(group: Group | None, secrets: SecretStore) -> tuple[str, ...]:
    """
    The secrets with which the requests of *group* are signed, the newest first; none where it signs nothing.

    Raises:
        SecretMissing: One of them is not where its reference says, or cannot be read.
    """
    if group is None or not group.signing_secrets:
        return ()
    try:
        found = tuple(map(secrets.resolve, group.signing_secrets))
        for secret in found:
            _key_of(secret)
    except SecretMissing as error:
        raise SecretMissing(f"{group.name}: {error}; nothing was sent", target=group.name) from None
    return found


def stamped(
    request: PreparedRequest, *, delivery_id: str, now: datetime | float, secrets: tuple[str, ...] = ()
) -> PreparedRequest:
    """
    *request* with `Idempotency-Key`, and signed where there are secrets.

    An `Idempotency-Key` that the webhook sets by itself stays. What it sets by a signature's name does
    not: only the signature is what the target system checks.

    Args:
        delivery_id: The same for each of its attempts.

        now: When this attempt is sent, in seconds since 1970 where it is no datetime.

        secrets: The newest first; each makes a signature.

    Raises:
        UnsafeValue: The id holds a full stop, or what no header carries.
        SecretMissing: A secret begins with `whsec_` and is not base64.
    """
    if _AN_ID.fullmatch(delivery_id) is None:
        raise UnsafeValue(f"a request cannot be stamped with the id {delivery_id[:80]!r}", slot="header")
    headers = request.headers
    if not _has(headers, _IDEMPOTENCY_NAME):
        headers += ((_IDEMPOTENCY, delivery_id),)
    if not secrets:
        # Written out: `replace` looks at each field for its name.
        return PreparedRequest(
            route=request.route,
            url=request.url,
            headers=headers,
            body=request.body,
            mask=request.mask,
            grant=request.grant,
        )
    at = str(floor(_seconds(now)))
    return replace(
        request,
        headers=(
            *(header for header in headers if header[0].lower() not in SIGNATURE_HEADERS),
            (_ID, delivery_id),
            (_TIMESTAMP, at),
            (_SIGNATURE, signature(delivery_id, at, request.body or b"", secrets)),
        ),
        mask=request.mask.also(tuple(each for secret in secrets for each in _spellings(secret))),
    )


def signature(delivery_id: str, timestamp: str, body: bytes, secrets: Sequence[str]) -> str:
    """
    The value of `webhook-signature`: one `v1,<base64>` for each secret, with blanks between.

    Raises:
        SecretMissing: A secret begins with `whsec_` and is not base64.
    """
    content = b"%b.%b.%b" % (delivery_id.encode(), timestamp.encode(), body)
    return " ".join([f"v1,{b64encode(_digest(secret, content)).decode()}" for secret in secrets])


def verify(
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[str],
    *,
    now: datetime | float | None = None,
    tolerance_s: float = TOLERANCE_S,
) -> str:
    """
    Makes sure that a holder of one of *secrets* sent this request, and lately.

    Args:
        headers: As received; their names know no case.

        body: The bytes as received, before anybody parsed them.

        now: This clock's, where it is left out.

        tolerance_s: Seconds that the time stated may lie before or after it.

    Returns:
        The id of the delivery: who has seen it before has seen the request before.

    Raises:
        SignatureInvalid: Nobody who knows a secret vouches for it, or too long ago.
        SecretMissing: A secret begins with `whsec_` and is not base64.
    """
    sent = {name.lower(): value for name, value in headers.items()}
    for name in SIGNATURE_HEADERS:
        if not sent.get(name):
            raise SignatureInvalid(f"the request has no header {name}, so nobody vouches for it")
    delivery_id, timestamp, signatures = (sent[name] for name in SIGNATURE_HEADERS)
    _check_time(timestamp, time() if now is None else _seconds(now), tolerance_s)
    content = b"%b.%b.%b" % (delivery_id.encode(errors="surrogateescape"), timestamp.encode(), body)
    expected = [_digest(secret, content) for secret in secrets]
    if not any(hmac.compare_digest(one, other) for one in _given(signatures) for other in expected):
        raise SignatureInvalid(
            f"no signature of the request {delivery_id!r} was made with a secret known here"
        )
    return delivery_id


def _check_time(timestamp: str, now: float, tolerance_s: float) -> None:
    if _SECONDS.fullmatch(timestamp) is None:
        raise SignatureInvalid(f"the webhook-timestamp {timestamp[:40]!r} is no time in seconds")
    late_s = now - int(timestamp)
    if abs(late_s) > tolerance_s:
        what = f"{late_s:.0f} s old" if late_s > 0 else f"{-late_s:.0f} s in the future"
        raise SignatureInvalid(
            f"the request is {what}, and {tolerance_s:g} s are allowed: it may be a repetition"
        )


def _given(signatures: str) -> list[bytes]:
    """
    The signatures that a header holds, of the version known here.
    """
    found = []
    for each in signatures.split():
        version, _, encoded = each.partition(",")
        if version == "v1":
            try:
                found.append(b64decode(encoded, validate=True))
            except (NotBase64, ValueError):
                continue  # of somebody else's making: it matches nothing
    return found


def _digest(secret: str, content: bytes) -> bytes:
    return hmac.digest(_key_of(secret), content, "sha256")


@lru_cache(maxsize=256)
def _key_of(secret: str) -> bytes:
    """
    What a secret stands for: the bytes in base64 after `whsec_`, or else the text itself in UTF-8.
    """
    if not secret.startswith(_PREFIX):
        key = secret.encode()
    else:
        encoded = secret.removeprefix(_PREFIX).rstrip("=")
        try:
            key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except (NotBase64, ValueError):
            raise SecretMissing(
                f"a signing secret begins with {_PREFIX}, and what follows is not base64", target=""
            ) from None
    if not key:
        raise SecretMissing("a signing secret is empty", target="")
    return key


def _spellings(secret: str) -> tuple[str, ...]:
    """
    What must not be seen of it.
    """
    return (secret, secret.removeprefix(_PREFIX)) if secret.startswith(_PREFIX) else (secret,)


def _has(headers: tuple[tuple[str, str], ...], name: str) -> bool:
    size = len(name)
    return any(len(header[0]) == size and header[0].lower() == name for header in headers)


def _seconds(now: datetime | float) -> float:
    """
    Seconds since 1970.

    Raises:
        ValueError: The datetime has no zone, so it is no moment.
    """
    if not isinstance(now, datetime):
        return now
    if now.tzinfo is None:
        raise ValueError("the time of a request needs a zone")
    return now.timestamp()
