"""
A NATS server that wants to know who comes is told, and one that cannot say who it is is not spoken to.
"""

import base64
import datetime
import ipaddress
import json
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from tests.servers.nats import NatsNode
from webhook_engine.errors import NatsUnavailable, SettingsError
from webhook_engine.nats.connecting import connected_to_any, shown
from webhook_engine.nats.proving import _check, proof_of
from webhook_engine.settings import Settings

KINDS = {"user": 20 << 3, "account": 0, "operator": 14 << 3}


class Key:
    """
    A key pair as NATS has them: its public key and its seed in base 32.
    """

    def __init__(self, kind):
        self._key = Ed25519PrivateKey.generate()
        prefix = KINDS[kind]
        public = bytes([prefix]) + self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        raw = self._key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        head = bytes([(18 << 3) | (prefix >> 5), (prefix & 31) << 3])
        self.public, self.seed = written(public), written(head + raw)

    def signed(self, kind, name, subject, facts):
        """
        A JWT of NATS.
        """
        header = {"typ": "JWT", "alg": "ed25519-nkey"}
        claims = {"jti": name, "iat": 1, "iss": self.public, "name": name, "sub": subject}
        claims["nats"] = {"type": kind, "version": 2, **facts}
        body = ".".join(packed(json.dumps(part).encode()) for part in (header, claims))
        return f"{body}.{packed(self._key.sign(body.encode()))}"


def written(raw):
    return base64.b32encode(raw + _check(raw)).decode().rstrip("=")


