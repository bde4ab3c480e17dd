"""
Who we are to a NATS server, and who it is to us: by files that stand behind the `?` of its address.

    tls://nats.example.com:4222?credentials=/etc/webhook-engine/nats.creds&ca=/etc/webhook-engine/nats-ca.pem
"""

from __future__ import annotations

import base64
import binascii
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from webhook_engine.errors import NatsUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_JWT, _SEED = "NATS USER JWT", "USER NKEY SEED"

_TLS: Final = ("ca", "certificate", "key")
"""Parts that make a connection one with TLS, whatever the address begins with."""

# A seed is in base 32: two bytes of kind, the seed, and two bytes to check it (NATS ADR-14).
_SEED_BYTES: Final = slice(2, 34)
_LENGTH: Final = 36

_USER: Final = 20 << 3
"""What the key of a user begins with before it is in base 32: a `U` after it."""


class Proof(NamedTuple):
    """
    What a connection is made with.
    """

    url: str
    """The address without what stands behind its `?`."""

    tls: ssl.SSLContext | None = None
    jwt: str | None = None

    public_key: str | None = None
    """Where a key says who we are, and no JWT does."""

    sign: Callable[[str], bytes] | None = None


def proof_of(server: str) -> Proof:
    """
    Read anew for each connection: what was exchanged on the disk counts from the next one on.

    Raises:
        NatsUnavailable: A file cannot be read, or is none of its kind.
    """
    parts = urlsplit(server)
    stated = dict(parse_qsl(parts.query))
    url = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
    reading = ""
    try:
        tls = None
        if parts.scheme == "tls" or any(name in stated for name in _TLS):
            reading = " and ".join(f"{name} {stated[name]}" for name in _TLS if name in stated)
            tls = _tls(stated)
        if "credentials" in stated:
            reading = f"credentials {stated['credentials']}"
            text = Path(stated["credentials"]).read_text()
            return Proof(url, tls, _within(text, _JWT), None, _signing(_key(_within(text, _SEED))))
        if "nkey" in stated:
            reading = f"nkey {stated['nkey']}"
            key = _key(Path(stated["nkey"]).read_text().strip())
            return Proof(url, tls, None, _public(key), _signing(key))
    except (OSError, ValueError) as error:
        # An SSLError is an OSError, and what is no text is a ValueError.
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        raise NatsUnavailable(
            address=place, why=f"its {reading}: {why}; correct the file, or the setting `nats`"
        ) from error
    return Proof(url, tls)


def _tls(stated: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=stated.get("ca"))
    if "certificate" in stated:
        context.load_cert_chain(stated["certificate"], stated.get("key"))
    elif "key" in stated:
        raise ValueError("there is no certificate that the key belongs to")
    return context


def _within(text: str, name: str) -> str:
    """
    What a credentials file has between the lines that name it.
    """
    _, found, rest = text.partition(f"BEGIN {name}")
    lines = rest.splitlines()
    if not found or len(lines) < 2:
        raise ValueError(f"this is no credentials file of NATS, which has a line BEGIN {name}")
    return lines[1].strip()


def _key(seed: str) -> Ed25519PrivateKey:
    try:
        raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
    except binascii.Error:
        raw = b""
    if not seed.startswith("SU") or len(raw) != _LENGTH or raw[-2:] != _check(raw[:-2]):
        raise ValueError("this is no seed of a NATS user, which begins with SU and has 58 characters")
    return Ed25519PrivateKey.from_private_bytes(raw[_SEED_BYTES])


def _public(key: Ed25519PrivateKey) -> str:
    raw = bytes([_USER]) + key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.b32encode(raw + _check(raw)).decode().rstrip("=")


def _check(raw: bytes) -> bytes:
    return binascii.crc_hqx(raw, 0).to_bytes(2, "little")  # CRC-16/XMODEM


def _signing(key: Ed25519PrivateKey) -> Callable[[str], bytes]:
    return lambda nonce: base64.b64encode(key.sign(nonce.encode()))
