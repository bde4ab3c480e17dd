"""
A target proves who it is, always.
"""

from __future__ import annotations

import asyncio
import datetime
import os
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from webhook_engine.dispatch import Fault, Transport, fault_of
from webhook_engine.errors import AuthoritiesMissing, TlsFailed

from .conftest import StartTarget, a_request

Authority = tuple[trustme.CA, str]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """
    An authority of our own, and the file with its certificate.
    """
    made = trustme.CA()
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    made.cert_pem.write_to_path(str(file))
    return made, str(file)


def serving(
    authority: Authority, name: str = "localhost", *, until: datetime.datetime | None = None
) -> ssl.SSLContext:
    """
    What a target needs to serve TLS as *name*.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority[0].issue_cert(name, not_after=until).configure_cert(context)
    return context


async def test_its_own_authority_makes_a_target_trusted(
    transport: Transport, start_target: StartTarget, authority: Authority
) -> None:
    """
    The group's ca_file is enough; name and Host are the host's own.
    """
    target = await start_target(tls=serving(authority))

    response = await transport.send(a_request(target.url(host="localhost"), ca_file=authority[1]))

    assert 200 == response.status
    assert f"localhost:{target.port}" == target.visits[0].headers["host"]


async def test_without_it_nothing_is_sent(
    transport: Transport, start_target: StartTarget, authority: Authority
) -> None:
    """
    No request, no plain text instead, and the way out is named.
    """
    target = await start_target(tls=serving(authority))

    with pytest.raises(TlsFailed, match=r"could not prove who it is.*ca_file") as failed:
        await transport.send(a_request(target.url(host="localhost")))

    assert [] == target.visits
    assert not failed.value.maybe_delivered
    assert Fault.TARGET is fault_of(failed.value)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda authority: serving(authority, "other.example"), "Hostname mismatch"),
        (
            lambda authority: serving(authority, until=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)),
            "expired",
        ),
        (lambda _: serving((trustme.CA(), "")), "unable to get local issuer"),
    ],
    ids=["another name", "expired", "another authority"],
)
async def test_the_reason_is_told(
    make: Callable[[Authority], ssl.SSLContext],
    reason: str,
    transport: Transport,
    start_target: StartTarget,
    authority: Authority,
) -> None:
    """
    What OpenSSL found is in the sentence.
    """
    target = await start_target(tls=make(authority))

    with pytest.raises(TlsFailed, match=reason):
        await transport.send(a_request(target.url(host="localhost"), ca_file=authority[1]))

    assert [] == target.visits


async def test_an_old_protocol_is_refused(
    transport: Transport, start_target: StartTarget, authority: Authority
) -> None:
    """
    TLS 1.1 is no TLS any more.
    """
    context = serving(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    target = await start_target(tls=context)

    with pytest.raises(TlsFailed, match="TLS"):
        await transport.send(a_request(target.url(host="localhost"), ca_file=authority[1]))


async def test_a_target_without_tls_is_told(transport: Transport) -> None:
    """
    https to a port that speaks http.
    """

    def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(TlsFailed, match="no common way of TLS: wrong version number"):
            await transport.send(a_request(f"https://localhost:{port}/"))


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="only where there are terminals and pipes by name")
@pytest.mark.parametrize("kind", ["a terminal", "a pipe", "an endless file"])
async def test_a_ca_file_that_would_be_waited_for_holds_nobody_up(
    transport: Transport, tmp_path: Path, kind: str
) -> None:
    """
    Whoever edits a group may name any path; what is no file of certificates is refused and not opened.
    """
    file = tmp_path / "ca.pem"
    if kind == "a terminal":
        file = Path("/dev/ptmx")
    elif kind == "a pipe":
        os.mkfifo(file)
    else:
        with file.open("wb") as sparse:
            sparse.truncate(1 << 40)

    async with asyncio.timeout(5):
        with pytest.raises(AuthoritiesMissing, match="is no file of certificates"):
            await transport.send(a_request("https://localhost:9/", ca_file=str(file)))


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "empty"])
async def test_a_ca_file_that_cannot_be_used_is_our_fault(
    content: str | None, transport: Transport, tmp_path: Path
) -> None:
    """
    The target has done nothing wrong, and the file is named.
    """
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)

    with pytest.raises(AuthoritiesMissing, match=r"ca\.pem cannot be used") as failed:
        await transport.send(a_request("https://localhost:9/", ca_file=str(file)))

    assert Fault.OURS is fault_of(failed.value)


async def test_one_context_serves_every_request_of_a_file(
    transport: Transport,
    start_target: StartTarget,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    A context costs 32 ms and 755 KB, so a file is read once.
    """
    made = []
    original = ssl.create_default_context

    def counted(*args: object, **kwargs: object) -> ssl.SSLContext:
        made.append(kwargs)
        return original(*args, **kwargs)  # type: ignore[arg-type]

    target = await start_target(tls=serving(authority))
    monkeypatch.setattr(ssl, "create_default_context", counted)
    for _ in range(3):
        await transport.send(a_request(target.url(host="localhost"), ca_file=authority[1]))

    assert 1 == len(made)
    assert 1 == target.connections


async def test_authorities_do_not_share_connections(
    transport: Transport, start_target: StartTarget, authority: Authority
) -> None:
    """
    A connection trusted under one group's file does not carry a group that would not trust it.
    """
    target = await start_target(tls=serving(authority))
    await transport.send(a_request(target.url(host="localhost"), ca_file=authority[1]))

    with pytest.raises(TlsFailed):
        await transport.send(a_request(target.url(host="localhost")))

    assert 1 == len(target.visits)