def packed(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


async def is_let_in(address):
    async with connected_to_any(address) as client:
        heard = await client.subscribe("us")
        await client.publish("us", b"hello")
        return b"hello" == (await heard.next_msg(timeout=5)).data


async def test_a_user_is_known_by_a_key(tmp_path):
    """
    The seed stays in its file; what is sent is a signature.
    """
    user, stranger = Key("user"), Key("user")
    (tmp_path / "user.nk").write_text(f"{user.seed}\n")
    (tmp_path / "stranger.nk").write_text(stranger.seed)
    async with NatsNode(tmp_path, f"authorization {{ users: [ {{ nkey: {user.public} }} ] }}") as server:
        is_in = await is_let_in(f"nats://{server.place}?nkey={tmp_path}/user.nk")
        with pytest.raises(NatsUnavailable, match="Authorization Violation"):
            await is_let_in(f"nats://{server.place}?nkey={tmp_path}/stranger.nk")
        with pytest.raises(NatsUnavailable, match="Authorization Violation"):
            await is_let_in(f"nats://{server.place}")

    assert is_in


async def test_a_user_is_known_by_a_credentials_file(tmp_path):
    """
    As `nsc` writes it: a JWT that the account signed, and the seed of the user.
    """
    operator, account, user = Key("operator"), Key("account"), Key("user")
    limits = dict.fromkeys(
        ("subs", "data", "payload", "imports", "exports", "conn", "leaf", "mem_storage", "disk_storage"), -1
    )
    said = operator.signed("account", "calls", account.public, {"limits": limits | {"wildcards": True}})
    itself = operator.signed("operator", "we", operator.public, {})
    let_in = account.signed(
        "user", "dialer", user.public, {"pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1}
    )
    (tmp_path / "dialer.creds").write_text(
        f"-----BEGIN NATS USER JWT-----\n{let_in}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n"
    )
    more = f"operator: {itself}\nresolver: MEMORY\nresolver_preload: {{ {account.public}: {said} }}"
    async with NatsNode(tmp_path, more) as server:
        is_in = await is_let_in(f"nats://{server.place}?credentials={tmp_path}/dialer.creds")
        with pytest.raises(NatsUnavailable, match="Authorization Violation"):
            await is_let_in(f"nats://{server.place}")

    assert is_in


# --- TLS -----------------------------------------------------------------------------------------


def issued(folder, name, *, by=None):
    """
    A certificate and its key, as files; its own authority where it is issued by nobody.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36_500))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key if by is None else by[1], hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made, key


@pytest.fixture
def files(tmp_path):
    authority = issued(tmp_path, "ca")
    issued(tmp_path, "server", by=authority)
    issued(tmp_path, "worker", by=authority)
    issued(tmp_path, "other-ca")
    return tmp_path


async def test_a_server_proves_itself_to_the_authority_that_is_named(files):
    """
    By that alone: where another one is named, or none, nothing is said to it.
    """
    more = f'tls {{ cert_file: "{files}/server.pem", key_file: "{files}/server.key" }}'
    async with NatsNode(files, more) as server:
        is_in = await is_let_in(f"tls://{server.place}?ca={files}/ca.pem")
        for named in (f"?ca={files}/other-ca.pem", ""):
            with pytest.raises(NatsUnavailable, match="certificate verify failed"):
                await is_let_in(f"tls://{server.place}{named}")

    assert is_in


async def test_a_server_that_wants_a_certificate_is_shown_one(files):
    """
    Both sides prove themselves.
    """
    more = (
        f'tls {{ cert_file: "{files}/server.pem", key_file: "{files}/server.key", ca_file: "{files}/ca.pem", '
        "verify: true }"
    )
    async with NatsNode(files, more) as server:
        ours = f"certificate={files}/worker.pem&key={files}/worker.key"
        is_in = await is_let_in(f"tls://{server.place}?ca={files}/ca.pem&{ours}")
        with pytest.raises(NatsUnavailable):
            await is_let_in(f"tls://{server.place}?ca={files}/ca.pem")

    assert is_in


async def test_an_address_with_tls_is_never_spoken_to_in_the_clear(files):
    """
    A server that offers none, or somebody in its place, hears no name and no key.
    """
    async with NatsNode(files, "") as server:
        for address in (
            f"tls://{server.place}?ca={files}/ca.pem",
            f"nats://{server.place}?ca={files}/ca.pem",
        ):
            with pytest.raises(NatsUnavailable, match="it asks for no TLS, and its address does"):
                await is_let_in(address)


# --- Files and settings --------------------------------------------------------------------------

WRONG = {
    "no file": ("nats://h:1?credentials=gone.creds", "its credentials gone.creds: No such file or directory"),
    "no credentials": ("nats://h:1?credentials=text", "this is no credentials file of NATS"),
    "no seed": ("nats://h:1?nkey=text", "this is no seed of a NATS user, which begins with SU"),
    "no authority": ("tls://h:1?ca=text", "its ca text: "),
    "no certificate": ("tls://h:1?key=text", "there is no certificate that the key belongs to"),
}


@pytest.mark.parametrize(("address", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_file_that_is_none_is_named(address, words, tmp_path, monkeypatch):
    """
    With what is wrong, and what to correct.
    """
    monkeypatch.chdir(tmp_path)
    Path("text").write_text("hello")

    with pytest.raises(NatsUnavailable) as told:
        proof_of(address)

    assert words in str(told.value)
    assert str(told.value).endswith("correct the file, or the setting `nats`")


def test_a_seed_with_a_letter_wrong_is_none(tmp_path):
    """
    It is not taken for another key.
    """
    seed = Key("user").seed
    other = "A" if seed[20] != "A" else "B"
    (tmp_path / "nk").write_text(seed[:20] + other + seed[21:])

    with pytest.raises(NatsUnavailable, match="no seed of a NATS user"):
        proof_of(f"nats://h:1?nkey={tmp_path}/nk")


def test_what_stands_behind_an_address_is_shown_nowhere():
    """
    Neither are names and passwords.
    """
    assert "nats://h:1,tls://i:2" == shown("nats://u:p@h:1?nkey=a,tls://i:2?credentials=b")


def test_a_part_that_is_unknown_is_refused(monkeypatch):
    """
    A name that is misspelt would leave a connection without its proof.
    """
    monkeypatch.setenv("WEBHOOK_ENGINE_NATS", "nats://h:1?credential=a")

    with pytest.raises(SettingsError, match=r"has credential behind the `\?`, where only ca, certificate, "):
        Settings.load()


def test_trust_of_the_system_counts_where_no_authority_is_named():
    """
    A server with a certificate that browsers believe needs no file.
    """
    proof = proof_of("tls://nats.example.com:4222")

    assert "tls://nats.example.com:4222" == proof.url
    assert proof.tls.verify_mode is ssl.CERT_REQUIRED
    assert proof.tls.check_hostname
